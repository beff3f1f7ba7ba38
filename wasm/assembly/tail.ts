// Publishing in the header what a receiver took from the first lane.
//
// The header's tail shares its cache line with what the sender writes. So a receiver that works off a
// backlog, or that spins for the next message, publishes it now and then, and when it finds nothing more and
// does not wait for it, or before it sleeps.

import { POLL_ANY, POLL_SPIN, PROMPT_TAIL_FLUSHES, TAIL_FLUSH_INTERVAL, TAKEN_UNPUBLISHED } from "../layout";
import { sumTails, totalReceived } from "./totals";

/** How `next` was called last. */
export let pollMode: u32 = POLL_ANY;
/** Messages until a receiver that finds one after the other is taken to have a backlog. */
let promptFlushes: i32 = PROMPT_TAIL_FLUSHES;
/** Messages that were taken since the tail was published. */
let unpublished: u32 = 0;

// @ts-ignore: decorator
@inline
export function setPollMode(mode: u32): void {
  pollMode = mode;
}

/** Publishes the tail, at once or later; returns TAKEN_UNPUBLISHED if later, and no call is due yet. */
// @ts-ignore: decorator
@inline
export function publishFirstTail(tail: u64, bytes: u64, messages: u32): u32 {
  if (pollMode != POLL_SPIN && promptFlushes > 0) {
    promptFlushes -= messages;
    totalReceived(true, tail, bytes);
    return 0;
  }
  unpublished += messages;
  if (unpublished == messages) return TAKEN_UNPUBLISHED;
  if (unpublished >= <u32>TAIL_FLUSH_INTERVAL) flush();
  return 0;
}

function flush(): void {
  unpublished = 0;
  sumTails();
}

/** Publishes what was taken: the receiver found nothing more, sleeps, or returns to its event loop. */
export function flushTail(): void {
  promptFlushes = PROMPT_TAIL_FLUSHES;
  if (unpublished != 0) flush();
}
