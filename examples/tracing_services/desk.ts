// Passes each order on to the kitchen as a job of a queue, and serves what the kitchen returns. It runs until
// Ctrl-C:
//   OTEL_DENO=true OTEL_SERVICE_NAME=desk deno run --allow-ffi examples/tracing_services/desk.ts
import { Pusher, ShmMessageQueue, Subscriber } from "@ringbus/ringbus";
import { handleEach, otelInstrumentation } from "@ringbus/ringbus/otel";

const instrumentation = otelInstrumentation();
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

await using queue = new ShmMessageQueue({ name: "example-traced-jobs", instrumentation });
await queue.initialize();
using orders = new Subscriber<string>("example-traced-orders", { instrumentation });
using served = new Pusher<{ dish: string }>("example-traced-served", { instrumentation });
console.log("open");

await handleEach(orders, async (order) => { // in a span "process", a child of the counter's "send"
  const dish = await queue.publishAndWait<string>({ // a span "publish"
    channel: "cook",
    payload: { order },
    sourceAgent: "desk",
    targetAgent: "kitchen",
  }, { timeoutMs: 60_000 });
  served.send({ dish }); // a span "send"
}, { signal: stop.signal });
Deno.exit();
