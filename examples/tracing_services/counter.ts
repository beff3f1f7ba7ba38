// Publishes an order, and waits until it is served. It is the first process of a trace across three: start
// desk.ts and kitchen.ts before it. Deno sends the spans to the collector at OTEL_EXPORTER_OTLP_ENDPOINT,
// by default to http://localhost:4318:
//   OTEL_DENO=true OTEL_SERVICE_NAME=counter deno run --allow-ffi examples/tracing_services/counter.ts
import { trace } from "@opentelemetry/api";
import { Publisher, Puller } from "@ringbus/ringbus";
import { handle, otelInstrumentation } from "@ringbus/ringbus/otel";

const instrumentation = otelInstrumentation();
using orders = new Publisher<string>("example-traced-orders", { instrumentation });
using served = new Puller<{ dish: string }>("example-traced-served", { instrumentation });

await trace.getTracer("counter").startActiveSpan("order", async (span) => {
  orders.send("soup"); // a span "send"
  const reply = await served.recv({ timeoutMs: 60_000 }); // a span "receive"
  handle(reply, ({ dish }) => console.log(`served: ${dish}`)); // a span "process"
  span.end();
});
