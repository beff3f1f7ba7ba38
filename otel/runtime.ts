/**
 * What Deno traces by itself.
 *
 * @module
 */

import { trace } from "@opentelemetry/api";

/**
 * True if Deno makes spans of `fetch` and of `Deno.serve`, which `OTEL_DENO` asks for: it then sets and
 * reads the headers too, and ours beside them would make both invalid.
 */
export function isHttpTraced(): boolean {
  return trace.getTracerProvider() === Deno.telemetry.tracerProvider;
}
