// Traces that cross two processes: this one sends, and another one receives and serves.

import assert from "node:assert/strict";
import { context, propagation } from "@opentelemetry/api";
import {
  GemstoneGenerator,
  Message,
  type MessagingBackend,
  Publisher,
  Pusher,
  Requester,
  ShmMessagingBackend,
} from "../../mod.ts";
import { SharedMemoryMessagingBackend } from "../../backends/http/mod.ts";
import { otelInstrumentation } from "../../otel/mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { EmbeddedMessagingBackend } from "../../backends/tcp/mod.ts";
import { redisServer } from "../../testing/mod.ts";
import { Program } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";
import { inSpan, type SpanLine, Tracing } from "../support/tracing.ts";

const generator = new GemstoneGenerator(1);

async function store(backend: MessagingBackend, topic: string): Promise<void> {
  const message = new Message({
    idObj: generator.getId(),
    sender: { id: "test" },
    topics: topic,
    payload: { of: topic },
  });
  await backend.storeMessage("test", topic, message);
}

/** Calls in a span of its own, with a user in the baggage. */
function inRoot<T>(what: string, call: () => T | Promise<T>): Promise<T> {
  const baggage = propagation.createBaggage({ user: { value: "anna" } });
  const carrying = propagation.setBaggage(context.active(), baggage);
  return context.with(carrying, () => inSpan(`root ${what}`, call));
}

/** Spans of one trace by name, from both processes. */
class Trace {
  readonly #own: SpanLine[];
  readonly #others: SpanLine[];

  constructor(root: string, own: SpanLine[], others: SpanLine[]) {
    const { traceId } = own.find(({ name }) => name === root)!;
    const isOurs = (span: SpanLine) => span.traceId === traceId;
    this.#own = own.filter(isOurs);
    this.#others = others.filter(isOurs);
  }

  own(name: string): SpanLine {
    return the(name, this.#own);
  }

  other(name: string): SpanLine {
    return the(name, this.#others);
  }

  get names(): string[] {
    return [...this.#own, ...this.#others].map(({ name }) => name).sort();
  }
}

function the(name: string, spans: SpanLine[]): SpanLine {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `spans "${name}" among ${spans.map((span) => span.name)}`);
  return found[0];
}

/** Root, sending span and handling span follow from each other, and so does what the handler does. */
function checkChain(trace: Trace, what: string, send: string, kinds: [string, string]): void {
  const root = trace.own(`root ${what}`);
  const sent = trace.own(`${send} ${what}`);
  const handled = trace.other(`process ${what}`);
  const work = trace.other(`work ${what}`);
  assert.equal(root.parentId, undefined);
  assert.equal(sent.parentId, root.spanId);
  assert.equal(handled.parentId, sent.spanId);
  assert.deepEqual(handled.links, [sent.spanId]);
  assert.equal(work.parentId, handled.spanId);
  assert.equal(work.attributes["user"], "anna", "baggage must travel with the message");
  assert.deepEqual([sent.kind, handled.kind], kinds);
  for (const span of [sent, handled]) {
    assert.equal(span.attributes["messaging.system"], "ringbus");
    assert.equal(span.attributes["messaging.destination.name"], what);
    assert.equal(span.status, "UNSET");
  }
  assert.equal(sent.attributes["messaging.operation.type"], "send");
  assert.equal(handled.attributes["messaging.operation.type"], "process");
}

const PATTERN = ["PRODUCER", "CONSUMER"] as [string, string];

Deno.test("traces continue in another process, over every transport", (t) =>
  inScratch(async ({ path: dir }) => {
    await using redis = await redisServer();
    await using peer = new Program(["-A", "tests/support/programs/traced_peer.ts", dir, redis.url]);
    await peer.prints("\n");
    const { serverUrl, port } = JSON.parse(peer.output.split("\n")[0]);
    using tracing = new Tracing();
    const instrumentation = otelInstrumentation();
    {
      using publisher = new Publisher<string>("news", { dir, instrumentation });
      using pusher = new Pusher<{ n: number }>("jobs", { dir, instrumentation });
      using farmer = new Pusher<string>("farm", { dir, instrumentation });
      using lender = new Pusher<Uint8Array>("bytes", { dir, codec: "raw", instrumentation });
      using requester = new Requester<number, number>("ask", { dir, instrumentation });
      await using shm = new ShmMessagingBackend({ name: "messages", dir, instrumentation });
      await using http = new SharedMemoryMessagingBackend({ serverUrl, instrumentation });
      await using tcp = new EmbeddedMessagingBackend({
        port,
        autoStartServer: false,
        instrumentation,
      });
      await using queue = new RedisMessageQueue({ redisUrl: redis.url, instrumentation });
      await queue.initialize();
      await inRoot("news", () => publisher.send("hello"));
      await inRoot("jobs", () => pusher.send({ n: 1 }));
      await inRoot("farm", () => farmer.sendAsync("field"));
      await inRoot("bytes", () => lender.loan(8)!.commit());
      assert.equal(await inRoot("ask", () => requester.request(1)), 2);
      for (const [name, backend] of Object.entries({ shm, http, tcp })) {
        await inRoot(`${name}-topic`, () => store(backend, `${name}-topic`));
        await inRoot(`${name}-topic-values`, () => backend.publish(`${name}-topic-values`, 1));
      }
      await inRoot(
        "tasks",
        () =>
          queue.publish({ channel: "tasks", payload: 1, sourceAgent: "a", targetAgent: "worker" }),
      );
    }
    const others: SpanLine[] = JSON.parse((await peer.lines())[1]);
    const traceOf = (what: string) => new Trace(`root ${what}`, tracing.spans, others);

    await t.step("publish and subscribe", () => {
      checkChain(traceOf("news"), "news", "send", PATTERN);
      const { links, kind, parentId } = traceOf("news").other("receive news");
      const sent = traceOf("news").own("send news");
      assert.deepEqual([links, kind, parentId], [[sent.spanId], "CLIENT", sent.spanId]);
    });
    await t.step("push and pull", () => checkChain(traceOf("jobs"), "jobs", "send", PATTERN));
    await t.step("a loan, received into a buffer", () => {
      checkChain(traceOf("bytes"), "bytes", "send", PATTERN);
      const { parentId } = traceOf("bytes").other("receive bytes");
      assert.equal(parentId, traceOf("bytes").own("send bytes").spanId);
    });
    for (const name of ["shm", "http", "tcp"]) {
      await t.step(`values that a backend publishes, ${name}`, () => {
        const what = `${name}-topic-values`;
        checkChain(traceOf(what), what, "publish", PATTERN);
      });
    }
    await t.step("push and acknowledge", () => {
      const trace = traceOf("farm");
      checkChain(trace, "farm", "send", PATTERN);
      const { kind, links, parentId } = trace.other("ack farm");
      const { spanId } = trace.own("send farm");
      assert.deepEqual([kind, links, parentId], ["CLIENT", [spanId], spanId]);
    });
    await t.step("request and reply", () => {
      const trace = traceOf("ask");
      checkChain(trace, "ask", "request", ["CLIENT", "SERVER"]);
      assert.deepEqual(trace.names, ["process ask", "request ask", "root ask", "work ask"]);
    });
    await t.step(
      "a messaging backend in shared memory",
      () => checkChain(traceOf("shm-topic"), "shm-topic", "store", PATTERN),
    );
    await t.step("a messaging backend through the HTTP server", () => {
      const trace = traceOf("http-topic");
      checkChain(trace, "http-topic", "store", PATTERN);
      const served = trace.other("POST /store_message");
      assert.equal(served.kind, "SERVER");
      assert.equal(served.parentId, trace.own("store http-topic").spanId);
      assert.equal(served.attributes["http.response.status_code"], 200);
      const { attributes } = trace.own("store http-topic");
      const address = `http://${attributes["server.address"]}:${attributes["server.port"]}`;
      assert.equal(address, serverUrl);
    });
    await t.step("a messaging backend through the TCP server", () => {
      const trace = traceOf("tcp-topic");
      checkChain(trace, "tcp-topic", "store", PATTERN);
      const served = trace.other("STORE_MESSAGE");
      assert.equal(served.kind, "SERVER");
      const { spanId, attributes } = trace.own("store tcp-topic");
      assert.equal(served.parentId, spanId);
      assert.deepEqual([attributes["server.address"], attributes["server.port"]], [
        "127.0.0.1",
        port,
      ]);
    });
    await t.step("a message queue on Redis", () => {
      const trace = traceOf("tasks");
      checkChain(trace, "tasks", "publish", PATTERN);
      assert.equal(trace.other("receive tasks").parentId, trace.own("publish tasks").spanId);
      assert.equal(trace.other("acknowledge tasks").parentId, trace.own("publish tasks").spanId);
    });
  }));
