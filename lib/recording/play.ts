/**
 * Replays a recording at its own speed, or at another.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../base/turn.ts";
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

/** Milliseconds of the shortest wait; shorter ones are added to a later one. */
const MIN_SLEEP_MS = 1;

/** Sends messages at their times. */
export async function play(
  messages: Iterable<RecordedMessage>,
  sender: EncodedSender,
  { speed, signal, onSent }: PlayOptions,
): Promise<void> {
  const beginMs = performance.now();
  for (const message of messages) {
    const remainingMs = beginMs + message.timeMs / speed - performance.now();
    if (remainingMs >= MIN_SLEEP_MS) await sleep(remainingMs, signal);
    else if (isTurnDue()) await takeTurn();
    if (signal.aborted) break;
    await sender.sendEncoded(message, { signal });
    onSent();
  }
}
