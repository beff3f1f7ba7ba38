/**
 * What an agent receives from one partition of a channel.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import type { ResolvedConfig } from "../config.ts";
import type { Claim, QueueDelivery, QueueReceiver } from "../store.ts";
import { logger } from "../log.ts";
import type { QueueClient } from "./client.ts";
import type { Notifications } from "./notifications.ts";
import { toDelivery } from "./replies.ts";

/** Whose messages a receiver receives, and from where. */
export interface ReceiverOptions {
  readonly partition: number;
  readonly channel: string;
  readonly agent: string;
  /** Whether the broadcasts of the channel are in this partition. */
  readonly hasBroadcasts: boolean;
  /** The Redis channel on which scripts publish wakeups. */
  readonly notifyChannel: string;
}

/** A receiver on Redis. */
export class RedisReceiver implements QueueReceiver {
  readonly #client: QueueClient;
  readonly #notifications: Notifications;
  readonly #config: ResolvedConfig;
  readonly #options: ReceiverOptions;
  /** When the agent was last known to be registered, by the server's clock. Empty before it was. */
  #claimedMs = "";
  /** The agent was not registered any more, and has not got yet what it missed. */
  #isInterrupted = false;

  constructor(
    client: QueueClient,
    notifications: Notifications,
    config: ResolvedConfig,
    options: ReceiverOptions,
  ) {
    this.#client = client;
    this.#notifications = notifications;
    this.#config = config;
    this.#options = options;
  }

  async register(from: "now" | "oldest"): Promise<void> {
    const { partition, channel, agent, hasBroadcasts } = this.#options;
    if (!hasBroadcasts) return;
    const isFromOldest = from === "oldest" ? "1" : "0";
    const args = [channel, agent, isFromOldest];
    for (let more = 1; more === 1;) {
      const reply = await this.#client.runDurably("register", partition, args) as Reply[];
      more = Number(reply[0]);
      this.#claimedMs = String(reply[1]);
    }
  }

  async claim(limit: number, reported: number): Promise<Claim> {
    const { partition, channel, agent } = this.#options;
    const { leaseMs, maxAttempts } = this.#config;
    const operation = crypto.randomUUID();
    const numbers = [limit, leaseMs, maxAttempts, reported].map(String);
    const reply = await this.#client.call({
      script: "claim",
      partition,
      args: (isRetry) => [
        operation,
        isRetry ? "1" : "0",
        channel,
        agent,
        ...numbers,
        this.#claimedMs,
      ],
    });
    const [missed, due, now, hasBacklog, ...found] = reply as Reply[];
    if (hasBacklog === 1) this.#isInterrupted = true;
    else if (this.#claimedMs !== "") this.#claimedMs = String(now);
    const isBehind = this.#isInterrupted;
    if (isBehind) await this.#deliverBacklog();
    return {
      deliveries: found.map(toDelivery),
      missed: Number(missed),
      nextDueMs: isBehind ? 0 : Number(due) < 0 ? null : Number(due),
    };
  }

  /** The agent is registered again: it gets the broadcasts that were published in the meantime. */
  async #deliverBacklog(): Promise<void> {
    const { channel, agent } = this.#options;
    logger.warn("subscription_registered_again", { channel, agentId: agent });
    try {
      await this.register("now");
      this.#isInterrupted = false;
    } catch (error) {
      // The claim has succeeded. The next one continues.
      logger.debug("backlog_interrupted", { channel, agentId: agent, error });
    }
  }

  async release(claimed: readonly QueueDelivery[]): Promise<void> {
    const { partition, channel, agent } = this.#options;
    const members = claimed.flatMap(({ id, sequence, leasedUntilMs }) => [
      `${sequence}${id}`,
      String(leasedUntilMs),
    ]);
    await this.#client.run("release", partition, [channel, agent, ...members]);
  }

  listen(onWakeup: () => void): Promise<() => void> {
    const { agent, notifyChannel } = this.#options;
    return this.#notifications.listen(notifyChannel, (target) => {
      if (target === "" || target === agent) onWakeup();
    });
  }
}
