/**
 * The trace context that a backend sends with its calls.
 *
 * @module
 */

/** A W3C trace context as text. */
export interface TraceFields {
  /** Trace, parent span and flags, as in the header of that name. */
  readonly traceparent: string;
  /** Data of tracing systems, as in the header of that name. */
  readonly tracestate?: string;
}

/** The protocol of a backend's calls. */
export type TraceProtocol = "http" | "line";

/** Returns the active trace context. */
export type TraceSource = (protocol: TraceProtocol) => TraceFields | undefined;

const sources = new WeakMap<object, TraceSource>();

/** Makes a backend send the trace context of `source` with each call. */
export function setTraceFields(backend: object, source: TraceSource): void {
  sources.set(backend, source);
}

/** The trace context for a call that a backend starts. */
export function traceFieldsOf(backend: object, protocol: TraceProtocol): TraceFields | undefined {
  return sources.get(backend)?.(protocol);
}
