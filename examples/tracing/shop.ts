// Sells two apples, and fails to sell a melon: each is a trace that continues in worker.ts. Start that first:
//   OTEL_DENO=true OTEL_EXPORTER_OTLP_PROTOCOL=console deno run --allow-ffi examples/tracing/shop.ts
import { trace } from "@opentelemetry/api";
import { Pusher, Requester } from "@ringbus/ringbus";
import { otelInstrumentation } from "@ringbus/ringbus/otel";

const instrumentation = otelInstrumentation();
using prices = new Requester<string, number>("example-prices", { instrumentation });
using orders = new Pusher<{ item: string; count: number }>("example-orders", { instrumentation });
const tracer = trace.getTracer("shop");

async function sell(item: string, count: number): Promise<void> {
  await tracer.startActiveSpan(`sell ${item}`, async (span) => {
    try {
      const price = await prices.request(item, { timeoutMs: 10_000 }); // a span "request"
      orders.send({ item, count }); // a span "send"
      console.log(`sold ${count} ${item} for ${price * count}`);
    } catch (error) {
      console.log(`not sold: ${(error as Error).message}`);
    } finally {
      span.end();
    }
  });
}

await sell("apple", 2);
await sell("melon", 1);
