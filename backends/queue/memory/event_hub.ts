/**
 * Tells what happens to messages, and counts it.
 *
 * @module
 */

import type { CountedEvent, QueueEvent } from "../types.ts";
import type { ChannelCounts } from "./channel_counts.ts";

/** Passes events to all who listen. */
export class EventHub {
  readonly #counts: ChannelCounts;
  readonly #listeners = new Set<(event: QueueEvent) => void>();

  constructor(counts: ChannelCounts) {
    this.#counts = counts;
  }

  /** Calls `onEvent` with what happens, until the result is called. */
  listen(onEvent: (event: QueueEvent) => void): () => void {
    this.#listeners.add(onEvent);
    return () => this.#listeners.delete(onEvent);
  }

  /** Counts an event, and tells it. */
  count(event: QueueEvent & { type: CountedEvent }, nowMs: number): void {
    this.#counts.add(event.channel, event.type, nowMs);
    this.tell(event);
  }

  /** Tells an event. */
  tell(event: QueueEvent): void {
    for (const onEvent of this.#listeners) onEvent(event);
  }
}
