/**
 * The leases that consumers of one queue object hold, so that the bare id of a message stands for its lease.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { monotonicNow } from "../../lib/base/clock.ts";
import { checkName } from "./checks.ts";
import type { DeliveryTarget, QueueDelivery } from "./store.ts";
import type { DeliveryRecord, MessageRecord, TargetOptions } from "./types.ts";

/** Milliseconds for which a lease is remembered that nobody settles. */
const REMEMBERED_MS = 3_600_000;
/** Most messages that are remembered. */
const MAX_MESSAGES = 100_000;

interface HeldMessage {
  /** The token of each agent that has been given the message. */
  readonly tokens: TextMap<string>;
  readonly sinceMs: number;
}

/** Leases by message and agent. */
export class HeldLeases {
  readonly #messages = new TextMap<HeldMessage>();
  readonly #now: () => number;

  /** @param now the time in milliseconds */
  constructor(now: () => number = monotonicNow) {
    this.#now = now;
  }

  /** Remembers the lease of a message that is given to a consumer. */
  add({ id, leaseToken }: QueueDelivery, agent: string): void {
    if (leaseToken === null) return;
    const tokens = this.#messages.get(id)?.tokens ?? new TextMap<string>();
    tokens.set(agent, leaseToken);
    // The oldest come first.
    this.#messages.delete(id);
    this.#messages.set(id, { tokens, sinceMs: this.#now() });
    this.#dropOld();
  }

  #dropOld(): void {
    const minMs = this.#now() - REMEMBERED_MS;
    for (const [id, { sinceMs }] of this.#messages) {
      if (sinceMs >= minMs && this.#messages.size <= MAX_MESSAGES) return;
      this.#messages.delete(id);
    }
  }

  /** The delivery that a call is about. */
  targetOf(message: string | MessageRecord, { agentId }: TargetOptions): DeliveryTarget {
    if (typeof message === "string") return this.#find(checkName("id", message), agentId);
    const record = (message ?? {}) as Partial<DeliveryRecord>;
    const id = checkName("id", record.id);
    if (record.agentId === undefined) return this.#find(id, agentId);
    const agent = checkName("agentId", record.agentId);
    if (agentId !== undefined && agentId !== agent) return this.#find(id, agentId);
    if (record.leaseToken === undefined) return this.#find(id, agent);
    if (record.leaseToken === null) return { id, agent, token: undefined };
    return { id, agent, token: checkName("leaseToken", record.leaseToken) };
  }

  #find(id: string, agentId: string | undefined): DeliveryTarget {
    const tokens = this.#messages.get(id)?.tokens;
    const [only, ...others] = tokens?.keys() ?? [];
    const agent = agentId ?? (others.length === 0 ? only : undefined);
    return { id, agent, token: agent === undefined ? undefined : tokens?.get(agent) };
  }

  /** Forgets a lease that has ended. */
  remove({ id, agent, token }: DeliveryTarget): void {
    const tokens = this.#messages.get(id)?.tokens;
    if (tokens === undefined || agent === undefined || tokens.get(agent) !== token) return;
    tokens.delete(agent);
    if (tokens.size === 0) this.#messages.delete(id);
  }
}
