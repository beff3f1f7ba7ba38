/**
 * Runs the tests with `deno test`, which gets all arguments, and then looks for what they left behind:
 * processes, temporary files, segments. Prints the seed of their samples. All tests together run in
 * several parts, some of them at the same time.
 *
 * @module
 */

import { rerunCommand, runSeed } from "../../tests/support/seed.ts";
import { RunFolders } from "./folders.ts";
import { Part } from "./part.ts";
import { AT_ONCE, CHECK_ARGS, failuresIn, partsOf, totalLine } from "./parts.ts";
import { PORTS_VARIABLE } from "./ports.ts";
import { ProgressReport } from "./progress.ts";
import { adoptOrphans, endDescendants } from "./processes.ts";
import { runParts } from "./schedule.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const satisfies Deno.Signal[];

/** False if only some tests run: what they take is not known. */
function isWholeRun(parts: readonly Part[]): boolean {
  return parts.length > 1 && !Deno.args.some((arg) => arg.startsWith("--filter"));
}

/** Runs all parts, the types first, and prints them one after the other. Returns the highest exit code. */
async function run(types: Part | undefined, tests: readonly Part[]): Promise<number> {
  const startedMs = performance.now();
  const parts = types === undefined ? tests : [types, ...tests];
  const pass = SIGNALS.map((signal) => () => parts.forEach((part) => part.kill(signal)));
  SIGNALS.forEach((signal, index) => Deno.addSignalListener(signal, pass[index]));
  const report = isWholeRun(tests) ? new ProgressReport(tests, console.error) : undefined;
  const running = runParts(types, tests, AT_ONCE);
  let code = 0;
  for (const part of parts) code = Math.max(code, await part.print());
  await running;
  report?.stop(code === 0);
  SIGNALS.forEach((signal, index) => Deno.removeSignalListener(signal, pass[index]));
  if (tests.length > 1) {
    printTotal(tests.map((part) => part.output), performance.now() - startedMs, code === 0);
  }
  return code;
}

/** The failures of the last part that ran have just been printed. */
function printTotal(outputs: readonly string[], elapsedMs: number, hasSucceeded: boolean): void {
  for (const output of outputs.filter((output) => output !== "").slice(0, -1)) {
    const failures = failuresIn(output);
    if (failures !== undefined) console.log(`\nFrom a part above:\n${failures}`);
  }
  console.log(`\n${totalLine(outputs, elapsedMs, hasSucceeded)}`);
}

const seed = runSeed();
console.error(`The samples have seed ${seed}; to draw them again: ${rerunCommand(seed)}`);
adoptOrphans();
const { tests, areChecked } = partsOf(Deno.args);
using stack = new DisposableStack();
const folders = tests.map((_, index) => stack.use(new RunFolders(index)));
const code = await run(
  areChecked ? new Part(CHECK_ARGS, {}, false) : undefined,
  tests.map((each, index) => {
    const env = {
      ...folders[index].env,
      RINGBUS_TEST_SEED: String(seed),
      [PORTS_VARIABLE]: `${index}/${tests.length}`,
    };
    return new Part(each, env, tests.length === 1);
  }),
);
const left = [...await endDescendants(), ...folders.flatMap((each) => each.leftovers())];
if (left.length > 0) console.error(`The tests left behind:\n  ${left.join("\n  ")}`);
if (code !== 0) console.error(`To draw the same samples: ${rerunCommand(seed)}`);
Deno.exitCode = code !== 0 ? code : left.length > 0 ? 1 : 0;
