/**
 * The consumers of an agent in this process that receive from one partition of a channel. A notification makes one
 * of them claim. If there are more messages, the next one claims as well.
 *
 * @module
 */

import type { OnWakeup } from "../store.ts";
import type { Notifications } from "./notifications.ts";

/** A notification that begins with this concerns all consumers. */
export const ALL = "\0";

/** A consumer in its group. */
export interface GroupMember {
  /** Whether it was woken, and has not claimed yet. */
  isChosen: boolean;
  readonly onWakeup: OnWakeup;
}

/** What a group needs to know. */
export interface GroupOptions {
  readonly notifications: Notifications;
  /** The Redis channel on which scripts publish notifications. */
  readonly notifyChannel: string;
  readonly agent: string;
  /** Called when the last consumer has left. */
  readonly onEmpty: () => void;
}

/** Consumers that share the messages of an agent. */
export class ConsumerGroup {
  readonly #options: GroupOptions;
  readonly #members = new Set<GroupMember>();
  #listening: Promise<() => void> | undefined;

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
    for (const member of this.#members) {
      if (member !== teller) member.onWakeup(inMs);
    }
  }
}
