/**
 * The consumers of an agent in this process that receive from one partition of a channel. A notification makes one
 * of them claim. If there are more messages, the next one claims as well.
 *
 * @module
 */

import type { QueueClock } from "../clock.ts";
import type { OnWakeup, QueueDelivery, SettleReservation } from "../store.ts";
import { ALL, type Notifications } from "./notifications.ts";

/** Milliseconds for which an empty claim of one consumer counts for all, unless they hear of a message. */
const QUIET_MS = 1900;
/** Milliseconds after which consumers are noted again. */
const NOTE_MS = 2000;

/** A consumer in its group. */
export interface GroupMember {
  /** Its name, after its first claim. */
  name?: string;
  /** Whether it was woken, and has not claimed yet. */
  isChosen: boolean;
  readonly onWakeup: OnWakeup;
  /** Reserves the place of a message that is about to be published. */
  readonly reserve?: (() => SettleReservation | undefined) | undefined;
}

/** What a group needs to know. */
export interface GroupOptions {
  readonly notifications: Notifications;
  /** The Redis channel on which scripts publish notifications. */
  readonly notifyChannel: string;
  readonly agent: string;
  readonly clock: QueueClock;
  /** How long a lease lasts. */
  readonly leaseMs: number;
  /** Called when the last consumer has left. */
  readonly onEmpty: () => void;
}

/** Consumers that share the messages of an agent. */
export class ConsumerGroup {
  readonly #options: GroupOptions;
  readonly #members = new Set<GroupMember>();
  #listening: Promise<() => void> | undefined;
  /** Notifications that were heard. */
  #heard = 0;
  /** Until then nothing is expected. */
  #quietUntilMs = -Infinity;
  /** When something is due, as the last empty claim said. */
  #dueAtMs = Infinity;
  #notedMs = -Infinity;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** Adds a consumer, until the result is called. */
  async join(member: GroupMember): Promise<() => void> {
    this.#members.add(member);
    this.#listening ??= this.#listen();
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      this.#members.delete(member);
      throw error;
    }
    return () => this.#leave(member);
  }

  #leave(member: GroupMember): void {
    if (!this.#members.delete(member)) return;
    if (member.isChosen) this.wakeOne();
    if (this.#members.size > 0) return;
    void this.#listening?.then((stop) => stop());
    this.#listening = undefined;
    this.#options.onEmpty();
  }

  #listen(): Promise<() => void> {
    const { notifications, notifyChannel } = this.#options;
    return notifications.listen(notifyChannel, (text) => this.#hear(text));
  }

  /** A notification names an agent, or none for all agents. */
  #hear(text: string): void {
    const isForAll = text.startsWith(ALL);
    const agent = isForAll ? text.slice(ALL.length) : text;
    if (agent !== "" && agent !== this.#options.agent) return;
    this.#heard++;
    this.#quietUntilMs = -Infinity;
    if (!isForAll) return this.wakeOne();
    for (const { onWakeup } of this.#members) onWakeup();
  }

  /** Wakes a consumer that waits, each time another one. */
  wakeOne(): void {
    for (const member of [...this.#members]) {
      this.#members.delete(member);
      this.#members.add(member);
      if (!member.onWakeup()) continue;
      member.isChosen = true;
      return;
    }
  }

  /** Tells the others when more messages may be ready. */
  tellDue(inMs: number, teller: GroupMember): void {
    this.#quietUntilMs = Math.min(this.#quietUntilMs, this.#options.clock.now() + inMs);
    for (const member of this.#members) {
      if (member !== teller) member.onWakeup(inMs);
    }
  }

  /**
   * Whether a consumer need not claim, because another one has just found nothing. Returns in how many milliseconds
   * something is due, if that is known; undefined if it has to claim.
   */
  quietMs({ name }: GroupMember): number | null | undefined {
    const nowMs = this.#options.clock.now();
    if (name === undefined || nowMs >= this.#quietUntilMs) return undefined;
    return this.#dueAtMs === Infinity ? null : this.#dueAtMs - nowMs;
  }

  /** Reserves the place of a message that is about to be published, with a consumer that waits, each time another one. */
  reserve(): SettleReservation | undefined {
    for (const member of this.#members) {
      const settle = member.reserve?.();
      if (settle === undefined) continue;
      this.#members.delete(member);
      this.#members.add(member);
      return (delivery) => this.#settle(member, settle, delivery);
    }
    return undefined;
  }

  #settle(
    member: GroupMember,
    settle: SettleReservation,
    delivery: QueueDelivery | undefined,
  ): void {
    settle(delivery);
    if (delivery !== undefined) this.tellDue(this.#options.leaseMs, member);
  }

  /** Begins a claim. Its result is to be told. */
  beginClaim(member: GroupMember): (isEmpty: boolean, nextDueMs: number | null) => void {
    member.isChosen = false;
    const heard = this.#heard;
    return (isEmpty, nextDueMs) => {
      // What was heard meanwhile may have come after the claim.
      if (!isEmpty || heard !== this.#heard) return;
      const nowMs = this.#options.clock.now();
      this.#dueAtMs = nowMs + (nextDueMs ?? Infinity);
      this.#quietUntilMs = Math.min(nowMs + QUIET_MS, this.#dueAtMs);
    };
  }

  /** The names of all consumers, if they are to be noted with the claim of one of them. */
  namesToNote(member: GroupMember, name: string): string {
    const nowMs = this.#options.clock.now();
    if (member.name !== undefined && nowMs - this.#notedMs < NOTE_MS) return "";
    member.name = name;
    this.#notedMs = nowMs;
    const names = [...this.#members].flatMap(({ name }) => name ?? []);
    return [...new Set([name, ...names])].join(" ");
  }
}
