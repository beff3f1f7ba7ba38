/**
 * `deno task fuzz:redis`: compares the server with a real `redis-server`. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { withServers } from "./servers.ts";
import { runDifferential } from "./differential.ts";
import { TEMPLATES } from "./templates.ts";

const USAGE = `deno task fuzz:redis [--seed N] [--commands N] [--types A,B]

  --seed N      decides the commands (default: chosen at random, and printed)
  --commands N  how many to send to both servers (default 200000)
  --types A,B   of these types: ${Object.keys(TEMPLATES).join(", ")} (default: all)`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seed: { type: "string" },
    commands: { type: "string", default: "200000" },
    types: { type: "string", default: Object.keys(TEMPLATES).join(",") },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(USAGE);
else {
  const seed = values.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1
    : Number(values.seed);
  console.log(`seed ${seed}`);
  await withServers(async (pair) => {
    const startMs = performance.now();
    const types = values.types.split(",");
    const result = await runDifferential(pair, { types, commands: Number(values.commands), seed });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${result.commands} commands in ${result.sequences} sequences agree, ${seconds} s`);
  });
}
