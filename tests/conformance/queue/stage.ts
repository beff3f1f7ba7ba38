/**
 * What the conformance tests of message queues need.
 *
 * @module
 */

import type { QueueClock } from "../../../backends/queue/clock.ts";
import type { DeliveryRecord, MessageQueue, QueueConfig, Subscription } from "../../../mod.ts";
import { sleep, within } from "../../support/deadline.ts";

/** The queues and the clock of a test. */
export interface QueueStage {
  /** Opens a queue, which is closed after the test. Queues of one stage share their messages. */
  open(config?: QueueConfig): Promise<MessageQueue>;
  /** Lets time pass for the queue. */
  advance(ms: number): Promise<void>;
}

/** Defines a test under its name. */
export type TestOn = (name: string, body: (stage: QueueStage) => Promise<void>) => void;

/** A lease whose end no test sees before it waits for it, even on a busy machine. */
export const LEASE_SECONDS = 3;
/** Milliseconds after which a lease has ended. */
export const LEASE_OVER_MS = 3100;
/** As `LEASE_SECONDS`, for delays and times to live. */
export const SOON_SECONDS = 3;
/** Milliseconds after which such a time has passed. */
export const SOON_OVER_MS = 3100;

/** A clock that the test advances. */
export class SteppedClock implements QueueClock {
  #nowMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<{ callback: () => void; atMs: number }>();

  now(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { callback, atMs: this.#nowMs + delayMs };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

/** The next message of a subscription, within the deadline. */
export async function nextOf<T>(subscription: Subscription<T>): Promise<DeliveryRecord<T>> {
  const { done, value } = await within(subscription.next(), "the next message");
  if (done) throw new Error("the subscription has ended");
  return value;
}

/** The payloads of the next messages of a subscription, each acknowledged. */
export async function takeFrom(
  queue: MessageQueue,
  subscription: Subscription,
  count: number,
): Promise<unknown[]> {
  const payloads = [];
  for (let i = 0; i < count; i++) {
    const record = await nextOf(subscription);
    payloads.push(record.payload);
    await queue.acknowledge(record);
  }
  return payloads;
}

/** The options of `publish` with defaults for tests. */
export function task(payload: unknown, others: Record<string, unknown> = {}): {
  channel: string;
  sourceAgent: string;
  targetAgent: string | null;
  payload: unknown;
} {
  return { channel: "tasks", sourceAgent: "boss", targetAgent: "worker", payload, ...others };
}

/** The payloads of records. */
export function payloads(records: { payload: unknown }[]): unknown[] {
  return records.map(({ payload }) => payload);
}

/** Whether a promise stays pending for a while. */
export async function neverResolves(promise: Promise<unknown>): Promise<boolean> {
  // The test itself handles a failure in the meantime.
  promise.catch(() => {});
  const late = sleep(60).then(() => true);
  return await Promise.race([promise.then(() => false), late]);
}
