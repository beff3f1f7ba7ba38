/**
 * Pushing: each message goes to exactly one puller.
 *
 * @module
 */

import { socketOptions } from "./options.ts";
import type { SocketOptions } from "./socket.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { SendingSocket } from "./sending_socket.ts";

const OPTIONS = socketOptions("Pusher");

/**
 * Sends each message to exactly one puller of a channel. A full ring is backpressure: `send` returns
 * false. A message that was accepted is not lost.
 *
 * Costs: about 50 ns a small message of bytes, plus the codec. Not safe to share between workers: give
 * each worker a pusher of its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using pusher = new Pusher<string>(channel.handle);
 * using puller = new Puller<string>(channel.handle);
 *
 * pusher.sendSync("work", { timeoutMs: 1000 });
 * console.log(puller.recvSync({ timeoutMs: 1000 })); // "work"
 * ```
 */
export class Pusher<T = unknown> extends SendingSocket<T> {
  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SocketOptions) {
    OPTIONS.check(options, arguments[2]);
    super(target, "queue", "pusher", options);
  }
}
