/**
 * Handling received messages in the traces of their senders.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { abortSignal } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { context } from "@opentelemetry/api";
import { ShmClosedError } from "../lib/base/errors.ts";
import { GuardedOperation } from "../lib/base/guarded_instrumentation.ts";
import { type MessageOrigin, runOperation } from "../lib/base/instrumentation.ts";
import { instrumentedReceiverOf, ReceivingSocket } from "../lib/sockets/receiving_socket.ts";
import { contextOf } from "./context.ts";
import { originOf } from "./origins.ts";
import { OperationSpan, tracerOf, TRACING_CHECKS, type TracingOptions } from "./spans.ts";

/** Options of `handleEach`. */
export interface HandleEachOptions extends TracingOptions {
  /** Ends `handleEach`, after the handler that runs. */
  signal?: AbortSignal;
}

const HANDLE_OPTIONS = new OptionRules<TracingOptions>("handle()", TRACING_CHECKS);
const HANDLE_EACH_OPTIONS = new OptionRules<HandleEachOptions>("handleEach()", {
  signal: abortSignal,
  ...TRACING_CHECKS,
});

/**
 * Calls a handler with a message, in a span whose parent is the span that sent the message: what the
 * handler does belongs to the sender's trace. If the sender has no span, the handler's span belongs to the
 * active one, or begins a trace.
 *
 * The message is an object that a socket, backend or queue with instrumentation returned: a value, a
 * `Delivery`, a `MessageView`, the buffer that `tryRecvInto` filled, a `Message`, a record of a queue. A
 * string or a number has no identity, so that its sender is unknown: handle those with `handleEach`.
 *
 * @returns what the handler returns
 * @throws what the handler throws, which is recorded on the span
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 * import { handle, otelInstrumentation } from "@ringbus/ringbus/otel";
 *
 * const instrumentation = otelInstrumentation();
 * using channel = LocalChannel.create();
 * using pusher = new Pusher<{ n: number }>(channel.handle, { instrumentation });
 * using puller = new Puller<{ n: number }>(channel.handle, { instrumentation });
 * pusher.send({ n: 20 });
 * const job = await puller.recv();
 * console.log(handle(job, ({ n }) => n + 1)); // 21
 * ```
 */
export function handle<M, R>(
  message: M,
  handler: (message: M) => R,
  options: TracingOptions = {},
): R {
  checkNoMore("handle()", arguments, 3);
  HANDLE_OPTIONS.check(options);
  return process(message, originOf(message), handler, options);
}

/**
 * Receives from a subscriber or puller that has instrumentation, and handles the messages as `handle` does,
 * one after the other, until the signal aborts or the socket is closed. Any other source of messages, such
 * as the subscription of a queue, is read to its end.
 *
 * @throws {TypeError} if the source is a socket without instrumentation
 * @throws what a handler throws, which ends `handleEach`
 *
 * @example
 * ```ts
 * import { LocalChannel, Publisher, Subscriber } from "@ringbus/ringbus";
 * import { handleEach, otelInstrumentation } from "@ringbus/ringbus/otel";
 *
 * const instrumentation = otelInstrumentation();
 * using channel = LocalChannel.create();
 * using subscriber = new Subscriber<string>(channel.handle, { instrumentation });
 * using publisher = new Publisher<string>(channel.handle, { instrumentation });
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
  checkNoMore("handleEach()", arguments, 3);
  HANDLE_EACH_OPTIONS.check(options);
  for await (const { value, origin } of receiveEach(source, options.signal)) {
    await process(value, origin, handler, options);
  }
}

interface Received<M> {
  readonly value: M;
  readonly origin: MessageOrigin | undefined;
}

async function* receiveEach<M>(
  source: AsyncIterable<M>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Received<M>> {
  if (source instanceof ReceivingSocket) {
    yield* receiveFrom(source as ReceivingSocket<M>, signal);
    return;
  }
  for await (const value of source) {
    yield { value, origin: originOf(value) };
    if (signal?.aborted) return;
  }
}

async function* receiveFrom<M>(
  socket: ReceivingSocket<M>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Received<M>> {
  const receiver = instrumentedReceiverOf(socket);
  if (receiver === undefined) {
    throw new TypeError(
      `cannot handle messages of channel "${socket.name}": its socket has no instrumentation; open it ` +
        `with { instrumentation: otelInstrumentation() }`,
    );
  }
  while (!signal?.aborted && !socket.closed) {
    try {
      yield await receiver.receiveMessage({ signal });
    } catch (error) {
      if (signal?.aborted || error instanceof ShmClosedError) return;
      throw error;
    }
  }
}

function process<M, R>(
  message: M,
  origin: MessageOrigin | undefined,
  handler: (message: M) => R,
  options: TracingOptions,
): R {
  const { headers, messageId, destination = "" } = origin ?? {};
  const parent = contextOf(headers) ?? context.active();
  const operation = new OperationSpan(
    tracerOf(options),
    {
      name: "process",
      type: "process",
      kind: "consumer",
      destination,
      messageId,
      origins: [headers],
    },
    parent,
    { current: undefined },
  );
  return runOperation(new GuardedOperation(operation), () => handler(message));
}
