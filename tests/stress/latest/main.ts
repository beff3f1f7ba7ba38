/**
 * `deno task stress:latest`: runs latest values under faults, and checks what has happened. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { makeScratchDirectory } from "../../support/scratch.ts";
import { runLatest } from "./run.ts";

const USAGE = `deno task stress:latest [options]

Processes set, update, read and watch latest values, and are killed and stopped at random times.

  --kills N       processes that are killed (200)
  --seed N        repeat the run with this seed
  --help          print this help`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      kills: { type: "string", default: "200" },
      seed: { type: "string", default: String(crypto.getRandomValues(new Uint32Array(1))[0]) },
      help: { type: "boolean", default: false },
    },
  })
);

function positive(name: "kills" | "seed"): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  return wrongOption(`--${name} must be a number, more than 0, not ${values[name]}`);
}

if (values.help) {
  console.log(USAGE);
  Deno.exit(0);
}
const [kills, seed] = [positive("kills"), positive("seed")];
const dir = makeScratchDirectory();
const stopping = new AbortController();

/** A process that ends meanwhile may remove its own files. */
function removeDirectory(): void {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return Deno.removeSync(dir, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
    }
  }
}

/** Ctrl-C leaves no process and no file. */
function stop(): void {
  stopping.abort();
  removeDirectory();
  Deno.exit(130);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
console.log(`seed ${seed}, ${kills} kills`);
try {
  const { wrong, ...figures } = await runLatest({ dir, seed, kills, signal: stopping.signal });
  for (const [what, count] of Object.entries(figures)) console.log(`${what.padEnd(12)}${count}`);
  for (const text of wrong.slice(0, 50)) console.log(`WRONG: ${text}`);
  const again = `deno task stress:latest --kills ${kills} --seed ${seed}`;
  console.log(wrong.length === 0 ? "all checks hold" : `${wrong.length} WRONG; again: ${again}`);
  Deno.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  removeDirectory();
}
Deno.exit();
