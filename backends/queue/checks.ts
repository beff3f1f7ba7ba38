/**
 * Checks of arguments.
 *
 * @module
 */

import { checkText, type TextRules } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import type { AcknowledgeOutcome } from "./store.ts";
import type { AcknowledgeOptions, DeliveryRecord, MessageRecord } from "./types.ts";

const NAME_RULES: TextRules = { maxLength: 512, forbidden: /\0/, forbiddenName: "NUL" };

/** A channel, an agent or the id of a message. */
export function checkName(name: string, value: unknown): string {
  return checkText(name, value, NAME_RULES);
}

/** A date. */
export function checkDate(name: string, date: unknown): Date {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date;
  throw new TypeError(`${name} must be a valid Date, not ${formatValue(date)}`);
}

/** The id of the message and the agent that a call is about. */
export function acknowledgeArguments(
  message: string | MessageRecord,
  options: AcknowledgeOptions,
): { id: string; agentId: string | undefined } {
  if (typeof message === "string") {
    return { id: checkName("id", message), agentId: options.agentId };
  }
  const { id, agentId } = (message ?? {}) as Partial<DeliveryRecord>;
  if (agentId !== undefined) checkName("agentId", agentId);
  return { id: checkName("id", id), agentId: options.agentId ?? agentId };
}

/** Whether a message is acknowledged. Throws for the bare id of a broadcast. */
export function checkOutcome(outcome: AcknowledgeOutcome, action: string, id: string): boolean {
  if (outcome !== "needs agent") return outcome === "acknowledged";
  throw new TypeError(
    `cannot ${action} message ${
      formatValue(id)
    } by its bare id: it is a broadcast, and each agent ` +
      `acknowledges for itself; pass { agentId }, or the record from the subscription`,
  );
}
