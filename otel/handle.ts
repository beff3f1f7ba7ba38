/**
 * Handling what was received, in the trace of whoever sent it.
 *
 * @module
 */

import { context, SpanKind } from "@opentelemetry/api";
import { ShmClosedError } from "../lib/base/errors.ts";
import { ReceivingSocket } from "../lib/sockets/receiving_socket.ts";
import { type Origin, originOf } from "./origins.ts";
import { receivers } from "./receiving.ts";
import { during, type Operation, Spans, type TracingOptions } from "./spans.ts";

/** Options of `handleEach`. */
export interface HandleEachOptions extends TracingOptions {
  /** Ends it when nothing is being handled. */
  signal?: AbortSignal;
}

/**
 * Calls a handler with a message in a span of its own, whose parent is the span that sent the message: what
 * the handler does belongs to the sender's trace. Without a sender's span it begins a trace, or is part of
 * the active one.
 *
 * The message is what a traced socket, backend or queue handed out: an object, a `Delivery`, a `Message`,
 * a record of a queue. A text or a number has nothing that tells where it came from: handle those with
 * `handleEach`.
 *
 * @returns what the handler returns; its error is noted on the span, and thrown
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 * import { handle, traced } from "@ringbus/ringbus/otel";
 *
 * using channel = LocalChannel.create();
 * using pusher = traced(new Pusher<{ n: number }>(channel.handle));
 * using puller = traced(new Puller<{ n: number }>(channel.handle));
 * pusher.send({ n: 20 });
 * const job = await puller.recv();
 * console.log(handle(job, ({ n }) => n + 1)); // 21
 * ```
 */
export function handle<M, R>(message: M, handler: (message: M) => R, options?: TracingOptions): R {
  return process(message, originOf(message), handler, new Spans(options ?? {}));
}

/**
 * Receives from a traced subscriber or puller, and handles each message as `handle` does, one after the
 * other, until the signal aborts or the socket is closed. Other things that messages come from, such as
 * subscriptions of queues, are read to their end.
 *
 * @throws {TypeError} for a socket that is not traced
 * @throws what a handler throws, which ends it
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 * import { handleEach, traced } from "@ringbus/ringbus/otel";
 *
 * using channel = LocalChannel.create();
 * using subscriber = traced(new Subscriber<string>(channel.handle));
 * using publisher = traced(new Publisher<string>(channel.handle));
 * publisher.sendMany(["one", "two"]);
 * await handleEach(subscriber, (text) => {
 *   if (text === "two") subscriber.close();
 * });
 * ```
 */
export async function handleEach<M>(
  source: AsyncIterable<M>,
  handler: (message: M) => unknown,
  options: HandleEachOptions = {},
): Promise<void> {
  const spans = new Spans(options);
  for await (const { value, origin } of receiveEach(source, options.signal)) {
    await process(value as M, origin, handler, spans);
  }
}

async function* receiveEach(
  source: AsyncIterable<unknown>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<{ value: unknown; origin: Origin | undefined }> {
  if (!(source instanceof ReceivingSocket)) {
    for await (const value of source) {
      yield { value, origin: originOf(value) };
      if (signal?.aborted) return;
    }
    return;
  }
  const receive = receivers.get(source);
  if (receive === undefined) {
    throw new TypeError(
      `cannot handle messages of channel "${source.name}": its socket is not traced; pass ` +
        `traced(socket)`,
    );
  }
  while (!signal?.aborted && !source.closed) {
    try {
      yield await receive({ signal });
    } catch (error) {
      if (signal?.aborted || error instanceof ShmClosedError) return;
      throw error;
    }
  }
}

function process<M, R>(
  message: M,
  origin: Origin | undefined,
  handler: (message: M) => R,
  spans: Spans,
): R {
  const { id, destination = "" } = origin ?? {};
  const operation: Operation = {
    name: "process",
    type: "process",
    kind: SpanKind.CONSUMER,
    destination,
    attributes: id === undefined ? {} : { "messaging.message.id": id },
  };
  const parent = origin?.context ?? context.active();
  return during(spans.begin(operation, parent, [origin?.context]), parent, () => handler(message));
}
