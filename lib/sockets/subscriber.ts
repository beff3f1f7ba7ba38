/**
 * Subscribing: all messages from the moment of attaching.
 *
 * @module
 */

import { lazyPart } from "../base/descriptors.ts";
import { ShmConnectionError } from "../base/errors.ts";
import { type EventStream, eventStream } from "../base/event_stream.ts";
import { DEADLINES_OPTIONS, SUBSCRIBER_OPTIONS } from "./options.ts";
import type { DeadlineEvent, DeadlinesOptions, SubscriberOptions } from "./option_types.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { ReceivingSocket } from "./receiving_socket.ts";

const publisherDeadlines = lazyPart(() => import("./publisher_deadlines.ts"));

function refusal(name: string): (problem: string) => Error {
  return (problem) =>
    new ShmConnectionError(`cannot watch deadlines on channel "${name}": ${problem}`);
}

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
  readonly #deadlineMs: number | undefined;
  /** Ends the watches of deadlines; undefined before the first one. */
  #closing: AbortController | undefined;

  /**
   * Attaches to a channel, creating it if it is new.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SubscriberOptions) {
    SUBSCRIBER_OPTIONS.check(options, arguments[2]);
    super(target, "broadcast", "subscriber", options);
    this.#deadlineMs = options?.deadlineMs;
  }

  /**
   * Topic of the message that the last call received; undefined if it was sent without one. Calls that wait in
   * the event loop may be served between two lines of a program: with those pass `withTopic`.
   */
  get topic(): string | undefined {
    return this.lastTopic;
  }

  /**
   * Reports which publishers have sent nothing for longer than the option `deadlineMs`, whatever their topics,
   * and which of those send again. A miss is told once, up to a fifth of `deadlineMs` late. A publisher that
   * closes or dies is reported no more: `participants()` of a `Channel` tells that. Takes no message. Ends with
   * the signal, the loop, or the subscriber.
   *
   * Costs: a look at the tables of the channel every fifth of `deadlineMs`.
   *
   * @throws {TypeError} if the subscriber has no `deadlineMs`
   *
   * @example
   * ```ts
   * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using _publisher = new Publisher(channel.handle, { label: "lidar" });
   * using subscriber = new Subscriber(channel.handle, { deadlineMs: 20 });
   * for await (const { type, label } of subscriber.deadlines()) {
   *   console.log(type, label); // missed lidar
   *   break;
   * }
   * ```
   */
  deadlines(options: DeadlinesOptions = {}): EventStream<DeadlineEvent> {
    DEADLINES_OPTIONS.check(options, arguments[1]);
    const { attachment } = this;
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) {
      throw new TypeError(
        `cannot watch deadlines on channel "${this.name}": the subscriber has none; pass deadlineMs ` +
          "to new Subscriber()",
      );
    }
    this.checkReady();
    return eventStream(
      async function* (signal) {
        const { watchDeadlines } = await publisherDeadlines(refusal(attachment.name));
        yield* watchDeadlines(attachment, deadlineMs, signal);
      },
      (this.#closing ??= new AbortController()).signal,
      options.signal,
    );
  }

  /**
   * Ends all waits.
   * @internal
   */
  protected override abortWaits(): void {
    this.#closing?.abort();
    super.abortWaits();
  }
}
