/**
 * The members of a journal of messages that have subscriptions.
 *
 * @module
 */

import { Subscription } from "../../store/subscription.ts";
import type { Subscriptions } from "../../store/subscriptions.ts";

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
  readonly #members = new Map<string, Member>();

  /**
   * @param ownName unique name of this member
   * @param ownSubscription receives the messages for this member
   */
  constructor(ownName: string, ownSubscription: Subscription) {
    this.#ownName = ownName;
    this.#ownSubscription = ownSubscription;
  }

  /** Names and members. */
  entries(): MapIterator<[string, Member]> {
    return this.#members.entries();
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
    if (subscription !== undefined) subscriptions.remove(subscription);
    this.#members.delete(name);
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
