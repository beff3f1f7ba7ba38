/**
 * What a sending socket asks of the half that does its work.
 *
 * @module
 */

import type { Loan } from "./loan.ts";
import type { TopicWords } from "./topics.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";

/** The ways to send. A topic is written before each message. */
export interface SenderApi {
  /** Sends if there is space. */
  send(value: unknown): boolean;
  /** As `send`, with a topic. */
  sendWithTopic(value: unknown, topic: TopicWords): boolean;
  /** Sends, blocking until there is space. */
  sendSync(value: unknown, options: TimeoutOptions | undefined, topic?: TopicWords): void;
  /** Sends, waiting in the event loop until there is space. */
  sendAsync(
    value: unknown,
    options: WaitOptions | undefined,
    topic?: TopicWords,
  ): Promise<void>;
  /** Sends as many values as there is space for, in one commit. */
  sendMany(values: Iterable<unknown>, topic?: TopicWords): number;
  /** Sends as many messages of a packed buffer as there is space for, in one commit. */
  sendPacked(bytes: Uint8Array, lengths: ArrayLike<number>, topic?: TopicWords): number;
  /** Lends space for a message; undefined when the ring is full. */
  loan(byteLength: number, topic?: TopicWords): Loan | undefined;
  /** From now on values may be `WithHeader`. */
  enableHeaders(): void;
  /** Ends all waits with an error. */
  abortWaits(error: unknown): void;
}
