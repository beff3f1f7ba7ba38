/**
 * OpenTelemetry spans of messages that are sent, received, handled and served, in traces that cross
 * processes: the trace context and the baggage travel with the messages.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 * import { handleEach, otelInstrumentation } from "@ringbus/ringbus/otel";
 *
 * const instrumentation = otelInstrumentation();
 * using channel = LocalChannel.create();
 * using pusher = new Pusher<string>(channel.handle, { instrumentation });
 * using puller = new Puller<string>(channel.handle, { instrumentation });
 * pusher.send("hello"); // a span "send", whose context travels with the message
 * await handleEach(puller, (text) => {
 *   console.log(text); // in a span "process", a child of "send"
 *   puller.close();
 * });
 * ```
 *
 * @module
 */

export type {
  RequestObserver,
  RequestOutcome,
  ServedRequest,
} from "../backends/hosting/observer.ts";
export type { ContextHeaders } from "../lib/base/context_headers.ts";
export type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
  OperationResult,
  Origins,
} from "../lib/base/instrumentation.ts";
export { handle, handleEach, type HandleEachOptions } from "./handle.ts";
export { otelInstrumentation } from "./instrumentation.ts";
export { traceRequests } from "./served.ts";
export type { TracerProvider, TracingOptions } from "./spans.ts";
