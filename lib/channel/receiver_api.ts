/**
 * The receiving half of a socket, as the socket uses it.
 *
 * @module
 */

import type { MessageReader } from "./record_run.ts";
import type { None } from "../base/none.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";

/** A message read in place. */
export interface MessageView extends Disposable {
  /** The message's bytes, in shared memory, valid until the view is disposed. */
  readonly bytes: Uint8Array<ArrayBufferLike>;
  /** False once a publisher has overwritten the bytes; always true on a queue. */
  readonly intact: boolean;
}

/** The ways to receive. */
export interface ReceiverApi<T> {
  /** Receives if a message is there; `NONE` otherwise. */
  tryReceive(): T | None;
  /** Receives, blocking until a message arrives. */
  receiveSync(options: TimeoutOptions | undefined): T;
  /** Receives, waiting in the event loop. */
  receive(options: WaitOptions | undefined): Promise<T>;
  /** Receives up to `limit` messages that are there. */
  drain(limit: number): T[];
  /** Receives into a buffer; -1 when no message is there. */
  tryReceiveInto(target: Uint8Array): number;
  /** Receives into a buffer, blocking until a message arrives. */
  receiveIntoSync(target: Uint8Array, options: TimeoutOptions | undefined): number;
  /** Passes the bytes of up to `limit` messages that are there to a reader; returns how many. */
  readMany(reader: MessageReader, limit: number): number;
  /** Reads the next message in place; undefined when none is there. */
  tryReceiveView(): MessageView | undefined;
  /** True if a call that receives would find a message, or would throw. Takes nothing. */
  readonly isReady: boolean;
  /** Messages that were overwritten before this socket read them. */
  readonly missed: number;
  /** Header of the message that was received last, if it has one and headers are enabled. */
  readonly header: string | undefined;
  /** Topic of the message that was received last, if it has one. */
  readonly topic: string | undefined;
  /** From now on values with a header are received as `WithHeader`. */
  enableHeaders(): void;
  /** Ends all waits with an error. */
  abortWaits(error: unknown): void;
}
