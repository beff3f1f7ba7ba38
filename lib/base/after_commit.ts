/**
 * Steps after the commit point of an operation. The operation has succeeded, whatever they do: what they
 * throw is logged and counted.
 *
 * @module
 */

import { countFailures, type StepAfterCommit } from "./failure_counts.ts";
import { logger } from "./log.ts";

/** Runs a step for whose result no call waits. `what` names it in the log. */
export function afterCommit(step: StepAfterCommit, what: string, run: () => unknown): void {
  try {
    const result = run();
    if (result instanceof Promise) {
      result.catch((error) => reportFailure(step, what, error));
    }
  } catch (error) {
    reportFailure(step, what, error);
  }
}

/** Logs and counts the failure of a step. */
export function reportFailure(step: StepAfterCommit, what: string, error: unknown): void {
  countFailures(step);
  logger.error("{what} failed, after the operation had succeeded: {error}", { what, error });
}
