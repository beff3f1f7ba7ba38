/**
 * Pulling: messages shared among pullers.
 *
 * @module
 */

import type { ChannelOptions } from "./attachment.ts";
import type { LocalHandle } from "./local.ts";
import { ReceivingSocket } from "./receiving.ts";

/**
 * Receives messages that pushers of a channel send, each message once among all pullers. Pullers that
 * wait get equal shares; one that is busy or stopped does not hold up the others, and what it
 * did not take goes to the rest.
 *
 * Costs: about 50 ns a small message of bytes, plus the codec; an idle one nothing. Not safe to share
 * between workers.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using pusher = new Pusher<number>(channel.handle);
 * using puller = new Puller<number>(channel.handle);
 *
 * pusher.sendMany([1, 2, 3]);
 * console.log(puller.drain()); // [1, 2, 3]
 * ```
 */
export class Puller<T = unknown> extends ReceivingSocket<T> {
  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no room
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: ChannelOptions) {
    super(target, "queue", "puller", options);
  }
}
