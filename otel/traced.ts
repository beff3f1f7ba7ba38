/**
 * The one way to have something traced.
 *
 * @module
 */

import type { MessagingBackend } from "../backends/messaging/backend.ts";
import type { MessageQueue } from "../backends/queue/types.ts";
import { formatValue } from "../lib/base/options.ts";
import { ReceivingSocket } from "../lib/sockets/receiving_socket.ts";
import { Replier } from "../lib/sockets/replier.ts";
import { Requester } from "../lib/sockets/requester.ts";
import { SendingSocket } from "../lib/sockets/sending_socket.ts";
import { serverOf, traceBackend } from "./backend.ts";
import { traceQueue } from "./queue.ts";
import { traceReceiving } from "./receiving.ts";
import { traceReplier, traceRequester } from "./requests.ts";
import { traceSending } from "./sending.ts";
import { Spans, type TracingOptions } from "./spans.ts";

const targets = new WeakSet<object>();

/**
 * Has a socket, messaging backend or message queue make OpenTelemetry spans of what it sends, receives and
 * handles, and carry the trace context inside its messages. It is the same object afterwards, of the same
 * type; who receives its messages need not be traced. Doing it twice does no more.
 *
 * Without a tracer provider nothing is recorded, and all works as before.
 *
 * Costs: some microseconds a message, and up to 64 bytes of it, or more with a `tracestate`.
 *
 * @param target A `Publisher`, `Subscriber`, `Pusher`, `Puller`, `Requester`, `Replier`, anything that is a
 * `MessagingBackend`, or a `MessageQueue`.
 * @throws {TypeError} if the target is none of these
 *
 * @example
 * ```ts
 * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
 * import { traced } from "@ringbus/ringbus/otel";
 *
 * using channel = LocalChannel.create();
 * using replier = traced(new Replier<number, number>(channel.handle));
 * using requester = traced(new Requester<number, number>(channel.handle));
 * const stop = new AbortController();
 * const served = replier.serve((n) => n * 2, { signal: stop.signal }); // spans "process"
 * console.log(await requester.request(21)); // 42, and a span "request"
 * stop.abort();
 * await served;
 * ```
 */
export function traced<T extends object>(target: T, options: TracingOptions = {}): T {
  if (targets.has(target)) return target;
  if (target instanceof SendingSocket) traceSending(target, new Spans(options));
  else if (target instanceof ReceivingSocket) traceReceiving(target, new Spans(options));
  else if (target instanceof Requester) traceRequester(target, new Spans(options));
  else if (target instanceof Replier) traceReplier(target, new Spans(options));
  else if (isBackend(target)) traceBackend(target, new Spans(options, () => serverOf(target)));
  else if (isQueue(target)) traceQueue(target, new Spans(options));
  else {
    throw new TypeError(
      `cannot trace ${
        formatValue(target)
      }: pass a socket, a messaging backend or a message queue; for a ` +
        `server there is traceRequests()`,
    );
  }
  targets.add(target);
  return target;
}

function isBackend(target: object): target is MessagingBackend {
  return "storeMessage" in target && "subscribe" in target;
}

function isQueue(target: object): target is MessageQueue {
  return "publish" in target && "acknowledge" in target && "subscribe" in target;
}
