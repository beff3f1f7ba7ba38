/**
 * The receiving side of everything that can be traced, with both servers. It tells where they listen, and
 * once it has handled a message of each kind, its spans.
 *
 * @module
 */

import { type Message, Puller, Replier, ShmMessagingBackend, Subscriber } from "../../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../../backends/http/mod.ts";
import { handle, handleEach, traced, traceRequests } from "../../../otel/mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { inSpan, Tracing } from "../tracing.ts";

const [dir, redisUrl] = Deno.args;
using tracing = new Tracing();
using subscriber = traced(new Subscriber<string>("news", { dir }));
using puller = traced(new Puller<{ n: number }>("jobs", { dir }));
using farm = traced(new Puller<string>("farm", { dir, ack: true }));
using replier = traced(new Replier<number, number>("ask", { dir }));
await using shm = traced(new ShmMessagingBackend({ name: "messages", dir }));
await using httpServer = new SharedMemoryServer({ onRequest: traceRequests() });
const serverUrl = await httpServer.start();
await using http = traced(new SharedMemoryMessagingBackend({ serverUrl }));
await using tcpServer = new EmbeddedServer({ port: 0, onRequest: traceRequests() });
const port = await tcpServer.start();
await using tcp = traced(new EmbeddedMessagingBackend({ port, autoStartServer: false }));
await using queue = traced(new RedisMessageQueue({ redisUrl }));
await queue.initialize();
const subscription = queue.subscribe("tasks", "worker");
await subscription.ready;

const work = (what: string) => inSpan(`work ${what}`, () => {});
/** Handles the first message of a backend. */
async function first(backend: typeof shm | typeof http | typeof tcp, topic: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  await backend.subscribe(topic, async (_message: Message) => {
    await work(topic);
    resolve();
  });
  return { handled: promise };
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
