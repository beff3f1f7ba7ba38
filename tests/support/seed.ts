/**
 * The seed of a run: every random draw of a test follows from it. Each commit has another one, so
 * that the samples change with the code, and a run of the same commit draws them again.
 *
 * @module
 */

import { ROOT } from "./program.ts";

const VARIABLE = "RINGBUS_TEST_SEED";
/** The seed where there is no commit, as in an unpacked archive. */
const SEED_WITHOUT_COMMIT = 1;

let known: number | undefined;

/**
 * The seed: `RINGBUS_TEST_SEED`, otherwise the first 32 bits of the commit's name.
 *
 * @throws {RangeError} if the variable is set to anything but a whole number below 2^32
 */
export function runSeed(): number {
  return known ??= seedOf(Deno.env.get(VARIABLE));
}

/** The seed that a value of the variable stands for; undefined or empty: that of the commit. */
export function seedOf(text: string | undefined): number {
  if (!text) return seedOfCommit();
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new RangeError(
    `${VARIABLE} must be a whole number from 0 to ${2 ** 32 - 1}, not "${text}"`,
  );
}

function seedOfCommit(): number {
  // The repository may belong to another user, as it does in some containers.
  const args = ["-c", "safe.directory=*", "rev-parse", "HEAD"];
  try {
    const { success, stdout } = new Deno.Command("git", { args, cwd: ROOT, stderr: "null" })
      .outputSync();
    if (success) return parseInt(new TextDecoder().decode(stdout).slice(0, 8), 16);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return SEED_WITHOUT_COMMIT;
}

/** What to type to run the tests with a seed again; `file` is the module of one test file. */
export function rerunCommand(seed: number, file?: string): string {
  const path = file?.startsWith(ROOT.href) ? ` ${file.slice(ROOT.href.length)}` : "";
  return `${VARIABLE}=${seed} deno task test${path}`;
}

/**
 * Runs what draws its samples from the run's seed. A failure names the seed, and what to type to draw
 * them again.
 */
export function withSeed<R extends void | Promise<void>>(sample: (seed: number) => R): R {
  const seed = runSeed();
  const explain = (cause: unknown): never => {
    const again = rerunCommand(seed, Deno.mainModule);
    throw new Error(`${(cause as Error).message}\nto draw these samples again: ${again}`, {
      cause,
    });
  };
  try {
    const result = sample(seed);
    return (result instanceof Promise ? result.catch(explain) : result) as R;
  } catch (cause) {
    return explain(cause);
  }
}
