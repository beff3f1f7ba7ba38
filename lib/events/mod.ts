/**
 * Waiting for any of many sockets, signals and deadlines at once: `poll`, `pollSync`, `Poller` and `Deadline`. A
 * program that does not poll loads none of it.
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 * import { Deadline, poll } from "@ringbus/ringbus/poll";
 *
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<number>(channel.handle);
 * using publisher = new Publisher<number>(channel.handle);
 * publisher.send(7);
 * const [event] = await poll([subscriber, new Deadline(1000)]);
 * console.log(event.kind, subscriber.tryRecv()); // ready 7
 * ```
 *
 * @module
 */

export { Deadline } from "./deadline.ts";
export {
  poll,
  type Pollable,
  Poller,
  type PollEvent,
  type PollOptions,
  pollSync,
  type PollSyncOptions,
} from "./poller.ts";
export type { PollEventKind } from "./polled.ts";
