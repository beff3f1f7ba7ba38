/**
 * The calls that set, list and remove schedules.
 *
 * @module
 */

import { object } from "../../../lib/base/option_checks.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { QueueError } from "../errors.ts";
import { fromJson, toJson, toNewMessage } from "../records.ts";
import type { NewMessage, QueueStore, StoredSchedule } from "../store.ts";
import type { PublishOptions, ScheduleRecord, ScheduleRule } from "../types.ts";
import { isSameRule, type StoredRule, toRule, toStoredRule } from "./rule.ts";
import { timeAfter } from "./times.ts";

/** Attempts to replace a schedule that other processes fire or change. */
const MAX_ATTEMPTS = 20;

/** Sets a schedule. One with the same rule goes on where it is. */
export async function putSchedule(
  store: QueueStore,
  key: string,
  rule: ScheduleRule,
  message: PublishOptions,
): Promise<ScheduleRecord> {
  const given = toStoredRule(rule);
  const text = toMessageText(message);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { nowMs, schedules } = await store.schedules();
    const old = schedules.find((schedule) => schedule.key === key);
    const next = await scheduleOf(key, given, text, old, nowMs);
    if (next === old) return toScheduleRecord(next);
    const replacedMs = old === undefined ? undefined : old.nextMs;
    if (await store.putSchedule(next, replacedMs)) return toScheduleRecord(next);
  }
  throw new QueueError(
    `cannot set schedule ${formatValue(key)}: other processes change it all the time; try again`,
  );
}

async function scheduleOf(
  key: string,
  given: StoredRule,
  message: string,
  old: StoredSchedule | undefined,
  nowMs: number,
): Promise<StoredSchedule> {
  if (old !== undefined && isSameRule(storedRule(old), given)) {
    return old.message === message ? old : { ...old, message };
  }
  const isAnchored = given.everyMs === undefined || given.startMs !== undefined;
  const rule: StoredRule = isAnchored ? given : { ...given, anchorMs: nowMs };
  const nextMs = await timeAfter(rule, nowMs);
  if (nextMs === null) {
    throw new RangeError(
      `cannot set schedule ${formatValue(key)}: no time from now on fits ${JSON.stringify(given)}`,
    );
  }
  return { key, rule: toJson("rule", rule), message, nextMs, count: 0 };
}

/** Checks the message of a schedule. It is published later, so that its own times are relative. */
function toMessageText(message: PublishOptions): string {
  toNewMessage(message, null);
  if (message.deliverAt !== undefined) {
    throw new TypeError(
      `the message of a schedule cannot have deliverAt (given: ${
        formatValue(message.deliverAt)
      }): pass delaySeconds, which counts from each time of the schedule`,
    );
  }
  return toJson("message", message);
}

/** The rule of a stored schedule. */
export function storedRule({ key, rule }: StoredSchedule): StoredRule {
  return fromJson(key, "rule", rule) as StoredRule;
}

/** The message that a schedule publishes at a time. */
export function scheduledMessage(
  { key, message }: StoredSchedule,
  dueMs: number,
  defaultTtlMs: number | null,
): NewMessage {
  const options = fromJson(key, "message", message) as PublishOptions;
  const schedule = { key, dueAt: new Date(dueMs).toISOString() };
  const metadata = { ...object("metadata", options.metadata ?? {}), schedule };
  return toNewMessage({ ...options, metadata }, defaultTtlMs);
}

/** A stored schedule as callers see it. */
export function toScheduleRecord(stored: StoredSchedule): ScheduleRecord {
  return {
    key: stored.key,
    rule: toRule(storedRule(stored)),
    message: fromJson(stored.key, "message", stored.message) as PublishOptions,
    nextAt: stored.nextMs === null ? null : new Date(stored.nextMs),
    count: stored.count,
  };
}
