/**
 * `deno task fuzz:redis`: compares the server with a real `redis-server`. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { withServers } from "./servers.ts";
import { runDifferential } from "./differential.ts";
import { TEMPLATES } from "./templates.ts";

const USAGE = `deno task fuzz:redis [--seed N] [--commands N] [--types A,B]

  --seed N      decides the commands (default: chosen at random, and printed)
  --commands N  how many to send to both servers (default 200000)
  --types A,B   of these types: ${Object.keys(TEMPLATES).join(", ")} (default: all)`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string" },
      commands: { type: "string", default: "200000" },
      types: { type: "string", default: Object.keys(TEMPLATES).join(",") },
      help: { type: "boolean", default: false },
    },
  })
);

function whole(name: "seed" | "commands", text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return wrongOption(`--${name} must be a whole number, at least 0, not ${text}`);
}

function typesOf(text: string): string[] {
  const types = text.split(",");
  const wrong = types.find((type) => !(type in TEMPLATES));
  if (wrong === undefined) return types;
  return wrongOption(`--types takes ${Object.keys(TEMPLATES).join(", ")}, not ${wrong}`);
}

if (values.help) console.log(USAGE);
else {
  const seed = values.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1
    : whole("seed", values.seed);
  const commands = whole("commands", values.commands);
  const types = typesOf(values.types);
  console.log(`seed ${seed}`);
  await withServers(async (pair) => {
    const startMs = performance.now();
    const result = await runDifferential(pair, { types, commands, seed });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${result.commands} commands in ${result.sequences} sequences agree, ${seconds} s`);
  });
}
