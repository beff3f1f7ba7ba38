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
  positiveMs,
  seconds,
  wholeNumber,
} from "../../lib/base/option_checks.ts";
import { type OptionCheck, type OptionChecks, OptionRules } from "../../lib/base/option_rules.ts";
import { checkDate, checkName } from "./checks.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  DeliveryRecord,
  InitializeOptions,
  ListOptions,
  MessageFilters,
  PendingOptions,
  PublishOptions,
  SubscribeOptions,
} from "./types.ts";

/** Most messages of one claim: more would keep other clients of the server waiting. */
const MAX_PREFETCH = 1000;

/** A priority. */
export const checkPriority: OptionCheck<number> = wholeNumber(Number.MIN_SAFE_INTEGER);
const AGENT: OptionChecks<AgentView> = { agentId: checkName };
const PENDING: OptionChecks<PendingOptions> = { channel: checkName, limit: wholeNumber(0) };
const FILTERS: OptionChecks<MessageFilters> = {
  channel: checkName,
  sourceAgent: checkName,
  targetAgent: nullable(checkName),
  acknowledged: flag,
};

export const INITIALIZE_OPTIONS = new OptionRules<InitializeOptions>("initialize()", {
  timeoutMs: positiveMs,
});
export const PUBLISH_OPTIONS = new OptionRules<PublishOptions>("publish()", {
  channel: checkName,
  payload: anyValue,
  sourceAgent: checkName,
  targetAgent: nullable(checkName),
  priority: checkPriority,
  ttlSeconds: nullable(seconds()),
  metadata: object,
});
export const SUBSCRIBE_OPTIONS = new OptionRules<SubscribeOptions>("subscribe()", {
  signal: abortSignal,
  prefetch: wholeNumber(1, MAX_PREFETCH),
  from: oneOf("now", "oldest"),
  onGap: callback,
});
/** A record that a queue returned may be put again. */
export const RECORD_FIELDS = new OptionRules<DeliveryRecord>("put()", {
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
});
export const ACKNOWLEDGE_OPTIONS = new OptionRules<AcknowledgeOptions>(
  "acknowledge()",
  AGENT,
);
export const REQUEUE_OPTIONS = new OptionRules<AcknowledgeOptions>("requeue()", AGENT);
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
export const LIST_OPTIONS = new OptionRules<ListOptions>("list()", {
  limit: wholeNumber(0),
  offset: wholeNumber(0),
  filters: optionsOf(new OptionRules<MessageFilters>("list({ filters })", FILTERS)),
  ...AGENT,
});
export const COUNT_FILTERS = new OptionRules<MessageFilters>("count()", FILTERS);
