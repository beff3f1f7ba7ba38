/**
 * Playing a recording back in its own time, or another.
 *
 * @module
 */

import { sleep } from "../base/sleep.ts";
import type { EncodedSender } from "./encoded.ts";
import type { RecordedMessage } from "./writer.ts";

/** How to play. */
export interface PlayOptions {
  /** How many times as fast as it was; `Infinity` for as fast as it goes. */
  readonly speed: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called when a message was sent. */
  onSent(): void;
}

/** Messages that are sent between two turns of the event loop when nothing is waited for. */
const BURST = 256;
/** Pauses shorter than this, in milliseconds, are made up for by a later one. */
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
