/**
 * The members of a journal of messages that have subscriptions.
 *
 * @module
 */

import { TextMap } from "../../../lib/base/text_map.ts";
import { Subscription } from "../../store/subscription.ts";
import type { Subscriptions } from "../../store/subscriptions.ts";

/** Bytes of a record that ends a subscription, without its topic: it has the name of the member. */
const REMOVAL_BYTES = 128;
/** UTF-8 bytes of a character of a name, in JSON. */
const MAX_CHARACTER_BYTES = 3;

function lengthOf({ topics, patterns }: Subscription): number {
  return topics.size + patterns.size;
}

/** A member with its subscriptions. */
export interface Member {
  /** The isolate in which the member runs. */
  readonly isolate: bigint;
  readonly subscription: Subscription;
}

/** Members by name. The subscriptions of other members discard what they receive. */
export class Members {
  readonly #ownName: string;
  readonly #ownSubscription: Subscription;
  readonly #members = new TextMap<Member>();
  /** Topics and patterns of all members. */
  #names = 0;
  /** Characters of these. */
  #characters = 0;

  /**
   * @param ownName unique name of this member
   * @param ownSubscription receives the messages for this member
   */
  constructor(ownName: string, ownSubscription: Subscription) {
    this.#ownName = ownName;
    this.#ownSubscription = ownSubscription;
  }

  /** Most bytes that the records take which end all subscriptions one by one, then remove the members. */
  get removalBytes(): number {
    return REMOVAL_BYTES * (this.#names + this.#members.size) +
      MAX_CHARACTER_BYTES * this.#characters;
  }

  /** Lets an operation add a name to a member's subscription, or remove it. */
  change<T>(subscription: Subscription, name: string, operate: () => T): T {
    const before = lengthOf(subscription);
    try {
      return operate();
    } finally {
      const added = lengthOf(subscription) - before;
      this.#names += added;
      this.#characters += added * name.length;
    }
  }

  /** Names and members. */
  entries(): Iterable<[string, Member]> {
    return this.#members;
  }

  /** The subscription of a member, or undefined. */
  subscriptionOf(name: string): Subscription | undefined {
    return this.#members.get(name)?.subscription;
  }

  /** Adds a member unless it is there, and returns its subscription. */
  join(name: string, isolate: bigint): Subscription {
    const known = this.subscriptionOf(name);
    if (known !== undefined) return known;
    const subscription = name === this.#ownName ? this.#ownSubscription : newDiscarding();
    this.#members.set(name, { isolate, subscription });
    return subscription;
  }

  /** Removes a member with its subscriptions. */
  remove(name: string, subscriptions: Subscriptions): void {
    const subscription = this.subscriptionOf(name);
    if (subscription !== undefined) this.#forget(subscription, subscriptions);
    this.#members.delete(name);
  }

  #forget(subscription: Subscription, subscriptions: Subscriptions): void {
    const { topics, patterns } = subscription;
    for (const name of [...topics, ...patterns]) this.#characters -= name.length;
    this.#names -= lengthOf(subscription);
    subscriptions.remove(subscription);
  }

  /** Removes all members with their subscriptions. */
  clear(subscriptions: Subscriptions): void {
    for (const name of [...this.#members.keys()]) this.remove(name, subscriptions);
  }

  /** Removes the other members whose isolates have ended. Returns these isolates. */
  removeDead(subscriptions: Subscriptions, isAlive: (isolate: bigint) => boolean): Set<bigint> {
    const dead = new Set<bigint>();
    for (const [name, { isolate }] of [...this.#members]) {
      if (name === this.#ownName || isAlive(isolate)) continue;
      this.remove(name, subscriptions);
      dead.add(isolate);
    }
    return dead;
  }
}

function newDiscarding(): Subscription {
  const subscription = new Subscription({ onReady: () => void subscription.take() });
  return subscription;
}
