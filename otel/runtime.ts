/**
 * The spans that Deno makes itself.
 *
 * @module
 */

import { trace } from "@opentelemetry/api";

/**
 * True if Deno makes spans of `fetch` and of `Deno.serve`, which `OTEL_DENO` enables. Deno then sets and
 * reads the headers itself; a second header of the same name would make both invalid.
 */
export function isHttpTraced(): boolean {
  return trace.getTracerProvider() === Deno.telemetry.tracerProvider;
}
