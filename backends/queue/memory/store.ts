/**
 * The store of one queue on a namespace in memory.
 *
 * @module
 */

import type { ResolvedConfig } from "../config.ts";
import type {
  AcknowledgeOutcome,
  MessageToPut,
  NewMessage,
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

  async publish(message: NewMessage): Promise<QueueRecord> {
    return await this.#space.publish(message, this.#config);
  }

  async put(message: MessageToPut): Promise<void> {
    await this.#space.put(message, this.#config);
  }

  receivers(channel: string, agent: string): QueueReceiver[] {
    const space = this.#space;
    return [{
      register: async (from) => await space.register(channel, agent, from),
      claim: async (limit, reported) =>
        await space.claim(channel, agent, limit, reported, this.#config),
      release: async (claimed) => await space.release(agent, claimed),
      listen: async (onWakeup) => await space.listen(channel, agent, onWakeup),
    }];
  }

  async unsubscribe(channel: string, agent: string): Promise<boolean> {
    return await this.#space.unsubscribe(channel, agent);
  }

  async acknowledge(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#space.acknowledge(id, agent);
  }

  async pending(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return await this.#space.pending(agent, channel, limit, this.#config.maxAttempts);
  }

  async deadLetters(
    agent: string,
    channel: string | undefined,
    limit: number,
  ): Promise<QueueDelivery[]> {
    return await this.#space.deadLetters(agent, channel, limit, this.#config.maxAttempts);
  }

  async requeue(id: string, agent: string | undefined): Promise<AcknowledgeOutcome> {
    return await this.#space.requeue(id, agent, this.#config.maxAttempts);
  }

  async get(id: string, agent: string | undefined): Promise<QueueRecord | undefined> {
    return await this.#space.get(id, agent);
  }

  async delete(id: string): Promise<boolean> {
    return await this.#space.delete(id);
  }

  async list(
    filters: MessageFilters,
    limit: number,
    offset: number,
    agent: string | undefined,
  ): Promise<QueueRecord[]> {
    return await this.#space.list(filters, limit, offset, agent);
  }

  async count(filters: MessageFilters): Promise<number> {
    return await this.#space.count(filters);
  }

  async clear(): Promise<number> {
    return await this.#space.clear();
  }
}
