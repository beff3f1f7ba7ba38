/**
 * How many subscribers a topic has by patterns.
 *
 * @module
 */

import type { Subscriptions } from "../../store/subscriptions.ts";

/** Number of subscriptions to patterns that match a topic. */
export function patternSubscribers({ patterns }: Subscriptions, topic: string): number {
  return patterns.matching(topic).reduce((sum, { subscriptions }) => sum + subscriptions.size, 0);
}
