/**
 * The subscriptions of one queue in shared memory: what they claim, and what the other processes know of them.
 *
 * @module
 */

import { QueueOutOfMemoryError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Claim, Claimant, QueueDelivery, QueueReceiver } from "../store.ts";
import type { Place } from "./attendance.ts";
import type { QueueMember } from "./member.ts";
import { ShownConsumers } from "./shown_consumers.ts";

/** How soon a consumer that waits looks for what ends without a word, such as a process that is killed. */
export const POLL_MS = 1000;

/** Makes the receivers of a queue. */
export class Subscriptions {
  readonly #member: QueueMember;
  /** Subscriptions of this queue by channel and agent. */
  readonly #listening = new Map<string, number>();
  readonly #shown = new ShownConsumers();
  /** When this queue has last looked for processes that have ended. */
  #checkedMs = -Infinity;

  constructor(member: QueueMember) {
    this.#member = member;
  }

  /** The receiver of the messages of a channel for an agent. */
  receiver(place: Place): QueueReceiver {
    return {
      register: (from) => this.#register(place, from),
      claim: (limit, reported, claimant) => this.#claim(place, limit, reported, claimant),
      release: (deliveries) => this.#release(place, deliveries),
      listen: (onWakeup) => this.#member.read(() => this.#listen(place, onWakeup)),
    };
  }

  async #register(place: Place, from: "now" | "oldest"): Promise<void> {
    const { name: member } = this.#member;
    const isKnown = await this.#member.read((space) => {
      this.#removeEnded(place);
      return space.isSubscribed(place.channel, place.agent) &&
        this.#member.attendance.members(place).has(member);
    });
    if (isKnown) return;
    await this.#member.write("register", { ...place, from, member });
    this.#member.hold();
    // The subscription may have ended meanwhile.
    if (!this.#listening.has(keyOf(place))) this.#leave(place);
  }

  /** Appends a record only if there is something to claim, a count to change, or a consumer to show. */
  async #claim(
    { channel, agent }: Place,
    limit: number,
    reported: number,
    { consumer, rate }: Claimant,
  ): Promise<Claim> {
    const claimant = { consumer, rate, holder: this.#member.process };
    const idle = reported > 0 ? undefined : await this.#member.read(() => {
      this.#endLeasesOfEnded();
      return this.#member.current().idleClaim(channel, agent, claimant);
    });
    if (idle !== undefined) {
      await this.#show(channel, consumer);
      return idle;
    }
    const call = { channel, agent, limit, reported, claimant };
    const claim = await this.#member.write("claim", call);
    this.#shown.add(consumer, this.#member.nowMs());
    return claim;
  }

  /** Lets the other processes know of a consumer, unless there is no space. */
  async #show(channel: string, consumer: string): Promise<void> {
    const nowMs = this.#member.nowMs();
    if (this.#shown.has(consumer, nowMs)) return;
    this.#shown.add(consumer, nowMs);
    try {
      await this.#member.write("show", { channel, consumer }, 0);
    } catch (error) {
      if (!(error instanceof QueueOutOfMemoryError)) throw error;
    }
  }

  /** Does not wait for the end of the leases of processes that have ended. */
  #endLeasesOfEnded(): void {
    const nowMs = this.#member.nowMs();
    if (nowMs - this.#checkedMs < POLL_MS) return;
    this.#checkedMs = nowMs;
    for (const holder of this.#member.current().holders()) {
      if (this.#member.hasEnded(holder)) this.#member.append("endLeases", { holder });
    }
  }

  async #release({ agent }: Place, deliveries: readonly QueueDelivery[]): Promise<void> {
    const claimed = deliveries.map(({ id, leaseToken }) => ({ id, leaseToken }));
    await this.#member.write("release", { agent, claimed });
  }

  #listen(place: Place, onWakeup: () => void): () => void {
    const key = keyOf(place);
    const stop = this.#member.listen(place.channel, place.agent, onWakeup);
    this.#listening.set(key, (this.#listening.get(key) ?? 0) + 1);
    return () => {
      stop();
      const left = this.#listening.get(key)! - 1;
      if (left > 0) return void this.#listening.set(key, left);
      this.#listening.delete(key);
      this.#leave(place);
    };
  }

  /** Without it, the agent stays subscribed for the others until this process ends. */
  #leave(place: Place): void {
    try {
      this.#member.append("leave", { ...place, member: this.#member.name });
    } catch (error) {
      logger.debug("leave_failed", { channel: place.channel, agentId: place.agent, error });
    }
  }

  /** Removes the subscription of an agent, unless one of them is in use. False if it had none. */
  async unsubscribe(place: Place): Promise<boolean> {
    await this.#member.read(() => this.#removeEnded(place));
    return await this.#member.write("unsubscribe", place);
  }

  #removeEnded(place: Place): void {
    for (const member of [...this.#member.attendance.members(place)]) {
      if (this.#member.hasEnded(member)) this.#member.append("leave", { ...place, member });
    }
  }
}

/** Neither name contains NUL. */
function keyOf({ channel, agent }: Place): string {
  return `${channel}\0${agent}`;
}
