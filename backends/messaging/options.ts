/**
 * The options of messaging backends and of their methods.
 *
 * @module
 */

import { isTtl, MAX_TTL_SECONDS } from "../../lib/base/checks.ts";
import { callback, flag, nullable, observer } from "../../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../../lib/base/option_rules.ts";
import { formatValue } from "../../lib/base/options.ts";
import type {
  MessagingBackendOptions,
  StoreMessageOptions,
  SubscriptionOptions,
} from "./backend.ts";
import { MessagingRefusedError } from "./errors.ts";

/** The checks of `MessagingBackendOptions`. */
export const BACKEND_CHECKS: OptionChecks<MessagingBackendOptions> = {
  onHandlerError: callback,
  instrumentation: observer,
  strict: flag,
};

export const STORE_OPTIONS = new OptionRules<StoreMessageOptions>("storeMessage()", {
  ttlSeconds: nullable(checkTtl),
  strict: flag,
});
export const SET_OPTIONS = new OptionRules<{ ex?: number }>("set()", { ex: checkTtl });
export const SUBSCRIBE_OPTIONS = new OptionRules<SubscriptionOptions>("subscribe()", {
  onPublished: callback,
});
export const PSUBSCRIBE_OPTIONS = new OptionRules<SubscriptionOptions>("psubscribe()", {
  onPublished: callback,
});

/** Named only where it is exceeded. */
function limit(value: unknown): string {
  return typeof value === "number" && value > 0 ? ` and at most ${MAX_TTL_SECONDS}` : "";
}

function checkTtl(name: string, value: unknown): number {
  const problem = () =>
    `${name} must be a number of seconds, more than 0${limit(value)}, not ${formatValue(value)}`;
  if (typeof value !== "number") throw new TypeError(problem());
  if (isTtl(value)) return value;
  throw new MessagingRefusedError(problem());
}
