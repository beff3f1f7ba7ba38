/**
 * The store of one queue on a journal in shared memory.
 *
 * @module
 */

import type { ResolvedConfig } from "../config.ts";
import type {
  AcknowledgeOutcome,
  DeliveryTarget,
  Failure,
  LeaseOutcome,
  MessageToPut,
  NewMessage,
  PublishOutcome,
  QueueDeadLetter,
  QueueDelivery,
  QueueReceiver,
  QueueRecord,
  QueueStore,
  StoredResult,
  StoredSchedule,
  StoreStats,
} from "../store.ts";
import type { MessageFilters, PurgedState, QueueEvent } from "../types.ts";
import { QueueMember } from "./member.ts";
import type { ShmQueueOptions } from "./options.ts";
import { POLL_MS, Subscriptions } from "./subscriptions.ts";

/** A record may be appended somewhat later than was assumed for the expiry of its message. */
const HOLD_MARGIN_MS = 60_000;

/** The messages of a name in shared memory, with the configuration of one queue. */
export class ShmStore implements QueueStore {
  readonly pollMs = POLL_MS;
  readonly #member: QueueMember;
  readonly #subscriptions: Subscriptions;

  constructor(options: ShmQueueOptions, config: ResolvedConfig) {
    this.#member = new QueueMember(options, config);
    this.#subscriptions = new Subscriptions(this.#member);
  }

  open(): Promise<void> {
    return this.#member.open();
  }

  stopRetrying(): void {}

  close(): Promise<void> {
    return this.#member.close();
  }

  publish(message: NewMessage): Promise<PublishOutcome> {
    const call = { message, id: crypto.randomUUID() };
    return this.#member.write("publish", call, this.#heldUntilMs(message));
  }

  /** When a message has expired. */
  #heldUntilMs({ ttlMs, dueMs, delayMs }: NewMessage): number {
    if (ttlMs === null) return Infinity;
    const nowMs = this.#member.nowMs();
    return Math.max(nowMs + (delayMs ?? 0), dueMs ?? 0) + ttlMs + HOLD_MARGIN_MS;
  }

  put(message: MessageToPut): Promise<void> {
    return this.#member.write("put", { message }, message.expiresMs ?? Infinity);
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    return [this.#subscriptions.receiver({ channel, agent })];
  }

  unsubscribe(channel: string, agent: string): Promise<boolean> {
    return this.#subscriptions.unsubscribe({ channel, agent });
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#member.write("acknowledge", { target, ...result !== undefined && { result } });
  }

  pending(agent: string, channel: string | undefined, limit: number): Promise<QueueDelivery[]> {
    return this.#member.read((space) => space.pending(agent, channel, limit));
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]> {
    return this.#member.read((space) => space.deadLetters(agent, channel, limit));
  }

  extend(target: DeliveryTarget, leaseMs: number | undefined): Promise<LeaseOutcome> {
    return this.#member.write("extend", { target, ...leaseMs !== undefined && { leaseMs } });
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): Promise<LeaseOutcome> {
    return this.#member.write("giveBack", { target, delayMs, failure });
  }

  reject(target: DeliveryTarget, failure: Failure): Promise<LeaseOutcome> {
    return this.#member.write("reject", { target, failure });
  }

  progress(target: DeliveryTarget, value: string): Promise<LeaseOutcome> {
    return this.#member.write("progress", { target, value });
  }

  result(id: string): Promise<StoredResult | undefined> {
    return this.#member.read((space) => space.result(id));
  }

  delayed(channel: string | undefined, limit: number): Promise<QueueRecord[]> {
    return this.#member.read((space) => space.delayed(channel, limit));
  }

  setPaused(channel: string, isPaused: boolean): Promise<void> {
    return this.#member.write("setPaused", { channel, isPaused });
  }

  channels(): Promise<string[]> {
    return this.#member.read((space) => space.channels());
  }

  stats(channel: string): Promise<StoreStats> {
    return this.#member.read((space) => space.stats(channel));
  }

  purge(channel: string, states: readonly PurgedState[]): Promise<number> {
    return this.#member.write("purge", { channel, states });
  }

  listenToEvents(onEvent: (event: QueueEvent) => void): Promise<() => void> {
    return this.#member.read(() => this.#member.listenToEvents(onEvent));
  }

  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): Promise<boolean> {
    return this.#member.write("putSchedule", {
      schedule,
      ...replacedMs !== undefined && { replacedMs },
    });
  }

  removeSchedule(key: string): Promise<boolean> {
    return this.#member.write("removeSchedule", { key });
  }

  schedules(): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    return this.#member.read((space) => space.schedules());
  }

  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
  ): Promise<boolean> {
    return this.#member.write("fire", { key, dueMs, nextMs, message, id: crypto.randomUUID() });
  }

  requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#member.write("requeue", agent === undefined ? { id } : { id, agent });
  }

  get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return this.#member.read((space) => space.get(id, agent));
  }

  delete(id: string): Promise<boolean> {
    return this.#member.write("delete", { id });
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return this.#member.read((space) => space.list(filters, limit, offset, agent));
  }

  count(filters: MessageFilters): Promise<number> {
    return this.#member.read((space) => space.count(filters));
  }

  clear(): Promise<number> {
    return this.#member.write("clear", {});
  }
}
