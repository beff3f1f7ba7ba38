/**
 * The instrumentation that makes OpenTelemetry spans.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { type Context, context, ROOT_CONTEXT, type Tracer } from "@opentelemetry/api";
import type { ContextHeaders } from "../lib/base/context_headers.ts";
import type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
} from "../lib/base/instrumentation.ts";
import { contextOf, headersOf, spanContextOf } from "./context.ts";
import { setOrigin } from "./origins.ts";
import { isHttpTraced } from "./runtime.ts";
import {
  OperationSpan,
  type RunningContext,
  tracerOf,
  TRACING_CHECKS,
  type TracingOptions,
} from "./spans.ts";

const OPTIONS = new OptionRules<TracingOptions>("otelInstrumentation()", TRACING_CHECKS);

/**
 * Makes an instrumentation that reports OpenTelemetry spans. Pass it as the option `instrumentation` of a
 * socket, a messaging backend or a message queue. One instrumentation serves any number of them.
 *
 * A span is made of each send, receive, handling and settling. The trace context and the baggage travel
 * with the messages, in the W3C formats; a receiver without instrumentation gets the same values as ever.
 * Without a tracer provider no span is recorded.
 *
 * Costs: some microseconds a message, and about 72 bytes of it, more with a `tracestate` or baggage.
 *
 * @example
 * ```ts
 * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
 * import { otelInstrumentation } from "@ringbus/ringbus/otel";
 *
 * const instrumentation = otelInstrumentation();
 * using channel = LocalChannel.create();
 * using replier = new Replier<number, number>(channel.handle, { instrumentation });
 * using requester = new Requester<number, number>(channel.handle, { instrumentation });
 * const stop = new AbortController();
 * const served = replier.serve((n) => n * 2, { signal: stop.signal }); // spans "process"
 * console.log(await requester.request(21)); // 42, and a span "request"
 * stop.abort();
 * await served;
 * ```
 */
export function otelInstrumentation(options: TracingOptions = {}): Instrumentation {
  checkNoMore("otelInstrumentation()", arguments, 1);
  OPTIONS.check(options);
  return new OtelInstrumentation(tracerOf(options));
}

class OtelInstrumentation implements Instrumentation {
  readonly #tracer: Tracer;
  readonly #running: RunningContext = { current: undefined };

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin(operation: MessageOperation): OngoingOperation {
    return new OperationSpan(this.#tracer, operation, parentOf(operation), this.#running);
  }

  received(value: object, origin: MessageOrigin): void {
    setOrigin(value, origin);
  }

  callHeaders(protocol: "http" | "line"): ContextHeaders | undefined {
    if (protocol === "http" && isHttpTraced()) return undefined;
    return headersOf(this.#running.current ?? context.active());
  }
}

/**
 * The context that an operation belongs to. A handler belongs to the sender's trace: the context that is
 * active where a backend calls it is that of some other call.
 */
function parentOf({ type, origins = [] }: MessageOperation): Context {
  const origin = origins.length === 1 ? contextOf(origins[0]) : undefined;
  if (type === "process") return origin ?? ROOT_CONTEXT;
  const active = context.active();
  return spanContextOf(active) === undefined ? origin ?? active : active;
}
