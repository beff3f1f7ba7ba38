/**
 * The store of one queue on a namespace in memory.
 *
 * @module
 */

import { inTurn } from "../../../lib/base/turn.ts";
import type { QueueClock } from "../clock.ts";
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
import { MemorySpace } from "./space.ts";

/** The namespaces of queues that share their messages. */
export interface MemoryContext {
  readonly clock: QueueClock;
  readonly spaces: Map<string, MemorySpace>;
}

/** Makes the store of a queue, on the namespace of its configuration. */
export function makeStore({ clock, spaces }: MemoryContext, config: ResolvedConfig): MemoryStore {
  const name = `${config.redisPrefix} ${config.namespace}`;
  const space = spaces.get(name) ?? new MemorySpace(clock);
  spaces.set(name, space);
  return new MemoryStore(space, config);
}

/** A namespace with the configuration of one queue. */
export class MemoryStore implements QueueStore {
  readonly pollMs = null;
  readonly #space: MemorySpace;
  readonly #config: ResolvedConfig;

  constructor(space: MemorySpace, config: ResolvedConfig) {
    this.#space = space;
    this.#config = config;
  }

  async open(): Promise<void> {}
  stopRetrying(): void {}
  async close(): Promise<void> {}

  /** The result of `work` on the namespace, after all that is due. */
  #run<T>(work: (space: MemorySpace) => T): Promise<T> {
    return inTurn(() => {
      this.#space.sweep();
      return work(this.#space);
    });
  }

  publish(message: NewMessage): Promise<PublishOutcome> {
    return this.#run((space) => space.publish(message, crypto.randomUUID(), this.#config));
  }

  put(message: MessageToPut): Promise<void> {
    return this.#run((space) => space.put(message, this.#config));
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    return [{
      register: (from) => this.#run((space) => space.register(channel, agent, from)),
      claim: (limit, reported, claimant) =>
        this.#run((space) => {
          return space.claim(channel, agent, limit, reported, claimant, this.#config);
        }),
      release: (claimed) => this.#run((space) => space.release(agent, claimed)),
      listen: (onWakeup) => this.#run((space) => space.listen(channel, agent, onWakeup)),
    }];
  }

  unsubscribe(channel: string, agent: string): Promise<boolean> {
    return this.#run((space) => {
      return space.unsubscribe(channel, agent, space.hasListeners(channel, agent));
    });
  }

  acknowledge(target: DeliveryTarget, result: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#run((space) => space.acknowledge(target, result));
  }

  extend(target: DeliveryTarget, leaseMs: number | undefined): Promise<LeaseOutcome> {
    return this.#run((space) => space.extend(target, leaseMs, this.#config));
  }

  giveBack(target: DeliveryTarget, delayMs: number, failure: Failure): Promise<LeaseOutcome> {
    return this.#run((space) => space.giveBack(target, delayMs, failure));
  }

  reject(target: DeliveryTarget, failure: Failure): Promise<LeaseOutcome> {
    return this.#run((space) => space.reject(target, failure));
  }

  progress(target: DeliveryTarget, value: string): Promise<LeaseOutcome> {
    return this.#run((space) => space.progress(target, value));
  }

  result(id: string): Promise<StoredResult | undefined> {
    return this.#run((space) => space.result(id));
  }

  delayed(channel: string | undefined, limit: number): Promise<QueueRecord[]> {
    return this.#run((space) => space.delayed(channel, limit));
  }

  setPaused(channel: string, isPaused: boolean): Promise<void> {
    return this.#run((space) => space.setPaused(channel, isPaused));
  }

  channels(): Promise<string[]> {
    return this.#run((space) => space.channels());
  }

  stats(channel: string): Promise<StoreStats> {
    return this.#run((space) => space.stats(channel));
  }

  purge(channel: string, states: readonly PurgedState[]): Promise<number> {
    return this.#run((space) => space.purge(channel, states));
  }

  listenToEvents(onEvent: (event: QueueEvent) => void): Promise<() => void> {
    return this.#run((space) => space.listenToEvents(onEvent));
  }

  putSchedule(schedule: StoredSchedule, replacedMs: number | null | undefined): Promise<boolean> {
    return this.#run((space) => space.putSchedule(schedule, replacedMs));
  }

  removeSchedule(key: string): Promise<boolean> {
    return this.#run((space) => space.removeSchedule(key));
  }

  schedules(): Promise<{ nowMs: number; schedules: StoredSchedule[] }> {
    return this.#run((space) => space.schedules());
  }

  fire(
    key: string,
    dueMs: number,
    nextMs: number | null,
    message: NewMessage | null,
  ): Promise<boolean> {
    const id = crypto.randomUUID();
    return this.#run((space) => space.fire(key, dueMs, nextMs, message, id, this.#config));
  }

  pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return this.#run((space) => space.pending(agent, channel, limit));
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]> {
    return this.#run((space) => space.deadLetters(agent, channel, limit));
  }

  requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return this.#run((space) => space.requeue(id, agent));
  }

  get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return this.#run((space) => space.get(id, agent));
  }

  delete(id: string): Promise<boolean> {
    return this.#run((space) => space.delete(id));
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return this.#run((space) => space.list(filters, limit, offset, agent));
  }

  count(filters: MessageFilters): Promise<number> {
    return this.#run((space) => space.count(filters));
  }

  clear(): Promise<number> {
    return this.#run((space) => space.clear());
  }
}
