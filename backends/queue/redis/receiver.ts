/**
 * What an agent receives from one partition of a channel.
 *
 * @module
 */

import type { Reply } from "../../redis/connection.ts";
import type {
  AcknowledgeOutcome,
  Claim,
  Claimant,
  DeliveryTarget,
  OnWakeup,
  QueueDelivery,
  QueueReceiver,
  SettleReservation,
} from "../store.ts";
import { logger } from "../log.ts";
import type { QueueClient } from "./client.ts";
import type { ConsumerGroup, GroupMember } from "./consumer_group.ts";
import { toClaimed } from "./replies.ts";

/** Whose messages a receiver receives, and from where. */
export interface ReceiverOptions {
  readonly partition: number;
  readonly channel: string;
  readonly agent: string;
  /** Whether the broadcasts of the channel are in this partition. */
  readonly hasBroadcasts: boolean;
  /** Where messages of the channel are counted for its rate. */
  readonly ratePartition: number;
}

/** A receiver on Redis. */
export class RedisReceiver implements QueueReceiver {
  readonly #client: QueueClient;
  readonly #group: ConsumerGroup;
  #member: GroupMember = { isChosen: false, onWakeup: () => false };
  readonly #options: ReceiverOptions;
  /** When the agent was last known to be registered, by the server's clock. Empty before it was. */
  #claimedMs = "";
  /** The agent was not registered any more, and has not got yet what it missed. */
  #isInterrupted = false;

  constructor(
    client: QueueClient,
    group: ConsumerGroup,
    options: ReceiverOptions,
  ) {
    this.#client = client;
    this.#group = group;
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

  async claim(limit: number, reported: number, claimant: Claimant): Promise<Claim> {
    const { rate } = claimant;
    if (rate === null) {
      const dueMs = reported === 0 ? this.#group.quietMs(this.#member) : undefined;
      if (dueMs !== undefined) return { deliveries: [], missed: 0, nextDueMs: dueMs };
      return await this.#claim(limit, reported, claimant, null);
    }
    const { partition, ratePartition } = this.#options;
    if (partition === ratePartition) return await this.#claim(limit, reported, claimant, rate);
    const [taken, waitMs] = await this.#take(limit, rate);
    const claim = await this.#claim(taken, reported, claimant, null);
    const unused = taken - claim.deliveries.length;
    if (unused > 0) await this.#take(-unused, rate);
    if (waitMs < 0) return claim;
    return { ...claim, nextDueMs: Math.min(claim.nextDueMs ?? Infinity, waitMs) };
  }

  /** Takes some of what the rate of the channel allows. Its count is in another partition. */
  async #take(
    count: number,
    { max, windowMs }: { max: number; windowMs: number },
  ): Promise<[taken: number, waitMs: number]> {
    const { channel, ratePartition } = this.#options;
    const args = [channel, ...[count, max, windowMs].map(String)];
    const reply = await this.#client.run("rate", ratePartition, args) as Reply[];
    return [Number(reply[0]), Number(reply[1])];
  }

  async #claim(
    limit: number,
    reported: number,
    { consumer }: Claimant,
    rate: Claimant["rate"],
  ): Promise<Claim> {
    const args = this.#claimArgs(limit, reported, consumer, rate);
    const endClaim = this.#group.beginClaim(this.#member);
    const { partition } = this.#options;
    const reply = await this.#client.call({ script: "claim", partition, args });
    const claim = await this.#toClaim(reply);
    // A claim within limits says nothing about those without.
    endClaim(claim.deliveries.length === 0 && limit > 0 && rate === null, claim.nextDueMs);
    this.#tellGroup(claim);
    return claim;
  }

  async acknowledgeAndClaim(
    { id, agent, token }: DeliveryTarget,
    result: string | undefined,
    limit: number,
    reported: number,
    { consumer }: Claimant,
  ): Promise<{ outcome: AcknowledgeOutcome; claim: Claim }> {
    const args = this.#claimArgs(limit, reported, consumer, null);
    const endClaim = this.#group.beginClaim(this.#member);
    const settled = [id, agent ?? "", token ?? "", result ?? "null"];
    const [outcome, reply] = await this.#client.call({
      script: "acknowledgeAndClaim",
      partition: this.#options.partition,
      args: (isRetry) => [...settled, ...args(isRetry)],
      isDurable: true,
    }) as Reply[];
    const claim = await this.#toClaim(reply);
    endClaim(claim.deliveries.length === 0, claim.nextDueMs);
    this.#tellGroup(claim);
    return { outcome: outcome as AcknowledgeOutcome, claim };
  }

  /** The arguments of a claim, the same for each attempt but for one. */
  #claimArgs(
    limit: number,
    reported: number,
    consumer: string,
    rate: Claimant["rate"],
  ): (isRetry: boolean) => string[] {
    const { channel, agent, hasBroadcasts } = this.#options;
    const operation = crypto.randomUUID();
    const names = this.#group.namesToNote(this.#member, consumer);
    return (isRetry) => [
      operation,
      isRetry ? "1" : "0",
      channel,
      agent,
      String(limit),
      String(reported),
      this.#claimedMs,
      hasBroadcasts ? names : "",
      ...rate === null ? ["", ""] : [String(rate.max), String(rate.windowMs)],
    ];
  }

  async #toClaim(reply: Reply): Promise<Claim> {
    const [missed, due, now, hasBacklog, ...found] = reply as Reply[];
    if (hasBacklog === 1) this.#isInterrupted = true;
    else if (this.#claimedMs !== "") this.#claimedMs = String(now);
    const isBehind = this.#isInterrupted;
    if (isBehind) await this.#deliverBacklog();
    return {
      deliveries: found.map(toClaimed),
      missed: Number(missed),
      nextDueMs: isBehind ? 0 : Number(due) < 0 ? null : Number(due),
      knowsMore: true,
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
    const members = claimed.flatMap(({ id, sequence, leaseToken }) => [
      `${sequence}${id}`,
      leaseToken ?? "",
    ]);
    await this.#client.run("release", partition, [channel, agent, ...members]);
  }

  async listen(
    onWakeup: OnWakeup,
    reserve?: () => SettleReservation | undefined,
  ): Promise<() => void> {
    this.#member = { isChosen: false, onWakeup, reserve };
    return await this.#group.join(this.#member);
  }

  /** The others of the agent learn what a claim says about messages that it has not taken. */
  #tellGroup({ deliveries, nextDueMs }: Claim): void {
    if (nextDueMs === null || deliveries.length === 0) return;
    if (nextDueMs === 0) this.#group.wakeOne();
    else this.#group.tellDue(nextDueMs, this.#member);
  }
}
