/**
 * What `/stats` tells.
 *
 * @module
 */

import type { RouteContext } from "./route.ts";

/** The documented numbers first, then ours. */
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
