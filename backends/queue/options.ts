/**
 * The options of the methods of a queue.
 *
 * @module
 */

import {
  abortSignal,
  anyValue,
  callback,
  flag,
  nullable,
  object,
  oneOf,
  optionsOf,
  seconds,
  text,
  wholeNumber,
} from "../../lib/base/option_checks.ts";
import { type OptionCheck, type OptionChecks, OptionRules } from "../../lib/base/option_rules.ts";
import { formatValue } from "../../lib/base/options.ts";
import { MAX_TIMER_MS } from "../../lib/base/timer.ts";
import { checkDate, checkName } from "./checks.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  BackoffPolicy,
  DeadLetter,
  DeliveryRecord,
  EventOptions,
  ExtendOptions,
  ListOptions,
  MessageFilters,
  PendingOptions,
  PublishedRecord,
  PublishOptions,
  PurgedState,
  PurgeOptions,
  RateLimit,
  RejectOptions,
  ReleaseOptions,
  SubscribeOptions,
  TargetOptions,
} from "./types.ts";

/** Most messages of one claim: more would keep other clients of the server waiting. */
const MAX_PREFETCH = 1000;

/** A priority. */
export const checkPriority: OptionCheck<number> = wholeNumber(Number.MIN_SAFE_INTEGER);
/** Seconds until something is due. 0 is at once. */
export const delaySeconds: OptionCheck<number> = (name, value) => {
  if (typeof value === "number" && value >= 0 && value * 1000 <= Number.MAX_SAFE_INTEGER) {
    return value;
  }
  throw new RangeError(
    `${name} must be a number of seconds, at least 0, not ${formatValue(value)}`,
  );
};
const leaseSeconds = seconds(MAX_TIMER_MS);
const BACKOFF = new OptionRules<BackoffPolicy>("backoff", {
  type: oneOf("fixed", "exponential"),
  seconds: delaySeconds,
  maxSeconds: delaySeconds,
  jitter: part,
});
const RATE_LIMIT = new OptionRules<RateLimit>("limiter", {
  max: wholeNumber(1),
  seconds: seconds(MAX_TIMER_MS),
});
const AGENT: OptionChecks<AgentView & TargetOptions> = { agentId: checkName };
const PENDING: OptionChecks<PendingOptions> = { channel: checkName, limit: wholeNumber(0) };
const FILTERS: OptionChecks<MessageFilters> = {
  channel: checkName,
  sourceAgent: checkName,
  targetAgent: nullable(checkName),
  acknowledged: flag,
};

export const PUBLISH_OPTIONS = new OptionRules<PublishOptions>("publish()", {
  channel: checkName,
  payload: anyValue,
  sourceAgent: checkName,
  targetAgent: nullable(checkName),
  priority: checkPriority,
  ttlSeconds: nullable(seconds()),
  metadata: object,
  deliverAt: checkDate,
  delaySeconds,
  maxAttempts: wholeNumber(1),
  leaseSeconds,
  backoff: backoffPolicy,
  orderingKey: checkName,
  deduplicationId: checkName,
  deduplicationSeconds: seconds(),
  resultSeconds: seconds(),
});
export const SUBSCRIBE_OPTIONS = new OptionRules<SubscribeOptions>("subscribe()", {
  signal: abortSignal,
  prefetch: wholeNumber(1, MAX_PREFETCH),
  from: oneOf("now", "oldest"),
  limiter: rateLimit,
  onGap: callback,
});
/** A record that a queue returned may be put again. */
export const RECORD_FIELDS = new OptionRules<DeliveryRecord & PublishedRecord & DeadLetter>(
  "put()",
  {
    id: checkName,
    createdAt: checkDate,
    updatedAt: checkDate,
    metadata: object,
    sourceAgent: checkName,
    targetAgent: nullable(checkName),
    channel: checkName,
    payload: anyValue,
    priority: checkPriority,
    acknowledged: flag,
    expiresAt: nullable(checkDate),
    agentId: checkName,
    attempts: anyValue,
    leasedUntil: anyValue,
    leaseToken: nullable(checkName),
    deliverAt: checkDate,
    orderingKey: checkName,
    deduplicationId: checkName,
    maxAttempts: wholeNumber(1),
    leaseSeconds,
    backoff: backoffPolicy,
    // Of a published record and of a dead letter.
    isNew: anyValue,
    reason: anyValue,
    error: anyValue,
    diedAt: anyValue,
  },
);
export const ACKNOWLEDGE_OPTIONS = new OptionRules<AcknowledgeOptions>("acknowledge()", {
  ...AGENT,
  result: anyValue,
});
export const EXTEND_OPTIONS = new OptionRules<ExtendOptions>("extend()", {
  seconds: leaseSeconds,
  ...AGENT,
});
export const RELEASE_OPTIONS = new OptionRules<ReleaseOptions>("release()", {
  delaySeconds,
  reason: text,
  error: text,
  ...AGENT,
});
export const REJECT_OPTIONS = new OptionRules<RejectOptions>("reject()", { error: text, ...AGENT });
export const REQUEUE_OPTIONS = new OptionRules<TargetOptions>("requeue()", AGENT);
export const PURGE_OPTIONS = new OptionRules<PurgeOptions>("purge()", { states: purgedStates });
export const EVENT_OPTIONS = new OptionRules<EventOptions>("events()", {
  channel: checkName,
  signal: abortSignal,
});
export const GET_OPTIONS = new OptionRules<AgentView>("get()", AGENT);
export const GET_MANY_OPTIONS = new OptionRules<AgentView>("getMany()", AGENT);
export const PENDING_OPTIONS = new OptionRules<PendingOptions>(
  "getPending()",
  PENDING,
);
export const DEAD_LETTER_OPTIONS = new OptionRules<PendingOptions>(
  "getDeadLetters()",
  PENDING,
);
export const DELAYED_OPTIONS = new OptionRules<PendingOptions>("getDelayed()", PENDING);
export const LIST_OPTIONS = new OptionRules<ListOptions>("list()", {
  limit: wholeNumber(0),
  offset: wholeNumber(0),
  filters: optionsOf(new OptionRules<MessageFilters>("list({ filters })", FILTERS)),
  ...AGENT,
});
export const COUNT_FILTERS = new OptionRules<MessageFilters>("count()", FILTERS);

/** How long attempts wait for each other. */
export function backoffPolicy(name: string, value: unknown): BackoffPolicy {
  const policy = value as BackoffPolicy;
  BACKOFF.require(policy);
  oneOf("fixed", "exponential")(`type of ${name}`, policy.type);
  delaySeconds(`seconds of ${name}`, policy.seconds);
  return policy;
}

/** Most messages in a time. */
export function rateLimit(name: string, value: unknown): RateLimit {
  const limit = value as RateLimit;
  RATE_LIMIT.require(limit);
  wholeNumber(1)(`max of ${name}`, limit.max);
  seconds(MAX_TIMER_MS)(`seconds of ${name}`, limit.seconds);
  return limit;
}

/** A part of a whole. */
function part(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new RangeError(`${name} must be a number from 0 to 1, not ${formatValue(value)}`);
}

function purgedStates(name: string, value: unknown): PurgedState[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} must be an array of states, not ${formatValue(value)}`);
  }
  return value.map((state) =>
    oneOf("waiting", "delayed", "dead", "done")(`a state of ${name}`, state)
  );
}
