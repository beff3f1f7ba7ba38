/**
 * Publishing: each subscriber receives every message.
 *
 * @module
 */

import { PUBLISHER_OPTIONS, type PublisherOptions } from "./options.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { SendingSocket } from "./sending_socket.ts";

/**
 * Sends messages to all subscribers of a channel. It never waits and its ring is never full: the oldest
 * messages are overwritten, and a subscriber that has not read them can see how many it missed.
 *
 * Costs: about 50 ns a small message of bytes, plus the codec. Not safe to share between workers: give
 * each worker a publisher of its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<{ cmd: string }>(channel.handle);
 * using publisher = new Publisher<{ cmd: string }>(channel.handle);
 *
 * publisher.send({ cmd: "move" });
 * console.log(subscriber.tryRecv()); // { cmd: "move" }
 * ```
 *
 * @example Bytes, written and read in place
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<Uint8Array>(channel.handle, { codec: "raw" });
 * using publisher = new Publisher<Uint8Array>(channel.handle, { codec: "raw" });
 *
 * using loan = publisher.loan(3)!;
 * loan.bytes.set([1, 2, 3]);
 * loan.commit();
 *
 * using view = subscriber.recvView()!;
 * console.log(view.bytes[2], view.intact); // 3 true
 * ```
 *
 * @example Messages that late subscribers get
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
 * using publisher = new Publisher<number>(channel.handle, { history: 50, historyMessageBytes: 100 });
 * for (let n = 0; n < 10_000; n++) publisher.send(n);
 *
 * using subscriber = new Subscriber<number>(channel.handle, { since: 50 });
 * console.log(subscriber.drain().length); // 50
 * ```
 */
export class Publisher<T = unknown> extends SendingSocket<T> {
  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {RangeError} if the ring is too small for the `history`; the error names the size that it needs
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: PublisherOptions) {
    PUBLISHER_OPTIONS.check(options, arguments[2]);
    super(target, "broadcast", "publisher", options);
  }
}
