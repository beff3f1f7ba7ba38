/**
 * Running the handler of a stream.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { Encoded } from "../channel/encoder.ts";
import { formatValue } from "../base/options.ts";
import type { StreamedReply } from "./streamed_reply.ts";

/** What a handler returns. One that returns nothing has replied with `undefined`. */
type Parts<P, T> = AsyncIterable<P, T | void> | Iterable<P, T | void>;

/**
 * Sends what a handler yields, as long as the requester wants it. Resolves with what the handler returns.
 * The handler ends as by a `return` when the requester wants no more.
 */
export async function sendParts<P, T>(
  parts: Parts<P, T>,
  stream: StreamedReply,
  encode: (part: P) => Encoded,
): Promise<T> {
  const iterator = iteratorOf(parts);
  let isRunning = true;
  try {
    while (await stream.untilRoom()) {
      isRunning = false;
      const step = await iterator.next();
      if (step.done) return step.value as T;
      isRunning = true;
      if (!stream.signal.aborted) stream.add(encode(step.value));
      if (isTurnDue()) await takeTurn();
    }
  } finally {
    if (isRunning) await iterator.return?.();
  }
  // The requester has gone, and gets no result.
  return undefined as T;
}

/** Runs a handler to its end, and resolves with what it returns. */
export async function runToEnd<T>(parts: Parts<unknown, unknown>): Promise<T> {
  const iterator = iteratorOf(parts);
  while (true) {
    const step = await iterator.next();
    if (step.done) return step.value as T;
    if (isTurnDue()) await takeTurn();
  }
}

function iteratorOf<P, T>(parts: Parts<P, T>): AsyncIterator<P, T | void> | Iterator<P, T | void> {
  if (typeof parts === "object" && parts !== null) {
    if (Symbol.asyncIterator in parts) return parts[Symbol.asyncIterator]();
    if (Symbol.iterator in parts) return parts[Symbol.iterator]();
  }
  throw new TypeError(
    `the handler of serveStream() must return an iterable, such as an async generator, not ` +
      formatValue(parts),
  );
}
