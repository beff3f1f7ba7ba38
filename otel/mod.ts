/**
 * OpenTelemetry spans of what is sent, received, handled and served, in traces that cross processes: the
 * context travels inside the messages.
 *
 * @example
 * ```ts
 * import { LocalChannel, Pusher, Puller } from "@ringbus/ringbus";
 * import { handleEach, traced } from "@ringbus/ringbus/otel";
 *
 * using channel = LocalChannel.create();
 * using pusher = traced(new Pusher<string>(channel.handle));
 * using puller = traced(new Puller<string>(channel.handle));
 * pusher.send("hello"); // a span "send", whose context goes with the message
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
export { handle, handleEach, type HandleEachOptions } from "./handle.ts";
export { traceRequests } from "./served.ts";
export type { TracerProvider, TracingOptions } from "./spans.ts";
export { traced } from "./traced.ts";
