/**
 * Subscribing: all messages from the moment of attaching.
 *
 * @module
 */

import { SUBSCRIBER_OPTIONS } from "./options.ts";
import type { SubscriberOptions } from "./option_types.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { ReceivingSocket } from "./receiving_socket.ts";

/**
 * Receives all messages that publishers of a channel send after it attached, and with `since` what they sent
 * before. A subscriber that falls a
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
 *
 * @example What was sent before
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using publisher = new Publisher<string>(channel.handle);
 * publisher.sendMany(["ready", "steady"]);
 *
 * using subscriber = new Subscriber<string>(channel.handle, { since: "oldest" });
 * publisher.send("go");
 * console.log(subscriber.drain()); // ["ready", "steady", "go"]
 * ```
 *
 * @example The newest of each topic
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using publisher = new Publisher(channel.handle);
 * using subscriber = new Subscriber(channel.handle, { topics: ["pose.*"], conflate: true });
 *
 * publisher.sendMany([1, 2, 3], { topic: "pose.arm" });
 * publisher.send(4, { topic: "battery" });
 * console.log(subscriber.drain(), subscriber.topic); // [3] "pose.arm"
 * ```
 */
export class Subscriber<T = unknown> extends ReceivingSocket<T> {
  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SubscriberOptions) {
    SUBSCRIBER_OPTIONS.check(options, arguments[2]);
    super(target, "broadcast", "subscriber", options);
  }

  /**
   * Topic of the message that the last call received; undefined if it was sent without one. Calls that wait in
   * the event loop may be served between two lines of a program: with those pass `withTopic`.
   */
  get topic(): string | undefined {
    return this.lastTopic;
  }
}
