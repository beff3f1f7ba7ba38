// Tells prices to shop.ts and packs what it sells, in spans of the shop's traces. Run it until Ctrl-C; Deno
// exports the spans itself, here to the console, else to a collector at OTEL_EXPORTER_OTLP_ENDPOINT:
//   OTEL_DENO=true OTEL_EXPORTER_OTLP_PROTOCOL=console deno run --allow-ffi examples/tracing/worker.ts
import { trace } from "@opentelemetry/api";
import { Puller, Replier } from "@ringbus/ringbus";
import { handle, traced } from "@ringbus/ringbus/otel";

const PRICES: Record<string, number> = { apple: 2, pear: 3 };
const tracer = trace.getTracer("worker");
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using prices = traced(new Replier<string, number>("example-prices"));
using orders = traced(new Puller<{ item: string; count: number }>("example-orders", { ack: true }));
console.log("open");

const served = prices.serve((item) => {
  if (!(item in PRICES)) throw new RangeError(`there is no ${item}`);
  return PRICES[item];
}, { signal: stop.signal });

try {
  while (true) {
    using order = await orders.recv({ signal: stop.signal }); // comes again unless it is acknowledged
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
