/**
 * Subscribing: all messages from the moment of attaching.
 *
 * @module
 */

import { type ReceiverOptions, SUBSCRIBER_OPTIONS } from "./options.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { ReceivingSocket } from "./receiving_socket.ts";

/**
 * Receives all messages that publishers of a channel send after it attached. A subscriber that falls a
 * whole ring behind continues with the oldest message; `statistics().missed` is the exact number of
 * messages that it lost.
 *
 * Costs: about 50 ns a small message of bytes, plus the codec; an idle one nothing. Not safe to share
 * between workers.
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<number>(channel.handle);
 * using publisher = new Publisher<number>(channel.handle);
 *
 * publisher.sendMany([1, 2, 3]);
 * for await (const value of subscriber) {
 *   if (value === 3) break;
 * }
 * ```
 */
export class Subscriber<T = unknown> extends ReceivingSocket<T> {
  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: ReceiverOptions) {
    SUBSCRIBER_OPTIONS.check(options, arguments[2]);
    super(target, "broadcast", "subscriber", options);
  }
}
