// Replies to shop.ts with prices and packs its orders, in spans of the shop's traces. It runs until Ctrl-C.
// Deno exports the spans itself: here to the console, by default to OTEL_EXPORTER_OTLP_ENDPOINT.
//   OTEL_DENO=true OTEL_EXPORTER_OTLP_PROTOCOL=console deno run --allow-ffi examples/tracing/worker.ts
import { trace } from "@opentelemetry/api";
import { Puller, Replier } from "@ringbus/ringbus";
import { handle, otelInstrumentation } from "@ringbus/ringbus/otel";

const instrumentation = otelInstrumentation();
const PRICES: Record<string, number> = { apple: 2, pear: 3 };
const tracer = trace.getTracer("worker");
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using prices = new Replier<string, number>("example-prices", { instrumentation });
using orders = new Puller<{ item: string; count: number }>("example-orders", {
  ack: true,
  instrumentation,
});
console.log("open");

const served = prices.serve((item) => {
  if (!(item in PRICES)) throw new RangeError(`there is no ${item}`);
  return PRICES[item];
}, { signal: stop.signal });

try {
  while (true) {
    // An order that is not acknowledged is delivered again.
    using order = await orders.recv({ signal: stop.signal });
    handle(order, ({ value: { item, count } }) => {
      tracer.startActiveSpan("pack", (span) => { // a child of the span "process example-orders"
        console.log(`packed ${count} ${item}`);
        span.end();
      });
    });
    order.ack();
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
await served;
Deno.exit();
