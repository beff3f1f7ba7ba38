/**
 * Trace contexts as text: the W3C fields `traceparent` and `tracestate`.
 *
 * @module
 */

import { type Context, ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { TraceFields } from "../backends/messaging/trace_fields.ts";

/** Longest `tracestate` that is passed on, in characters; the standard asks for as much. */
const MAX_STATE_LENGTH = 512;

const propagator = new W3CTraceContextPropagator();

const setter = {
  set(carrier: Record<string, string>, key: string, value: string): void {
    carrier[key] = value;
  },
};

const getter = {
  keys: (carrier: Partial<TraceFields>) => Object.keys(carrier),
  get: (carrier: Partial<TraceFields>, key: string) => carrier[key as keyof TraceFields],
};

/** The fields of a context; undefined if it belongs to no trace. */
export function fieldsOf(context: Context): TraceFields | undefined {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, setter);
  const { traceparent, tracestate } = carrier;
  if (traceparent === undefined) return undefined;
  // A state may be cut at any of its entries, or left out.
  const isShort = tracestate !== undefined && tracestate.length <= MAX_STATE_LENGTH;
  return isShort ? { traceparent, tracestate } : { traceparent };
}

/** The context that fields stand for; undefined if they are none, or malformed. */
export function contextOf(fields: { traceparent?: unknown; tracestate?: unknown }):
  | Context
  | undefined {
  const { traceparent, tracestate } = fields;
  if (typeof traceparent !== "string") return undefined;
  const carrier = { traceparent, ...typeof tracestate === "string" && { tracestate } };
  const context = propagator.extract(ROOT_CONTEXT, carrier, getter);
  return spanContextOf(context) && context;
}

/** The span that a context is of, if there is one. */
export function spanContextOf(context: Context | undefined): SpanContext | undefined {
  return context && trace.getSpanContext(context);
}

/** The fields of a context as one line each, for a note. */
export function headerOf(context: Context): string | undefined {
  const fields = fieldsOf(context);
  if (fields === undefined) return undefined;
  const { traceparent, tracestate } = fields;
  return tracestate === undefined ? traceparent : `${traceparent}\n${tracestate}`;
}

/** The context that a note tells of, if it does. */
export function contextOfHeader(header: string): Context | undefined {
  const [traceparent, tracestate] = header.split("\n");
  return contextOf({ traceparent, tracestate });
}
