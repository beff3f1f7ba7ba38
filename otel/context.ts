/**
 * Conversion between OpenTelemetry contexts and the headers that travel with messages.
 *
 * @module
 */

import { type Context, ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import { W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { type ContextHeaders, contextHeadersOf } from "../lib/base/context_headers.ts";

/** Longest `tracestate` that is sent, in characters. The standard requires as much. */
const MAX_STATE_LENGTH = 512;

const traceContext = new W3CTraceContextPropagator();
const baggage = new W3CBaggagePropagator();

const setter = {
  set(carrier: Record<string, string>, key: string, value: string): void {
    carrier[key] = value;
  },
};

const getter = {
  keys: (carrier: ContextHeaders) => Object.keys(carrier),
  get: (carrier: ContextHeaders, key: string) => carrier[key as keyof ContextHeaders],
};

/** The headers of a context. Undefined if the context has no trace and no baggage. */
export function headersOf(context: Context): ContextHeaders | undefined {
  const carrier: Record<string, string> = {};
  traceContext.inject(context, carrier, setter);
  baggage.inject(context, carrier, setter);
  // The standard allows to drop a tracestate that is too long.
  if ((carrier["tracestate"]?.length ?? 0) > MAX_STATE_LENGTH) delete carrier["tracestate"];
  return contextHeadersOf(carrier);
}

/** The context that headers describe. Undefined if there are no headers. */
export function contextOf(headers: ContextHeaders | undefined): Context | undefined {
  if (headers === undefined) return undefined;
  const context = traceContext.extract(ROOT_CONTEXT, headers, getter);
  return baggage.extract(context, headers, getter);
}

/** The span of a context, if it has one. */
export function spanContextOf(context: Context | undefined): SpanContext | undefined {
  return context && trace.getSpanContext(context);
}
