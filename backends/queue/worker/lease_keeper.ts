/**
 * Extends the lease of a message while its handler runs.
 *
 * @module
 */

import type { QueueClock } from "../clock.ts";
import { logger } from "../log.ts";
import type { LeaseOutcome } from "../store.ts";

/** A lease is extended three times before it ends. */
const EXTENSIONS_PER_LEASE = 3;
/** After a failure, as long as the lease may still last. */
const ATTEMPTS_PER_LEASE = 12;

/** A lease, and what happens to it. */
export interface KeptLease {
  readonly id: string;
  readonly leaseMs: number;
  readonly clock: QueueClock;
  extend(): Promise<LeaseOutcome>;
  /** Called once, when somebody else has the message, or nobody any more. */
  onLost(outcome: LeaseOutcome): void;
}

/**
 * Keeps a lease until `stop`. A store that cannot be reached ends no lease: after its return it says whether
 * somebody else has taken the message.
 */
export class LeaseKeeper {
  readonly #lease: KeptLease;
  #cancel: (() => void) | undefined;
  #hasStopped = false;

  constructor(lease: KeptLease) {
    this.#lease = lease;
    this.#extendIn(EXTENSIONS_PER_LEASE);
  }

  /** Lets the lease end. */
  stop(): void {
    this.#hasStopped = true;
    this.#cancel?.();
  }

  #extendIn(part: number): void {
    if (this.#hasStopped) return;
    const delayMs = Math.max(1, Math.floor(this.#lease.leaseMs / part));
    this.#cancel = this.#lease.clock.setTimer(() => void this.#extend(), delayMs);
  }

  async #extend(): Promise<void> {
    try {
      const outcome = await this.#lease.extend();
      if (this.#hasStopped) return;
      if (outcome === "done") return this.#extendIn(EXTENSIONS_PER_LEASE);
      this.stop();
      this.#lease.onLost(outcome);
    } catch (error) {
      logger.warn("lease_not_extended", { messageId: this.#lease.id, error });
      this.#extendIn(ATTEMPTS_PER_LEASE);
    }
  }
}
