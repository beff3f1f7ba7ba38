/**
 * The headers of W3C Trace Context and W3C Baggage, which travel with messages.
 *
 * @module
 */

/** The context of the operation that sent a message: its trace, and its baggage. */
export interface ContextHeaders {
  /** Trace id, span id and flags of the sender. */
  readonly traceparent?: string;
  /** Data that tracing systems add to `traceparent`. */
  readonly tracestate?: string;
  /** Key-value pairs that the application passes along. */
  readonly baggage?: string;
}

/** An object whose properties may include the headers, such as the metadata of a queue's record. */
export type HeaderCarrier = { readonly [Name in keyof ContextHeaders]?: unknown };

/** Version, trace id, span id and flags. An id of zeros, and version ff, are invalid. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** Reads the headers among the properties of an object. Undefined if it has no valid one. */
export function contextHeadersOf(carrier: HeaderCarrier): ContextHeaders | undefined {
  const { traceparent, tracestate, baggage } = carrier;
  const headers: { -readonly [Name in keyof ContextHeaders]: ContextHeaders[Name] } = {};
  if (typeof traceparent === "string" && TRACEPARENT.test(traceparent)) {
    headers.traceparent = traceparent;
    if (isText(tracestate)) headers.tracestate = tracestate;
  }
  if (isText(baggage)) headers.baggage = baggage;
  return headers.traceparent === undefined && headers.baggage === undefined ? undefined : headers;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Writes headers as text: a line `name:value` for each. */
export function formatContextHeaders(headers: ContextHeaders): string {
  return Object.entries(headers).map(([name, value]) => `${name}:${value}`).join("\n");
}

/** Reads what `formatContextHeaders` wrote. Undefined if the text has no valid header. */
export function parseContextHeaders(text: string): ContextHeaders | undefined {
  const lines = text.split("\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  });
  return contextHeadersOf(Object.fromEntries(lines));
}
