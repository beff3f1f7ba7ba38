/**
 * Checks of arguments.
 *
 * @module
 */

import { checkText, type TextRules } from "../../lib/base/checks.ts";
import { formatValue } from "../../lib/base/options.ts";
import type { AcknowledgeOutcome, LeaseOutcome } from "./store.ts";

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

/** Whether a call was carried out. Throws for the bare id of a broadcast. */
export function checkOutcome(
  outcome: AcknowledgeOutcome | LeaseOutcome,
  action: string,
  id: string,
): boolean {
  if (outcome !== "needs agent") return outcome === "acknowledged" || outcome === "done";
  throw new TypeError(
    `cannot ${action} message ${
      formatValue(id)
    } by its bare id: it is a broadcast, and each agent ` +
      `acknowledges for itself; pass { agentId }, or the record from the subscription`,
  );
}
