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

const sources = new WeakMap<object, () => TraceFields | undefined>();

/** From now on a backend asks `source` at each call, and tells the server. */
export function setTraceFields(backend: object, source: () => TraceFields | undefined): void {
  sources.set(backend, source);
}

/** The trace that a call belongs to which a backend begins now. */
export function traceFieldsOf(backend: object): TraceFields | undefined {
  return sources.get(backend)?.();
}
