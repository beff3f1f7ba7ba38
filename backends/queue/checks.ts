/**
 * Checks of arguments.
 *
 * @module
 */

import { checkInteger, checkText, type TextRules } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import type { AcknowledgeOutcome } from "./store.ts";
import type {
  AcknowledgeOptions,
  AgentView,
  DeliveryRecord,
  MessageFilters,
  MessageRecord,
  PendingOptions,
} from "./types.ts";

/** Most messages of one reply, by default. */
const DEFAULT_LIMIT = 100;
const NAME_RULES: TextRules = { maxLength: 512, forbidden: /\0/, forbiddenName: "NUL" };

/** A channel, an agent or the id of a message. */
export function checkName(name: string, value: string): string {
  return checkText(name, value, NAME_RULES);
}

/** A limit, or the default for it. */
export function checkLimit(limit: number | undefined): number {
  return checkInteger("limit", limit ?? DEFAULT_LIMIT, 0);
}

/** Checked filters, without those that are undefined. */
export function checkFilters(filters: MessageFilters = {}): MessageFilters {
  const { channel, sourceAgent, targetAgent, acknowledged, ...others } = filters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new TypeError(
      `cannot filter by ${
        formatValue(unknown)
      }: filters are channel, sourceAgent, targetAgent and ` +
        `acknowledged`,
    );
  }
  if (acknowledged !== undefined && typeof acknowledged !== "boolean") {
    throw new TypeError(
      `the filter acknowledged must be true or false, not ${formatValue(acknowledged)}`,
    );
  }
  return {
    ...(channel !== undefined && { channel: checkName("channel", channel) }),
    ...(sourceAgent !== undefined && { sourceAgent: checkName("sourceAgent", sourceAgent) }),
    ...(targetAgent !== undefined && { targetAgent: checkTarget(targetAgent) }),
    ...(acknowledged !== undefined && { acknowledged }),
  };
}

/** The target of a message, or null. */
export function checkTarget(target: string | null): string | null {
  return target === null ? null : checkName("targetAgent", target);
}

/** A priority. */
export function checkPriority(priority: number): number {
  return checkInteger("priority", priority, Number.MIN_SAFE_INTEGER);
}

/** The metadata of a message. */
export function checkMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw new TypeError(`metadata must be an object, not ${formatValue(metadata)}`);
  }
  return metadata;
}

/** Milliseconds since 1970 of a date. */
export function checkDate(name: string, date: Date): number {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    throw new TypeError(`${name} must be a valid Date, not ${formatValue(date)}`);
  }
  return date.getTime();
}

/** The id of the message and the agent that a call is about. */
export function acknowledgeArguments(
  message: string | MessageRecord,
  options: AcknowledgeOptions,
): { id: string; agentId: string | undefined } {
  const id = checkName("id", typeof message === "string" ? message : message?.id);
  const ofRecord = typeof message === "string" ? undefined : (message as DeliveryRecord).agentId;
  const agentId = options.agentId ?? ofRecord;
  return { id, agentId: agentId === undefined ? undefined : checkName("agentId", agentId) };
}

/** Whether a message is acknowledged. Throws for the bare id of a broadcast. */
export function checkOutcome(outcome: AcknowledgeOutcome, action: string, id: string): boolean {
  if (outcome !== "needs agent") return outcome === "acknowledged";
  throw new TypeError(
    `cannot ${action} message ${
      formatValue(id)
    } by its id alone: it is a broadcast, and each agent ` +
      `acknowledges for itself; pass { agentId }, or the record that the subscription gave`,
  );
}

/** The arguments of a query for the deliveries of an agent. */
export function pendingArguments(
  agentId: string,
  { channel, limit }: PendingOptions,
): [agent: string, channel: string | undefined, limit: number] {
  checkName("agentId", agentId);
  if (channel !== undefined) checkName("channel", channel);
  return [agentId, channel, checkLimit(limit)];
}

/** The agent whose acknowledgement a record shows. */
export function checkView({ agentId }: AgentView): string | undefined {
  return agentId === undefined ? undefined : checkName("agentId", agentId);
}
