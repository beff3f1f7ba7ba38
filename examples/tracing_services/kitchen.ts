// Does the jobs of the queue. What it returns goes to desk.ts. It runs until SIGTERM:
//   OTEL_DENO=true OTEL_SERVICE_NAME=kitchen deno run --allow-ffi examples/tracing_services/kitchen.ts
import { trace } from "@opentelemetry/api";
import { ShmMessageQueue } from "@ringbus/ringbus";
import { otelInstrumentation } from "@ringbus/ringbus/otel";

const tracer = trace.getTracer("kitchen");
await using queue = new ShmMessageQueue({
  name: "example-traced-jobs",
  instrumentation: otelInstrumentation(),
});
await queue.initialize();

const cook = queue.worker<{ order: string }>(
  "cook",
  "kitchen",
  ({ payload: { order } }) =>
    tracer.startActiveSpan("cook", (span) => { // its parents: "process" of the job, "publish" of desk.ts
      span.end();
      return `hot ${order}`;
    }),
);
await cook.ready;
console.log("open");
await cook.closed;
