/**
 * Replays a recording at its own speed, or at another.
 *
 * @module
 */

import { sleep } from "../base/sleep.ts";
import type { EncodedSender } from "./encoded.ts";
import type { RecordedMessage } from "./writer.ts";

/** Options of a replay. */
export interface PlayOptions {
  /** Factor by which it is faster than the recording; `Infinity` for no waits. */
  readonly speed: number;
  /** Ends the replay. */
  readonly signal: AbortSignal;
  /** Called when a message was sent. */
  onSent(): void;
}

/** Messages that are sent between two turns of the event loop while there are no waits. */
const BURST = 256;
/** Milliseconds of the shortest wait; shorter ones are added to a later one. */
const MIN_SLEEP_MS = 1;

/** Sends messages at their times. */
export async function play(
  messages: Iterable<RecordedMessage>,
  sender: EncodedSender,
  { speed, signal, onSent }: PlayOptions,
): Promise<void> {
  const beginMs = performance.now();
  let burst = 0;
  for (const message of messages) {
    const remainingMs = beginMs + message.timeMs / speed - performance.now();
    if (remainingMs >= MIN_SLEEP_MS) await sleep(remainingMs, signal);
    else if (++burst % BURST === 0) await sleep(0, signal);
    if (signal.aborted) break;
    await sender.sendEncoded(message, { signal });
    onSent();
  }
}
