/**
 * Runs the tests with `deno test`, which gets all arguments, and then looks for what they left behind:
 * processes, temporary files, segments. Prints the seed of their samples.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { rerunCommand, runSeed } from "../../tests/support/seed.ts";
import { TEST_FLAGS } from "./flags.ts";
import { RunFolders } from "./folders.ts";
import { adoptOrphans, endDescendants } from "./processes.ts";

const PRELOADED = fileURLToPath(new URL("held.ts", import.meta.url));

/** Runs `deno test`. Returns its exit code. */
async function runTests(env: Record<string, string>): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", ...TEST_FLAGS, `--preload=${PRELOADED}`, ...Deno.args],
    env,
  }).spawn();
  const pass = (signal: Deno.Signal) => () => child.kill(signal);
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) =>
    [signal, pass(signal)] as const
  );
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  const { code } = await child.status;
  for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  return code;
}

const seed = runSeed();
console.error(`The samples have seed ${seed}; to draw them again: ${rerunCommand(seed)}`);
adoptOrphans();
using folders = new RunFolders();
const code = await runTests({ ...folders.env, RINGBUS_TEST_SEED: String(seed) });
const left = [...await endDescendants(), ...folders.leftovers()];
if (left.length > 0) console.error(`The tests left behind:\n  ${left.join("\n  ")}`);
if (code !== 0) console.error(`To draw the same samples: ${rerunCommand(seed)}`);
Deno.exitCode = code !== 0 ? code : left.length > 0 ? 1 : 0;
