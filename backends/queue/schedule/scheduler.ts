/**
 * Publishes the messages of schedules when they are due. Every process that has the queue open does so. The
 * store lets one of them publish for each due time.
 *
 * @module
 */

import { Backoff, type BackoffOptions } from "../../../lib/base/retry.ts";
import { takeTurn } from "../../../lib/base/turn.ts";
import type { QueueClock } from "../clock.ts";
import { logger } from "../log.ts";
import type { NewMessage, QueueStore, StoredSchedule } from "../store.ts";
import type { StoredRule } from "./rule.ts";
import { scheduledMessage, storedRule } from "./schedules.ts";
import { timeAfter } from "./times.ts";

/** Until the first look. A program that only publishes has ended by then. */
const FIRST_LOOK_MS = 500;
/** Between two looks for the schedules of other processes. */
const POLL_MS = 30_000;
/** For which another process that runs may still publish what was missed by this one. */
const MISSED_GRACE_MS = 1000;
/** Longest wait after another process was faster. */
const MAX_RIVAL_MS = 100;
const BACKOFF: BackoffOptions = { initialMs: 200, maxMs: 10_000 };

/** What becomes of a due time. Without a message it is skipped. */
interface Step {
  readonly nextMs: number | null;
  readonly message: NewMessage | null;
}

/** What a scheduler needs to know of its queue. */
export interface SchedulerHost {
  readonly store: QueueStore;
  readonly clock: QueueClock;
  readonly ttlMs: number | null;
}

/** Fires the schedules of a queue. */
export class Scheduler {
  readonly #host: SchedulerHost;
  #running: Promise<void> | undefined;
  #hasStopped = false;
  #wake: (() => void) | undefined;
  /** By the clock of the store. */
  #startedMs: number | undefined;
  /** Whether this process has set a schedule: its timers then keep the process alive. */
  #isNeeded = false;
  #isWoken = false;

  constructor(host: SchedulerHost) {
    this.#host = host;
  }

  /** Begins to look for schedules. A second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks at once, because this process has set a schedule. */
  wake(): void {
    this.#isNeeded = true;
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Ends the scheduler, after the call of the store that it waits for. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#wake?.();
    await this.#running;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const backoff = new Backoff(BACKOFF);
    let delayMs = FIRST_LOOK_MS;
    for (;;) {
      if (delayMs > 0) await this.#sleep(delayMs);
      else await takeTurn();
      if (this.#hasStopped) return;
      try {
        delayMs = await this.#look();
        backoff.reset();
      } catch (error) {
        if (this.#hasStopped) return;
        logger.warn("scheduler_interrupted", { error });
        delayMs = backoff.next();
      }
    }
  }

  async #sleep(delayMs: number): Promise<void> {
    if (!this.#isWoken && !this.#hasStopped) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const cancel = this.#host.clock.setTimer(resolve, Math.ceil(delayMs), !this.#isNeeded);
      await promise;
      this.#wake = undefined;
      cancel();
    }
    this.#isWoken = false;
  }

  /** Fires each schedule that is due once. Returns the milliseconds until the next look. */
  async #look(): Promise<number> {
    const { nowMs, schedules } = await this.#host.store.schedules();
    this.#startedMs ??= nowMs;
    let delayMs = POLL_MS;
    for (const schedule of schedules) {
      if (this.#hasStopped) break;
      delayMs = Math.min(delayMs, await this.#fire(schedule, nowMs));
    }
    return delayMs;
  }

  /** Returns the milliseconds until the schedule may be due again. */
  async #fire(schedule: StoredSchedule, nowMs: number): Promise<number> {
    const { key, nextMs: dueMs } = schedule;
    if (dueMs === null) return POLL_MS;
    if (dueMs > nowMs) return dueMs - nowMs;
    const step = await this.#stepOf(schedule, dueMs, nowMs);
    if (typeof step === "number") return step;
    if (!await this.#host.store.fire(key, dueMs, step.nextMs, step.message)) {
      return Math.random() * MAX_RIVAL_MS;
    }
    logger.debug("schedule_fired", { key, dueMs, nextMs: step.nextMs });
    return 0;
  }

  /** A schedule that cannot be read does not stop the others. */
  async #stepOf(schedule: StoredSchedule, dueMs: number, nowMs: number): Promise<Step | number> {
    try {
      const rule = storedRule(schedule);
      const startedMs = this.#startedMs!;
      if (rule.catchUp !== false || dueMs >= startedMs) {
        return await this.#publishing(schedule, rule, dueMs);
      }
      const graceMs = startedMs + MISSED_GRACE_MS - nowMs;
      if (graceMs > 0) return graceMs;
      return { nextMs: await timeAfter(rule, startedMs - 1), message: null };
    } catch (error) {
      logger.error("schedule_failed", { key: schedule.key, error });
      return POLL_MS;
    }
  }

  async #publishing(schedule: StoredSchedule, rule: StoredRule, dueMs: number): Promise<Step> {
    const { limit = Infinity } = rule;
    return {
      nextMs: schedule.count + 1 >= limit ? null : await timeAfter(rule, dueMs),
      message: scheduledMessage(schedule, dueMs, this.#host.ttlMs),
    };
  }
}
