/**
 * Ending something in steps, of which each has to be done.
 *
 * @module
 */

/**
 * Runs all steps in order, even if others throw.
 *
 * @throws what the first failing step threw, once all have run
 */
export function runAll(...steps: readonly (() => void)[]): void {
  let failure: { error: unknown } | undefined;
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}
