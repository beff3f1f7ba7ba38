/**
 * `deno task stress:queue`: runs queues under faults, and checks what has happened. See `--help`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { orEnd, wrongOption } from "../command_line.ts";
import { type Carrier, CARRIERS } from "./carriers.ts";
import { faultsIn, figuresOf } from "./ledger.ts";
import { runFaults } from "./run.ts";

const USAGE = `deno task stress:queue [options]

Publishers, consumers and workers share a queue, each in its own process. They and the servers of the queue
are killed and stopped at random times. Then all messages are settled, and what has happened is checked.

  --carrier NAME  ${Object.keys(CARRIERS).join(", ")} (all)
  --seconds N     seconds with faults on each carrier (60)
  --seed N        repeat the run with this seed
  --help          print this help`;

const { values } = orEnd(() =>
  parseArgs({
    args: Deno.args,
    options: {
      carrier: { type: "string" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(crypto.getRandomValues(new Uint32Array(1))[0]) },
      help: { type: "boolean", default: false },
    },
  })
);

function positive(name: "seconds" | "seed"): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  return wrongOption(`--${name} must be a number, more than 0, not ${values[name]}`);
}

/** What runs now. */
let current: Promise<Carrier> | undefined;

const stopping = new AbortController();

/** Ctrl-C leaves no process and no file. */
async function stop(): Promise<void> {
  stopping.abort();
  const carrier = await current?.catch(() => undefined);
  await carrier?.[Symbol.asyncDispose]();
  Deno.exit(130);
}

/** Runs one carrier; false if something was wrong. */
async function run(name: string, seed: number, seconds: number): Promise<boolean> {
  const again = `deno task stress:queue --carrier ${name} --seconds ${seconds} --seed ${seed}`;
  let wrong: string[];
  try {
    current = CARRIERS[name]();
    await using carrier = await current;
    const { ledger, faults } = await runFaults(carrier, { seed, seconds, signal: stopping.signal });
    console.log(`${name}:`);
    for (const [what, count] of Object.entries({ ...faults, ...figuresOf(ledger) })) {
      console.log(`  ${what.padEnd(30)}${count}`);
    }
    wrong = faultsIn(ledger);
  } catch (error) {
    wrong = [error instanceof Error ? error.stack! : String(error)];
  }
  // What fails now does so because it was stopped.
  if (stopping.signal.aborted) await new Promise(() => {});
  for (const text of wrong.slice(0, 50)) console.log(`  WRONG: ${text}`);
  console.log(
    wrong.length === 0 ? "  all checks hold" : `  ${wrong.length} WRONG; again: ${again}`,
  );
  return wrong.length === 0;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const names = values.carrier === undefined ? Object.keys(CARRIERS) : [values.carrier];
  for (const name of names) {
    if (!(name in CARRIERS)) return wrongOption(`--carrier ${name} is none; see --help`);
  }
  const [seed, seconds] = [positive("seed"), positive("seconds")];
  console.log(`seed ${seed}, ${seconds} s on each of ${names.join(", ")}`);
  let failed = 0;
  for (const name of names) if (!(await run(name, seed, seconds))) failed++;
  return failed > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
Deno.exit(await main());
