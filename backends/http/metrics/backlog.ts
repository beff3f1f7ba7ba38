/**
 * What waits in the queues of subscribers.
 *
 * @module
 */

import type { Subscription } from "../../store/subscription.ts";

/** What waits for some subscribers. */
export interface Backlog {
  /** Subscribers. */
  subscribers: number;
  /** Entries in their queues. */
  messages: number;
  /** Bytes in their queues. */
  bytes: number;
  /** Entries in the longest queue. */
  longest: number;
  /** When the entry was handed out that has waited longest; `Infinity` when none waits. */
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

/** The backlogs of the subscribers of each front. */
export function backlogsByTransport(subscribers: Iterable<Subscription>): Map<string, Backlog> {
  const backlogs = new Map<string, Backlog>();
  for (const subscription of subscribers) {
    const backlog = backlogs.get(subscription.transport) ?? emptyBacklog();
    addToBacklog(backlog, subscription);
    backlogs.set(subscription.transport, backlog);
  }
  return backlogs;
}
