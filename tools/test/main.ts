/**
 * Runs the tests with `deno test`, which gets all arguments, and then looks for what they left behind:
 * processes, temporary files, segments. Prints the seed of their samples. All tests together run in two
 * parts at the same time.
 *
 * @module
 */

import { rerunCommand, runSeed } from "../../tests/support/seed.ts";
import { RunFolders } from "./folders.ts";
import { Part } from "./part.ts";
import { failuresIn, partsOf, totalLine } from "./parts.ts";
import { ProgressReport } from "./progress.ts";
import { adoptOrphans, endDescendants } from "./processes.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const satisfies Deno.Signal[];

/** False if only some tests run: what they take is not known. */
function isWholeRun(parts: readonly Part[]): boolean {
  return parts.length > 1 && !Deno.args.some((arg) => arg.startsWith("--filter"));
}

/** Runs all parts, and prints them one after the other. Returns the highest exit code. */
async function run(parts: readonly Part[]): Promise<number> {
  const startedMs = performance.now();
  const pass = SIGNALS.map((signal) => () => parts.forEach((part) => part.kill(signal)));
  SIGNALS.forEach((signal, index) => Deno.addSignalListener(signal, pass[index]));
  const report = isWholeRun(parts) ? new ProgressReport(parts, console.error) : undefined;
  let code = 0;
  for (const part of parts) code = Math.max(code, await part.print());
  report?.stop(code === 0);
  SIGNALS.forEach((signal, index) => Deno.removeSignalListener(signal, pass[index]));
  if (parts.length > 1) printTotal(parts.map((part) => part.output), performance.now() - startedMs);
  return code;
}

/** The failures of the last part have just been printed. */
function printTotal(outputs: readonly string[], elapsedMs: number): void {
  for (const output of outputs.slice(0, -1)) {
    const failures = failuresIn(output);
    if (failures !== undefined) console.log(`\nFrom the part above:\n${failures}`);
  }
  console.log(`\n${totalLine(outputs, elapsedMs)}`);
}

const seed = runSeed();
console.error(`The samples have seed ${seed}; to draw them again: ${rerunCommand(seed)}`);
adoptOrphans();
const args = partsOf(Deno.args);
using stack = new DisposableStack();
const folders = args.map((_, index) => stack.use(new RunFolders(index)));
const code = await run(
  args.map((each, index) =>
    new Part(each, { ...folders[index].env, RINGBUS_TEST_SEED: String(seed) }, args.length === 1)
  ),
);
const left = [...await endDescendants(), ...folders.flatMap((each) => each.leftovers())];
if (left.length > 0) console.error(`The tests left behind:\n  ${left.join("\n  ")}`);
if (code !== 0) console.error(`To draw the same samples: ${rerunCommand(seed)}`);
Deno.exitCode = code !== 0 ? code : left.length > 0 ? 1 : 0;
