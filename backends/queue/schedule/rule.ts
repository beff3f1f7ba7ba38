/**
 * The rule of a schedule: its checks, and its form in the store.
 *
 * @module
 */

import { flag, seconds, text, wholeNumber } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { checkDate } from "../checks.ts";
import type { ScheduleRule } from "../types.ts";

/** A rule as the store has it, with times in milliseconds. */
export interface StoredRule {
  readonly cron?: string;
  readonly everyMs?: number;
  readonly timeZone?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly limit?: number;
  readonly catchUp?: boolean;
  /** From when `everyMs` counts, if that is not `startMs`. */
  readonly anchorMs?: number;
}

const CRON_FIELDS = [5, 6];

const RULES = new OptionRules<ScheduleRule>("schedule()", {
  cron: cronText,
  everySeconds: seconds(),
  timeZone,
  startAt: checkDate,
  endAt: checkDate,
  limit: wholeNumber(1),
  catchUp: flag,
});

function cronText(name: string, value: unknown): string {
  const fields = text(name, value).trim().split(/\s+/);
  if (CRON_FIELDS.includes(fields.length)) return fields.join(" ");
  throw new TypeError(
    `${name} must be an expression of five or six fields, such as "0 9 * * 1-5", ` +
      `not ${formatValue(value)}`,
  );
}

function timeZone(name: string, value: unknown): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text(name, value) }).resolvedOptions()
      .timeZone;
  } catch (cause) {
    throw new RangeError(
      `${name} must be the IANA name of a time zone, such as "Europe/Berlin", ` +
        `not ${formatValue(value)}`,
      { cause },
    );
  }
}

/** Checks a rule, and makes the one to store. */
export function toStoredRule(rule: ScheduleRule): StoredRule {
  RULES.require(rule);
  const { cron, everySeconds, timeZone, startAt, endAt, limit, catchUp } = rule;
  if ((cron === undefined) === (everySeconds === undefined)) {
    throw new TypeError(
      `schedule() takes either cron or everySeconds, not ${
        cron === undefined ? "none of them" : "both"
      }`,
    );
  }
  if (timeZone !== undefined && cron === undefined) {
    throw new TypeError("schedule() takes timeZone only with cron; omit it with everySeconds");
  }
  return {
    ...cron !== undefined && { cron: cronText("cron", cron) },
    ...everySeconds !== undefined && { everyMs: Math.round(everySeconds * 1000) },
    ...timeZone !== undefined && { timeZone },
    ...startAt !== undefined && { startMs: startAt.getTime() },
    ...endAt !== undefined && { endMs: endAt.getTime() },
    ...limit !== undefined && { limit },
    ...catchUp !== undefined && { catchUp },
  };
}

/** A stored rule as callers see it. */
export function toRule(stored: StoredRule): ScheduleRule {
  const { cron, everyMs, timeZone, startMs, endMs, limit, catchUp } = stored;
  return {
    ...cron !== undefined && { cron },
    ...everyMs !== undefined && { everySeconds: everyMs / 1000 },
    ...timeZone !== undefined && { timeZone },
    ...startMs !== undefined && { startAt: new Date(startMs) },
    ...endMs !== undefined && { endAt: new Date(endMs) },
    ...limit !== undefined && { limit },
    ...catchUp !== undefined && { catchUp },
  };
}

/** Whether two rules say the same. A schedule that is set again goes on. */
export function isSameRule(a: StoredRule, b: StoredRule): boolean {
  return asText(a) === asText(b);
}

function asText(rule: StoredRule): string {
  const { anchorMs: _, ...given } = rule;
  return JSON.stringify(Object.entries(given).toSorted(([a], [b]) => a < b ? -1 : 1));
}
