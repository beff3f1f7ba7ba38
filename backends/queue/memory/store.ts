/**
 * The store of one queue on a namespace in memory.
 *
 * @module
 */

import { inTurn } from "../../../lib/base/turn.ts";
import type { ResolvedConfig } from "../config.ts";
import { QueueError } from "../errors.ts";
import type {
  AcknowledgeOutcome,
  DeliveryTarget,
  MessageToPut,
  NewMessage,
  PublishOutcome,
  QueueDeadLetter,
  QueueDelivery,
  QueueReceiver,
  QueueRecord,
  QueueStore,
} from "../store.ts";
import type { MessageFilters } from "../types.ts";
import type { MemorySpace } from "./space.ts";

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

  publish(message: NewMessage): Promise<PublishOutcome> {
    const id = crypto.randomUUID();
    return inTurn(() => this.#space.publish(message, id, this.#config));
  }

  put(message: MessageToPut): Promise<void> {
    return inTurn(() => this.#space.put(message, this.#config));
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    const space = this.#space;
    return [{
      register: (from) => inTurn(() => space.register(channel, agent, from)),
      claim: (limit, reported) =>
        inTurn(() => space.claim(channel, agent, limit, reported, this.#config)),
      release: (claimed) => inTurn(() => space.release(agent, claimed)),
      listen: (onWakeup) => inTurn(() => space.listen(channel, agent, onWakeup)),
    }];
  }

  unsubscribe(channel: string, agent: string): Promise<boolean> {
    const space = this.#space;
    return inTurn(() => space.unsubscribe(channel, agent, space.hasListeners(channel, agent)));
  }

  acknowledge({ id, agent }: DeliveryTarget): Promise<AcknowledgeOutcome> {
    return inTurn(() => this.#space.acknowledge(id, agent));
  }

  pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return inTurn(() => this.#space.pending(agent, channel, limit, this.#config.maxAttempts));
  }

  deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDeadLetter[]> {
    return inTurn(() => this.#space.deadLetters(agent, channel, limit, this.#config.maxAttempts));
  }

  extend(): Promise<never> {
    return missing("extend()");
  }

  giveBack(): Promise<never> {
    return missing("release()");
  }

  reject(): Promise<never> {
    return missing("reject()");
  }

  progress(): Promise<never> {
    return missing("progress()");
  }

  result(): Promise<never> {
    return missing("publishAndWait()");
  }

  delayed(): Promise<never> {
    return missing("getDelayed()");
  }

  setPaused(): Promise<never> {
    return missing("pause()");
  }

  channels(): Promise<never> {
    return missing("channels()");
  }

  stats(): Promise<never> {
    return missing("stats()");
  }

  purge(): Promise<never> {
    return missing("purge()");
  }

  listenToEvents(): Promise<never> {
    return missing("events()");
  }

  putSchedule(): Promise<never> {
    return missing("schedule()");
  }

  removeSchedule(): Promise<never> {
    return missing("unschedule()");
  }

  schedules(): Promise<never> {
    return missing("schedules()");
  }

  fire(): Promise<never> {
    return missing("fire()");
  }

  requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return inTurn(() => this.#space.requeue(id, agent, this.#config.maxAttempts));
  }

  get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return inTurn(() => this.#space.get(id, agent));
  }

  delete(id: string): Promise<boolean> {
    return inTurn(() => this.#space.delete(id));
  }

  list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return inTurn(() => this.#space.list(filters, limit, offset, agent));
  }

  count(filters: MessageFilters): Promise<number> {
    return inTurn(() => this.#space.count(filters));
  }

  clear(): Promise<number> {
    return inTurn(() => this.#space.clear());
  }
}

function missing(call: string): Promise<never> {
  return Promise.reject(new QueueError(`${call} is not implemented in memory yet`));
}
