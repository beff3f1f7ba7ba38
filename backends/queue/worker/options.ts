/**
 * The options of workers.
 *
 * @module
 */

import { abortSignal, callback, wholeNumber } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { backoffPolicy, delaySeconds, rateLimit } from "../options.ts";
import type { WorkerOptions } from "../types.ts";

export const WORKER_OPTIONS = new OptionRules<WorkerOptions>("worker()", {
  concurrency: wholeNumber(1),
  limiter: rateLimit,
  backoff: policyOrFunction,
  signal: abortSignal,
  graceSeconds: delaySeconds,
  onError: callback,
});

function policyOrFunction(name: string, value: unknown): NonNullable<WorkerOptions["backoff"]> {
  return typeof value === "function"
    ? value as NonNullable<WorkerOptions["backoff"]>
    : backoffPolicy(name, value);
}
