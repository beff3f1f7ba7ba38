/**
 * The statistics of `/stats`.
 *
 * @module
 */

import type { RouteContext } from "./route.ts";

/** The numbers that the protocol documents, then the other counters of the store. */
export function statsOf(
  { store, subscribers, uptimeSeconds }: RouteContext,
): Record<string, unknown> {
  const { messages, patternSubscriptions, topics, subscriptions, ...more } = store.stats();
  return {
    status: "healthy",
    uptime: uptimeSeconds(),
    topics,
    total_messages: messages,
    subscriptions,
    pattern_subscriptions: patternSubscriptions,
    waiting_polls: subscribers.waiting,
    ...more,
  };
}
