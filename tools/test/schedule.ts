/**
 * The order in which the parts of a run begin.
 *
 * @module
 */

/** A part, as the schedule sees it. */
export interface ScheduledPart {
  /** Starts it unless it is skipped, and waits for its end. Returns its exit code. */
  run(): Promise<number>;
  /** Does not start it, if it has not started. */
  skip(): void;
}

/**
 * Runs parts, of which some run at once, in the order of their beginnings. The check of the types, if there
 * is one, is the first; if the types are wrong, no more parts begin.
 */
export async function runParts(
  types: ScheduledPart | undefined,
  tests: readonly ScheduledPart[],
  atOnce: number,
): Promise<void> {
  const rest = tests.values();
  const runRest = async () => {
    for (const part of rest) await part.run();
  };
  const checkAndRunRest = async () => {
    if (types !== undefined && await types.run() !== 0) tests.forEach((part) => part.skip());
    await runRest();
  };
  await Promise.all([checkAndRunRest(), ...Array.from({ length: atOnce - 1 }, runRest)]);
}
