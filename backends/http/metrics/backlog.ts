/**
 * The entries in the queues of subscribers.
 *
 * @module
 */

import type { Subscription } from "../../store/subscription.ts";

/** The queued entries of some subscribers. */
export interface Backlog {
  /** Subscribers. */
  subscribers: number;
  /** Entries in their queues. */
  messages: number;
  /** Bytes in their queues. */
  bytes: number;
  /** Entries in the longest queue. */
  longest: number;
  /** Time of delivery of the oldest entry; `Infinity` if there is none. */
  oldestAtMs: number;
}

/** An empty backlog. */
export function emptyBacklog(): Backlog {
  return { subscribers: 0, messages: 0, bytes: 0, longest: 0, oldestAtMs: Infinity };
}

/** Adds a subscriber to a backlog. */
export function addToBacklog(backlog: Backlog, { length, bytes, oldestAtMs }: Subscription): void {
  backlog.subscribers++;
  backlog.messages += length;
  backlog.bytes += bytes;
  backlog.longest = Math.max(backlog.longest, length);
  backlog.oldestAtMs = Math.min(backlog.oldestAtMs, oldestAtMs ?? Infinity);
}

/** The backlogs by transport of the subscribers. */
export function backlogsByTransport(subscribers: Iterable<Subscription>): Map<string, Backlog> {
  const backlogs = new Map<string, Backlog>();
  for (const subscription of subscribers) {
    const backlog = backlogs.get(subscription.transport) ?? emptyBacklog();
    addToBacklog(backlog, subscription);
    backlogs.set(subscription.transport, backlog);
  }
  return backlogs;
}
