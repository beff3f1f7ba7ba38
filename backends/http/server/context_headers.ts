/**
 * The trace context and baggage of a request.
 *
 * @module
 */

import { type ContextHeaders, contextHeadersOf } from "../../../lib/base/context_headers.ts";

/** Reads the trace context and baggage among the headers of a request. */
export function readContextHeaders(headers: Headers): ContextHeaders | undefined {
  return contextHeadersOf({
    traceparent: headers.get("traceparent"),
    tracestate: headers.get("tracestate"),
    baggage: headers.get("baggage"),
  });
}
