/**
 * The receiving side of everything that can be traced, with both servers. It prints their addresses, and,
 * once it has handled a message of each kind, its spans.
 *
 * @module
 */

import { propagation, trace } from "@opentelemetry/api";
import { type Message, Puller, Replier, ShmMessagingBackend, Subscriber } from "../../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../backends/http/mod.ts";
import { handle, handleEach, otelInstrumentation, traceRequests } from "../../../otel/mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { until } from "../deadline.ts";
import { inSpan, Tracing } from "../tracing.ts";

const [dir, redisUrl] = Deno.args;
using tracing = new Tracing();
const instrumentation = otelInstrumentation();
using subscriber = new Subscriber<string>("news", { dir, instrumentation });
using puller = new Puller<{ n: number }>("jobs", { dir, instrumentation });
using bytes = new Puller<Uint8Array>("bytes", { dir, codec: "raw", instrumentation });
using farm = new Puller<string>("farm", { dir, ack: true, instrumentation });
using replier = new Replier<number, number>("ask", { dir, instrumentation });
await using shm = new ShmMessagingBackend({ name: "messages", dir, instrumentation });
await using httpServer = new SharedMemoryServer({ onRequest: traceRequests() });
const serverUrl = await httpServer.start();
await using http = new SharedMemoryMessagingBackend({ serverUrl, instrumentation });
await using tcpServer = new EmbeddedServer({ port: 0, onRequest: traceRequests() });
const port = await tcpServer.start();
await using tcp = new EmbeddedMessagingBackend({ port, autoStartServer: false, instrumentation });
await using queue = new RedisMessageQueue({ redisUrl, instrumentation });
await queue.initialize();
const subscription = queue.subscribe("tasks", "worker");
await subscription.ready;

/** Works in a span whose attribute is the user from the baggage. */
const work = (what: string) =>
  inSpan(`work ${what}`, () => {
    const user = propagation.getActiveBaggage()?.getEntry("user")?.value;
    trace.getActiveSpan()!.setAttribute("user", String(user));
  });
/** Handles the first message of a backend. */
async function first(backend: typeof shm | typeof http | typeof tcp, topic: string) {
  const stored = Promise.withResolvers<void>();
  const published = Promise.withResolvers<void>();
  await backend.subscribe(topic, async (_message: Message) => {
    await work(topic);
    stored.resolve();
  });
  await backend.subscribe(`${topic}-values`, () => {}, {
    onPublished: async () => {
      await work(`${topic}-values`);
      published.resolve();
    },
  });
  return { handled: Promise.all([stored.promise, published.promise]) };
}
const topics = await Promise.all([
  first(shm, "shm-topic"),
  first(http, "http-topic"),
  first(tcp, "tcp-topic"),
]);
console.log(JSON.stringify({ serverUrl, port }));

const stop = new AbortController();
await Promise.all([
  handleEach(subscriber, async () => {
    await work("news");
    subscriber.close();
  }),
  (async () => handle(await puller.recv(), () => work("jobs")))(),
  (async () => {
    const target = new Uint8Array(8);
    await until(() => bytes.tryRecvInto(target) >= 0, "a message of bytes");
    await handle(target, () => work("bytes"));
  })(),
  (async () => {
    using delivery = await farm.recv();
    await handle(delivery, () => work("farm"));
    delivery.ack();
  })(),
  replier.serve(async (n) => {
    await work("ask");
    stop.abort();
    return n + 1;
  }, { signal: stop.signal }),
  (async () => {
    for await (const record of subscription) {
      await handle(record, () => work("tasks"));
      await queue.acknowledge(record);
      break;
    }
  })(),
  ...topics.map(({ handled }) => handled),
]);
console.log(JSON.stringify(tracing.spans));
