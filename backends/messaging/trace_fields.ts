/**
 * Which trace a backend's calls belong to, for the servers that they go to.
 *
 * @module
 */

/** A W3C trace context as text. */
export interface TraceFields {
  /** Trace, calling span and flags, as in the header of that name. */
  readonly traceparent: string;
  /** What systems of tracing have to add, as in the header of that name. */
  readonly tracestate?: string;
}

/** What carries a backend's calls. */
export type TraceProtocol = "http" | "line";

/** The trace that is active, for a carrier of calls to tell of. */
export type TraceSource = (protocol: TraceProtocol) => TraceFields | undefined;

const sources = new WeakMap<object, TraceSource>();

/** From now on a backend asks `source` at each call, and tells the server. */
export function setTraceFields(backend: object, source: TraceSource): void {
  sources.set(backend, source);
}

/** The trace that a call belongs to which a backend begins now. */
export function traceFieldsOf(backend: object, protocol: TraceProtocol): TraceFields | undefined {
  return sources.get(backend)?.(protocol);
}
