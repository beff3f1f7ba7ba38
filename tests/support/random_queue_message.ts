/**
 * Messages at random for the stores of queues: few names, so that calls meet.
 *
 * @module
 */

import type { NewMessage } from "../../backends/queue/store.ts";
import type { Random } from "./random.ts";

/** The channels. */
export const CHANNELS = ["c", "d"];
/** The agents. */
export const AGENTS = ["a", "b"];

/** A value, or more often null. */
export function maybe<T>(random: Random, value: T): T | null {
  return random.chance(0.3) ? value : null;
}

/** A message with some of all settings. */
export function randomMessage(random: Random): NewMessage {
  return {
    channel: random.pick(CHANNELS),
    source: "s",
    target: random.chance(0.7) ? random.pick(AGENTS) : null,
    payload: String(random.below(1_000_000)),
    metadata: "{}",
    priority: random.below(3),
    ttlMs: maybe(random, 1500),
    dueMs: null,
    delayMs: maybe(random, 700),
    deduplicationMs: 2000,
    deduplicationId: maybe(random, `d${random.below(3)}`),
    orderingKey: maybe(random, `k${random.below(2)}`),
    maxAttempts: maybe(random, 1),
    leaseMs: maybe(random, 300),
    backoff: null,
    resultMs: maybe(random, 2500),
  };
}
