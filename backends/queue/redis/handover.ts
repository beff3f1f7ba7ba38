/**
 * Messages for consumers of the process that publishes them. The script that stores a message leases it to one that waits,
 * so that no claim is needed.
 *
 * @module
 */

import { logger } from "../log.ts";
import type { QueueRecord, SettleReservation } from "../store.ts";
import type { QueueClient } from "./client.ts";
import type { ConsumerGroup } from "./consumer_group.ts";
import { HANDED_OVER } from "./scripts/plain.ts";

/** Length of the token of a lease: the end of the message's id, which nobody else has drawn. */
const TOKEN_LENGTH = 12;
/** Stands for the number of a message whose reply was lost. */
const UNKNOWN_SEQUENCE = "?".repeat(16);

/** What a handover needs to know. */
interface HandoverOptions {
  readonly client: QueueClient;
  readonly group: ConsumerGroup;
  readonly partition: number;
  readonly id: string;
  readonly channel: string;
  readonly agent: string;
}

/** A message that is about to be stored, and the place that a consumer has reserved for it, if one waits. */
export class Handover {
  readonly #options: HandoverOptions;
  #settle: SettleReservation | undefined;
  /** An attempt may have leased the message without a reply. */
  #isUncertain = false;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /** The last argument of an attempt that is sent now. Only the first one may lease the message. */
  mark(isRetry: boolean): string {
    if (isRetry) this.#isUncertain = this.#settle !== undefined;
    else this.#settle = this.#options.group.reserve();
    return isRetry || this.#settle === undefined ? "" : HANDED_OVER;
  }

  /** The message is stored, and leased until then. */
  complete(record: QueueRecord, leasedUntilMs: number): void {
    this.#settle?.({
      ...record,
      attempts: 1,
      leasedUntilMs,
      leaseToken: this.#token,
      retryMs: null,
    });
  }

  /** The message is stored without a lease, or there is no room for it. */
  cancel(): void {
    this.#settle?.(undefined);
    if (this.#isUncertain) void this.#release();
  }

  /** It is not known whether the message is stored. */
  fail(): void {
    if (this.#settle === undefined) return;
    this.#settle(undefined);
    void this.#release();
  }

  get #token(): string {
    return this.#options.id.slice(-TOKEN_LENGTH);
  }

  /** Ends a lease of which no reply has told, so that others need not wait for its end. Never rejects. */
  async #release(): Promise<void> {
    const { client, partition, channel, agent, id } = this.#options;
    const args = [channel, agent, `${UNKNOWN_SEQUENCE}${id}`, this.#token];
    try {
      await client.run("release", partition, args);
    } catch (error) {
      logger.debug("release_failed", { channel, agentId: agent, error });
    }
  }
}
