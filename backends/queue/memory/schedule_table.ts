/**
 * The schedules of a namespace.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import type { StoredSchedule } from "../store.ts";

/** Schedules by key. */
export class ScheduleTable {
  readonly #schedules = new TextMap<StoredSchedule>();

  /** Number of schedules. */
  get size(): number {
    return this.#schedules.size;
  }

  /** Stores a schedule in place of the one whose next time is `replacedMs`. False if there is another one. */
  put(schedule: StoredSchedule, replacedMs: number | null | undefined): boolean {
    if (this.#schedules.get(schedule.key)?.nextMs !== replacedMs) return false;
    this.restore(schedule);
    return true;
  }

  /** Stores a schedule. */
  restore(schedule: StoredSchedule): void {
    this.#schedules.set(schedule.key, schedule);
  }

  /** Removes a schedule. False if there was none. */
  remove(key: string): boolean {
    return this.#schedules.delete(key);
  }

  /** Sets the next time of a schedule that is due, and counts its messages. False if its time is another one. */
  advance(key: string, dueMs: number, nextMs: number | null, messages: 0 | 1): boolean {
    const schedule = this.#schedules.get(key);
    if (schedule?.nextMs !== dueMs) return false;
    this.restore({ ...schedule, nextMs, count: schedule.count + messages });
    return true;
  }

  /** All schedules, by key. */
  all(): StoredSchedule[] {
    return [...this.#schedules.values()].sort((a, b) => a.key < b.key ? -1 : 1);
  }
}
