/**
 * Spans of the requests that servers execute.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { type Attributes, context, ROOT_CONTEXT, type Span, SpanKind } from "@opentelemetry/api";
import type {
  RequestObserver,
  RequestOutcome,
  ServedRequest,
} from "../backends/hosting/observer.ts";
import { contextHeadersOf } from "../lib/base/context_headers.ts";
import { contextOf } from "./context.ts";
import { isHttpTraced } from "./runtime.ts";
import { fail, tracerOf, TRACING_CHECKS, type TracingOptions } from "./spans.ts";

const OPTIONS = new OptionRules<TracingOptions>("traceRequests()", TRACING_CHECKS);

/**
 * Makes a span of each request that a server executes, for the `onRequest` option of `SharedMemoryServer`
 * and `EmbeddedServer`. The span's parent is the span that the client sends: in the header `traceparent`,
 * or with the command `TRACE`. Backends with instrumentation send it.
 *
 * Where Deno traces requests itself (`OTEL_DENO`), the HTTP server's spans are children of Deno's spans.
 *
 * A span ends when the response begins: spans of polls and streams do not last until the last message.
 *
 * @example
 * ```ts
 * import { traceRequests } from "@ringbus/ringbus/otel";
 * import { EmbeddedMessagingBackend, EmbeddedServer } from "@ringbus/ringbus/tcp";
 *
 * await using server = new EmbeddedServer({ port: 0, onRequest: traceRequests() });
 * await using backend = new EmbeddedMessagingBackend({ port: await server.start() });
 * await backend.testConnection(); // a span PING, once a tracer provider is registered
 * ```
 */
export function traceRequests(options: TracingOptions = {}): RequestObserver {
  checkNoMore("traceRequests()", arguments, 1);
  OPTIONS.check(options);
  const tracer = tracerOf(options);
  return (request) => {
    const { protocol, operation, route } = request;
    const isWithin = protocol === "http" && isHttpTraced();
    const span = tracer.startSpan(
      route === undefined ? operation : `${operation} ${route}`,
      {
        kind: isWithin ? SpanKind.INTERNAL : SpanKind.SERVER,
        attributes: attributesOf(request),
      },
      isWithin ? context.active() : contextOf(contextHeadersOf(request)) ?? ROOT_CONTEXT,
    );
    return (outcome) => end(span, outcome);
  };
}

function attributesOf({ protocol, operation, route }: ServedRequest): Attributes {
  if (protocol === "http") {
    return {
      "http.request.method": operation,
      ...route !== undefined && { "http.route": route },
    };
  }
  return { "messaging.system": "ringbus", "messaging.operation.name": operation };
}

/** A rejected request is an error of the client, and no error of the server. */
function end(span: Span, { status, refusal, fault }: RequestOutcome): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  else if (refusal !== undefined) span.setAttribute("error.type", "refused");
  if (fault !== undefined) fail(span, fault);
  span.end();
}
