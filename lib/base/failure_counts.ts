/**
 * Counts of failures that came after the operation they belong to had succeeded. They are no errors of
 * that operation, so they must be readable elsewhere.
 *
 * @module
 */

import { checkNoMore } from "./checks.ts";

/**
 * What can fail after an operation has succeeded: waking another isolate, the work on a journal after a
 * record was appended, a notification by Redis, the removal of what is left of a message elsewhere, a callback of the program, its instrumentation, its
 * filters of the log.
 */
export type StepAfterCommit =
  | "wake"
  | "journal"
  | "notify"
  | "removal"
  | "callback"
  | "instrumentation"
  | "log";

const counts: Record<StepAfterCommit, number> = {
  wake: 0,
  journal: 0,
  notify: 0,
  removal: 0,
  callback: 0,
  instrumentation: 0,
  log: 0,
};

/** Counts failures of a step. */
export function countFailures(step: StepAfterCommit, failures = 1): void {
  counts[step] += failures;
}

/**
 * How often each step failed in this isolate after its operation had succeeded. Such a failure is logged,
 * and is no error of the operation: what was sent is sent.
 *
 * - `wake`: another isolate could not be woken, such as without a free descriptor. It is tried again.
 * - `journal`: a journal could not be compacted, or its other members not woken.
 * - `notify`: Redis could not publish a notification; subscriptions find the message when they poll.
 * - `removal`: a copy of a message in another partition could not be removed. It is tried again.
 * - `callback`: an `onGap`, `onHandlerError` or `onRequest` of the program threw.
 * - `instrumentation`: the option `instrumentation` threw.
 * - `log`: a filter of the program's log threw.
 *
 * @example
 * ```ts
 * import { failuresAfterCommit } from "@ringbus/ringbus";
 *
 * console.log(failuresAfterCommit().wake); // 0
 * ```
 */
export function failuresAfterCommit(): Readonly<Record<StepAfterCommit, number>> {
  checkNoMore("failuresAfterCommit()", arguments, 0);
  return { ...counts };
}
