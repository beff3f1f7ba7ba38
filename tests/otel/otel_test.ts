// Tracing in one process: what becomes spans, what they contain, and that none is left open.

import assert from "node:assert/strict";
import { context, createTraceState, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  type Delivery,
  GemstoneGenerator,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  LocalChannel,
  Message,
  type MessageInit,
  type MessagingBackend,
  Publisher,
  Puller,
  Pusher,
  type RedisLikeBackend,
  Replier,
  Requester,
  ShmBufferFullError,
  ShmRemoteError,
  ShmTimeoutError,
  Subscriber,
} from "../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import {
  handle,
  handleEach,
  type Instrumentation,
  otelInstrumentation,
  traceRequests,
} from "../../otel/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../backends/tcp/mod.ts";
import { Store } from "../../backends/store/store.ts";
import { until } from "../support/deadline.ts";
import { LineClient } from "../support/line_client.ts";
import { inSpan, type SpanLine, Tracing } from "../support/tracing.ts";

const REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";
const REMOTE_SPAN = "b7ad6b7169203331";

const generator = new GemstoneGenerator(7);

type AnyBackend = MessagingBackend & Pick<RedisLikeBackend, "publish">;

function message(init: Partial<MessageInit> = {}): Message {
  const id = generator.getId();
  return new Message({ idObj: id, sender: { id: "a" }, topics: "t", payload: {}, ...init });
}

/** Runs a test with an SDK, on a channel; no span may stay open. */
function tracingTest(
  name: string,
  test: (tracing: Tracing, channel: LocalChannel) => void | Promise<void>,
): void {
  Deno.test(name, async () => {
    using tracing = new Tracing();
    using channel = LocalChannel.create({ capacityBytes: 4096 });
    await test(tracing, channel);
    assert.equal(tracing.open, 0, "spans were left open");
  });
}

/** Options with an instrumentation of the test's own. */
function traced<const O extends object>(
  options: O = {} as O,
): O & { instrumentation: Instrumentation } {
  return { ...options, instrumentation: otelInstrumentation() };
}

/** Calls with baggage in the active context. */
function withBaggage<T>(user: string, call: () => T): T {
  const baggage = propagation.createBaggage({ user: { value: user } });
  return context.with(propagation.setBaggage(context.active(), baggage), call);
}

/** The user in the baggage of the active context. */
function activeUser(): string | undefined {
  return propagation.getActiveBaggage()?.getEntry("user")?.value;
}

function names(tracing: Tracing): string[] {
  return tracing.spans.map((span) => span.name);
}

function batchOf(span: SpanLine): unknown {
  return span.attributes["messaging.batch.message_count"];
}

Deno.test("without an SDK everything works, and messages carry nothing", async () => {
  using channel = LocalChannel.create();
  using pusher = new Pusher<string>(channel.handle, traced());
  using puller = new Puller<string>(channel.handle, traced());
  pusher.send("a");
  assert.equal(pusher.statistics().bytes, 2);
  assert.equal(puller.tryRecv(), "a");
  assert.equal(puller.tryRecv(), undefined);
  assert.equal(handle("b", (text) => text + "c"), "bc");
  await using backend = new InMemoryMessagingBackend(traced());
  await backend.storeMessage("n", "t", message());
  const [stored] = await backend.getMessagesForTopic("t");
  assert.equal(Object.hasOwn(stored.toObject(), "traceparent"), false);
});

tracingTest(
  "with an SDK and without a context manager traces go on all the same",
  async (tracing, channel) => {
    context.disable();
    using pusher = new Pusher<string>(channel.handle, traced());
    using puller = new Puller<string>(channel.handle, traced());
    pusher.send("a");
    await handleEach(puller, () => puller.close());
    assert.equal(tracing.one("process local").parentId, tracing.one("send local").spanId);
  },
);

tracingTest(
  "a receiver that is not traced receives what a traced sender sends",
  (tracing, channel) => {
    using subscriber = new Subscriber<unknown>(channel.handle);
    using publisher = new Publisher<unknown>(channel.handle, traced());
    publisher.send({ a: 1 });
    publisher.send(new Float32Array([1]));
    assert.deepEqual(subscriber.drain(), [{ a: 1 }, new Float32Array([1])]);
    assert.deepEqual(names(tracing), ["send local", "send local"]);
  },
);

tracingTest("a message without a context begins a new trace", async (tracing, channel) => {
  using pusher = new Pusher<unknown>(channel.handle);
  using puller = new Puller<unknown>(channel.handle, traced());
  pusher.sendMany([{ n: 1 }, 2]);
  handle(await puller.recv(), () => {});
  await handleEach(puller, () => puller.close());
  const [first, handled, second, last] = tracing.spans;
  for (const span of [first, handled, second, last]) {
    assert.deepEqual([span.parentId, span.links], [undefined, []]);
  }
  assert.equal(new Set(tracing.spans.map(({ traceId }) => traceId)).size, 4);
});

tracingTest(
  "a batch is one span, with a link to the sender of each message",
  (tracing, channel) => {
    using one = new Pusher<number>(channel.handle, traced());
    using two = new Pusher<number>(channel.handle, traced());
    using puller = new Puller<number>(channel.handle, traced());
    assert.equal(one.sendMany([1, 2]), 2);
    two.send(3);
    assert.deepEqual(puller.drain(), [1, 2, 3]);
    assert.deepEqual(puller.drain(), []);
    const [many, single, received] = tracing.spans;
    assert.deepEqual(names(tracing), ["send local", "send local", "receive local"]);
    assert.deepEqual([batchOf(many), batchOf(single), batchOf(received)], [2, undefined, 3]);
    assert.deepEqual(received.links, [many.spanId, many.spanId, single.spanId]);
    assert.equal(received.parentId, undefined);
  },
);

tracingTest(
  "receiving in a span of one's own belongs to that, and links to the sender",
  async (tracing, channel) => {
    using pusher = new Pusher<number>(channel.handle, traced());
    using puller = new Puller<number>(channel.handle, traced());
    pusher.send(1);
    await inSpan("poll", () => puller.recvSync());
    const { parentId, links } = tracing.one("receive local");
    assert.equal(parentId, tracing.one("poll").spanId);
    assert.deepEqual(links, [tracing.one("send local").spanId]);
  },
);

tracingTest(
  "the span of a message that a full ring rejects has an error",
  async (tracing, channel) => {
    using pusher = new Pusher<string>(channel.handle, traced());
    const text = "x".repeat(900);
    while (pusher.send(text));
    assert.throws(() => pusher.sendSync(text, { timeoutMs: 1 }), ShmBufferFullError);
    await assert.rejects(pusher.sendAsync(text, { timeoutMs: 1 }), ShmBufferFullError);
    assert.equal(pusher.sendMany([text, text]), 0);
    const rejected = tracing.spans.filter(({ status }) => status === "ERROR");
    const errors = rejected.map(({ attributes }) => attributes["error.type"]);
    assert.deepEqual(errors, ["full", "ShmBufferFullError", "ShmBufferFullError", "full"]);
  },
);

tracingTest(
  "a value that cannot be encoded is an error of its span, and of the caller",
  (tracing, channel) => {
    using pusher = new Pusher<unknown>(channel.handle, traced());
    assert.throws(() => pusher.send(() => {}), /cannot be encoded/);
    assert.throws(() => pusher.send(Symbol()), /cannot be encoded/);
    const [span] = tracing.spans;
    assert.equal(span.attributes["error.type"], "ShmSerializationError");
    assert.match(String(span.exceptions[0]), /cannot be encoded/);
  },
);

tracingTest(
  "a receive that ends at its timeout is a span with that error, and none that lasts",
  async (tracing, channel) => {
    using puller = new Puller(channel.handle, traced());
    await assert.rejects(puller.recv({ timeoutMs: 5 }), ShmTimeoutError);
    assert.throws(() => puller.recvSync({ timeoutMs: 5 }), ShmTimeoutError);
    for (const span of tracing.spans) {
      assert.equal(span.attributes["error.type"], "ShmTimeoutError");
      assert.ok(span.durationMs >= 4, `${span.durationMs} ms`);
    }
    tracing.reset();
    const abandoned = puller.recv();
    puller.close();
    await assert.rejects(abandoned, /closed/);
    assert.deepEqual(names(tracing), []);
  },
);

tracingTest(
  "iterating receives message by message, until the socket is closed",
  async (tracing, channel) => {
    using subscriber = new Subscriber<number>(channel.handle, traced());
    using publisher = new Publisher<number>(channel.handle, traced());
    publisher.sendMany([1, 2]);
    const seen: number[] = [];
    for await (const n of subscriber) if (seen.push(n) === 2) subscriber.close();
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(names(tracing), ["send local", "receive local", "receive local"]);
  },
);

tracingTest("deliveries are settled in spans, and once", async (tracing, channel) => {
  using pusher = new Pusher<string>(channel.handle, traced());
  using puller = new Puller<string>(channel.handle, traced({ ack: true }));
  pusher.send("a");
  {
    using first = await puller.recv();
    assert.deepEqual([first.value, first.deliveries], ["a", 1]);
  }
  const [second] = puller.drain() as Delivery<string>[];
  assert.equal(second.deliveries, 2);
  second.ack();
  assert.throws(() => second.ack(), /it was acknowledged already/);
  second[Symbol.dispose]();
  assert.deepEqual(names(tracing).slice(1), [
    "receive local",
    "nack local",
    "receive local",
    "ack local",
    "ack local",
  ]);
  const { traceId, spanId } = tracing.one("send local");
  assert.ok(tracing.spans.every((span) => span.traceId === traceId));
  assert.deepEqual(tracing.one("nack local").links, [spanId]);
  assert.equal(tracing.spans.at(-1)!.status, "ERROR");
});

tracingTest("a message that is returned with a delay stays away for it", () => {
  using channel = LocalChannel.create();
  using puller = new Puller<string>(channel.handle, {
    ack: true,
    instrumentation: otelInstrumentation(),
  });
  using pusher = new Pusher<string>(channel.handle);
  pusher.send("a");
  const delivery = puller.tryRecv()!;
  assert.throws(() => delivery.nack({ delay: 5 } as never), /did you mean delayMs/);
  assert.throws(() => (delivery.ack as (more: unknown) => void)(5), /further argument/);
  delivery.nack({ delayMs: 60_000 });
  assert.equal(puller.tryRecv(), undefined);
});

tracingTest(
  "a message that is written in place carries the context of its loan",
  (tracing, channel) => {
    using pusher = new Pusher<Uint8Array>(channel.handle, traced({ codec: "raw" }));
    using plain = new Puller<Uint8Array>(channel.handle);
    using puller = new Puller<Uint8Array>(channel.handle, traced());
    for (const byteLength of [0, 5, 8, 5000]) {
      for (const receiver of [plain, puller]) {
        tracing.reset();
        {
          using loan = pusher.loan(byteLength)!;
          assert.equal(loan.bytes.length, byteLength);
          loan.bytes.fill(7);
          loan.commit();
          assert.throws(() => loan.commit(), /committed or aborted already/);
        }
        const received = receiver.recvSync({ timeoutMs: 10_000 });
        assert.deepEqual(received, new Uint8Array(byteLength).fill(7));
        assert.equal(tracing.one("send local").kind, "PRODUCER");
      }
      const sent = tracing.one("send local");
      const { parentId, links } = tracing.one("receive local");
      assert.deepEqual([parentId, links], [sent.spanId, [sent.spanId]]);
    }
  },
);

tracingTest("a loan that is not committed ends its span", (tracing, channel) => {
  using pusher = new Pusher<Uint8Array>(channel.handle, traced({ codec: "raw" }));
  pusher.loan(8)!.abort();
  {
    using _loan = pusher.loan(8)!;
  }
  assert.throws(() => pusher.loan(-1), RangeError);
  while (pusher.send(new Uint8Array(900)));
  assert.equal(pusher.loan(900), undefined);
  const loans = [...tracing.spans.slice(0, 3), tracing.spans.at(-1)!];
  assert.deepEqual(loans.map(({ attributes }) => attributes["error.type"]), [
    undefined,
    undefined,
    "RangeError",
    "full",
  ]);
});

tracingTest(
  "messages that are received into a buffer and in place have spans and senders",
  async (tracing, channel) => {
    using pusher = new Pusher<Uint8Array>(channel.handle, traced({ codec: "raw" }));
    using puller = new Puller<Uint8Array>(channel.handle, traced());
    const target = new Uint8Array(8);
    const checkLast = (send: SpanLine) => {
      const [received, handled] = tracing.spans.slice(-2);
      assert.deepEqual([received.name, handled.name], ["receive local", "process local"]);
      for (const { parentId, links } of [received, handled]) {
        assert.deepEqual([parentId, links], [send.spanId, [send.spanId]]);
      }
    };
    for (const receive of [puller.tryRecvInto, puller.recvIntoSync]) {
      pusher.send(new Uint8Array(3));
      const send = tracing.spans.at(-1)!;
      assert.equal(receive.call(puller, target), 3);
      handle(target, () => {});
      checkLast(send);
    }
    pusher.send(new Uint8Array(3));
    const send = tracing.spans.at(-1)!;
    {
      using view = puller.recvView()!;
      assert.equal(view.bytes.length, 3);
      handle(view, () => {});
    }
    checkLast(send);
    tracing.reset();
    assert.deepEqual([puller.tryRecvInto(target), puller.recvView()], [-1, undefined]);
    assert.deepEqual(names(tracing), []);
    assert.throws(() => puller.recvIntoSync(target, { timeoutMs: 1 }), ShmTimeoutError);
    assert.equal(tracing.one("receive local").status, "ERROR");
    using plain = new Pusher<Uint8Array>(channel.handle);
    plain.send(new Uint8Array(1));
    puller.tryRecvInto(target);
    await inSpan("root", () => handle(target, () => {}));
    assert.equal(tracing.one("process local").parentId, tracing.one("root").spanId);
  },
);

tracingTest(
  "a request lasts until its reply, and an error of the handler is that of both spans",
  async (tracing, channel) => {
    using replier = new Replier<number, number>(channel.handle, traced());
    using requester = new Requester<number, number>(channel.handle, traced());
    const stop = new AbortController();
    const served = replier.serve(async (n) => {
      await inSpan("inner", () => {});
      if (n < 0) throw new RangeError(`${n} is negative`);
      return n * 2;
    }, { signal: stop.signal });
    assert.equal(await requester.request(2), 4);
    await assert.rejects(requester.request(-1), ShmRemoteError);
    stop.abort();
    await served;
    const requests = tracing.spans.filter(({ name }) => name === "request local");
    const handled = tracing.spans.filter(({ name }) => name === "process local");
    const inner = tracing.spans.filter(({ name }) => name === "inner");
    assert.deepEqual(handled.map(({ parentId }) => parentId), requests.map(({ spanId }) => spanId));
    assert.deepEqual(inner.map(({ parentId }) => parentId), handled.map(({ spanId }) => spanId));
    for (const span of [requests[1], handled[1]]) {
      assert.deepEqual([span.status, span.attributes["error.type"]], ["ERROR", "RangeError"]);
      assert.deepEqual(span.exceptions, ["-1 is negative"]);
    }
    assert.deepEqual([requests[0].status, handled[0].status], ["UNSET", "UNSET"]);
  },
);

tracingTest(
  "a request without a reply ends its span at the timeout",
  async (tracing, channel) => {
    using requester = new Requester<number, number>(channel.handle, traced());
    await assert.rejects(requester.request(1, { timeoutMs: 5 }), ShmTimeoutError);
    assert.throws(() => requester.requestSync(1, { timeoutMs: 5 }), ShmTimeoutError);
    const errors = tracing.spans.map(({ attributes }) => attributes["error.type"]);
    assert.deepEqual(errors, ["ShmTimeoutError", "ShmTimeoutError"]);
  },
);

tracingTest(
  "a stream is one span from its request to its end, and the parent of its handler",
  async (tracing, channel) => {
    using replier = new Replier<number, number>(channel.handle, traced());
    using requester = new Requester<number, number>(channel.handle, traced());
    const stop = new AbortController();
    const served = replier.serveStream(async function* (count) {
      for (let n = 0; n < count; n++) {
        await inSpan("inner", () => {});
        yield n;
      }
      throw new RangeError("no more");
    }, { signal: stop.signal });
    for await (const n of requester.stream(100)) if (n === 1) break;
    await assert.rejects(async () => {
      for await (const _ of requester.stream(2)) continue;
    }, ShmRemoteError);
    stop.abort();
    await served;
    const streams = tracing.spans.filter(({ name }) => name === "stream local");
    const handled = tracing.spans.filter(({ name }) => name === "process local");
    const inner = tracing.spans.filter(({ name }) => name === "inner");
    assert.deepEqual(handled.map(({ parentId }) => parentId), streams.map(({ spanId }) => spanId));
    const parents = new Set(inner.map(({ parentId }) => parentId));
    assert.deepEqual(parents, new Set(handled.map(({ spanId }) => spanId)));
    assert.deepEqual(streams.map(({ status }) => status), ["UNSET", "ERROR"]);
  },
);

tracingTest("requests in two steps make a trace from send to reply", async (tracing, channel) => {
  using replier = new Replier<string, string>(channel.handle, traced());
  using requester = new Requester<string, string>(channel.handle, traced());
  requester.send("one");
  await assert.rejects(requester.recv({ timeoutMs: 1 }), ShmTimeoutError);
  tracing.reset();
  requester.send("two");
  for (const text of ["one", "two"]) {
    assert.equal(await replier.recv(), text);
    replier.send(`${text}!`);
    assert.equal(requester.recvSync(), `${text}!`);
  }
  assert.equal(replier.tryRecv(), undefined);
  const { traceId, spanId } = tracing.one("send local");
  const [received, replied, reply] = tracing.spans.slice(-3);
  assert.deepEqual([received.name, replied.name, reply.name], [
    "receive local",
    "reply local",
    "receive local",
  ]);
  for (const span of [received, replied]) {
    assert.deepEqual([span.traceId, span.parentId, span.links], [traceId, spanId, [spanId]]);
  }
  assert.deepEqual([reply.traceId, reply.parentId], [traceId, replied.spanId]);
  assert.deepEqual(reply.links, [replied.spanId]);
});

tracingTest("a reply carries the context of its handler", async (tracing, channel) => {
  using replier = new Replier<number, { n: number }>(channel.handle, traced());
  using plain = new Requester<number, { n: number }>(channel.handle);
  using requester = new Requester<number, { n: number }>(channel.handle, traced());
  const stop = new AbortController();
  const served = replier.serve((n) => ({ n: n * 2 }), { signal: stop.signal });
  assert.deepEqual(await plain.request(1), { n: 2 });
  tracing.reset();
  const reply = await requester.request(2);
  assert.deepEqual(reply, { n: 4 });
  handle(reply, () => {});
  const [first, second] = tracing.spans.filter(({ name }) => name === "process local");
  assert.deepEqual([second.parentId, second.links], [first.spanId, [first.spanId]]);
  stop.abort();
  await served;
});

tracingTest("baggage travels with messages, requests and replies", async (_tracing, channel) => {
  using requests = LocalChannel.create();
  using pusher = new Pusher<Uint8Array>(channel.handle, traced({ codec: "raw" }));
  using puller = new Puller<Uint8Array>(channel.handle, traced());
  const target = new Uint8Array(8);
  withBaggage("anna", () => pusher.send(new Uint8Array(1)));
  withBaggage("berta", () => pusher.sendMany([new Uint8Array(1)]));
  withBaggage("clara", () => pusher.loan(1)!.commit());
  pusher.send(new Uint8Array(1));
  assert.equal(handle(puller.tryRecv(), activeUser), "anna");
  puller.tryRecvInto(target);
  assert.equal(handle(target, activeUser), "berta");
  {
    using view = puller.recvView()!;
    assert.equal(handle(view, activeUser), "clara");
  }
  assert.equal(handle(puller.tryRecv(), activeUser), undefined);

  using replier = new Replier<number, string[]>(requests.handle, traced());
  using requester = new Requester<number, string[]>(requests.handle, traced());
  const stop = new AbortController();
  const served = replier.serve(() => [String(activeUser())], { signal: stop.signal });
  const reply = await withBaggage("dora", () => requester.request(1));
  assert.deepEqual([reply, handle(reply, activeUser)], [["dora"], "dora"]);
  stop.abort();
  await served;
});

tracingTest("undefined is a value that has a sender", async (tracing, channel) => {
  using pusher = new Pusher<undefined>(channel.handle, traced());
  using puller = new Puller<undefined>(channel.handle, traced());
  pusher.sendMany([undefined, undefined]);
  assert.equal(puller.tryRecv(), undefined);
  await handleEach(puller, () => puller.close());
  const { spanId } = tracing.one("send local");
  const received = tracing.spans.filter(({ name }) => name === "receive local");
  assert.deepEqual(received.map(({ parentId }) => parentId), [spanId, spanId]);
});

Deno.test("baggage travels without an SDK too", () => {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  try {
    using channel = LocalChannel.create();
    using pusher = new Pusher<number[]>(channel.handle, traced());
    using puller = new Puller<number[]>(channel.handle, traced());
    withBaggage("anna", () => pusher.send([1]));
    assert.equal(handle(puller.tryRecv(), activeUser), "anna");
  } finally {
    context.disable();
  }
});

tracingTest("a tracestate goes with the context, unless it is too long", (tracing, channel) => {
  using pusher = new Pusher<number[]>(channel.handle, traced());
  using puller = new Puller<number[]>(channel.handle, traced());
  const states: (string | undefined)[] = [];
  for (const value of ["x", "y".repeat(250)]) {
    const traceState = createTraceState().set("a", value).set("b", value).set("c", value);
    const remote = { traceId: REMOTE_TRACE, spanId: REMOTE_SPAN, traceFlags: 1, traceState };
    context.with(trace.setSpanContext(context.active(), remote), () => pusher.send([1]));
    handle(puller.tryRecv(), () => {
      states.push(trace.getActiveSpan()!.spanContext().traceState?.serialize());
    });
  }
  assert.deepEqual(states, ["c=x,b=x,a=x", undefined]);
  assert.ok(tracing.spans.every(({ traceId }) => traceId === REMOTE_TRACE));
});

tracingTest("a handler's error is that of its span, and thrown", async (tracing) => {
  const failure = new RangeError("no");
  const fail = () => {
    throw failure;
  };
  assert.throws(() => handle({}, fail), failure);
  await assert.rejects(handle({}, () => Promise.reject(failure)), failure);
  for (const { status, exceptions, name } of tracing.spans) {
    assert.deepEqual([status, exceptions, name], ["ERROR", ["no"], "process"]);
  }
});

tracingTest(
  "handleEach stops at its signal, and needs a socket with instrumentation",
  async (tracing, channel) => {
    using plain = new Subscriber(channel.handle);
    await assert.rejects(handleEach(plain, () => {}), /its socket has no instrumentation; open it/);
    using subscriber = new Subscriber<number>(channel.handle, traced());
    using publisher = new Publisher<number>(channel.handle);
    publisher.send(1);
    const stop = new AbortController();
    const seen: number[] = [];
    const handled = handleEach(subscriber, (n) => seen.push(n), { signal: stop.signal });
    await until(() => seen.length === 1, "a message");
    stop.abort();
    await handled;
    publisher.send(2);
    assert.equal(subscriber.tryRecv(), 2);
    assert.equal(tracing.one("process local").kind, "CONSUMER");
  },
);

tracingTest("one instrumentation serves many sockets", (tracing, channel) => {
  const instrumentation = otelInstrumentation();
  using other = LocalChannel.create({ name: "other" });
  using publisher = new Publisher(channel.handle, { instrumentation });
  using pusher = new Pusher(other.handle, { instrumentation });
  publisher.send(1);
  pusher.send(1);
  assert.deepEqual(names(tracing), ["send local", "send other"]);
});

tracingTest(
  "a backend's messages carry the context, and keep one that they have",
  async (tracing) => {
    await using backend = new InMemoryMessagingBackend(traced());
    await backend.storeMessage("n", "t", message({ extra: { own: 1 } }));
    await backend.storeMessage("n", "t", message({ traceparent: REMOTE }));
    const [first, second] = await backend.getMessagesForTopic("t");
    assert.deepEqual(Object.keys(first.toObject()).slice(-2), ["own", "traceparent"]);
    assert.equal(second.traceparent, REMOTE);
    const [made, forwarded, fetched] = tracing.spans;
    assert.ok(first.traceparent!.includes(made.spanId));
    assert.deepEqual([made.kind, forwarded.kind, fetched.kind], ["PRODUCER", "CLIENT", "CLIENT"]);
    assert.deepEqual(forwarded.links, [REMOTE_SPAN]);
    assert.deepEqual(fetched.links, [made.spanId, REMOTE_SPAN]);
    assert.equal(made.attributes["messaging.message.id"], String(first.id));
    tracing.reset();
    await backend.getMessagesSince("t", 0n);
    await backend.getNextMessageForTopicSince("t", 0n);
    await backend.getMessagesById("n", [first.id, 1n]);
    assert.deepEqual(tracing.spans.map(batchOf), [2, 1, 1]);
  },
);

tracingTest(
  "a backend's handlers run in spans of the sender's trace, and can be taken away",
  async (tracing) => {
    const errors: unknown[] = [];
    const onHandlerError = (error: unknown) => void errors.push(error);
    await using backend = new InMemoryMessagingBackend(traced({ onHandlerError }));
    const seen: string[] = [];
    const handler = ({ payload }: Message) => {
      seen.push(String(payload["n"]));
      if (payload["n"] === 2) throw new Error("bad");
    };
    await backend.subscribe("t", handler);
    await backend.subscribe("t", handler, {
      onPublished: ({ data }) => void seen.push(String(data)),
    });
    await backend.psubscribe("t*", handler);
    assert.deepEqual(backend.localHandlers, new Map([["t", [handler]]]));
    await backend.storeMessage("n", "t", message({ payload: { n: 1 } }));
    await backend.punsubscribe("t*", handler);
    await backend.storeMessage("n", "t", message({ payload: { n: 2 }, traceparent: REMOTE }));
    await backend.publish("t", "published");
    await backend.unsubscribe("t", handler);
    await backend.storeMessage("n", "t", message({ payload: { n: 3 } }));
    assert.deepEqual(seen, ["1", "1", "2", "published"]);
    assert.equal(errors.length, 1);
    const handled = tracing.spans.filter(({ name }) => name === "process t");
    const [sent] = tracing.spans.filter(({ name }) => name === "store t");
    const published = tracing.one("publish t");
    assert.deepEqual(
      handled.map(({ parentId, status }) => [parentId, status]),
      [[sent.spanId, "UNSET"], [sent.spanId, "UNSET"], [REMOTE_SPAN, "ERROR"], [
        published.spanId,
        "UNSET",
      ]],
    );
  },
);

/** Backends of each kind on stores of their own, two on each. */
async function inBackends(
  test: (one: AnyBackend, two: AnyBackend) => Promise<void>,
): Promise<void> {
  const store = new Store();
  await using http = new SharedMemoryServer();
  const serverUrl = await http.start();
  await using tcp = new EmbeddedServer({ port: 0 });
  const port = await tcp.start();
  const pairs: (() => AnyBackend)[] = [
    () => new InMemoryMessagingBackend(traced({ store })),
    () => new SharedMemoryMessagingBackend(traced({ serverUrl })),
    () => new EmbeddedMessagingBackend(traced({ port, autoStartServer: false })),
  ];
  for (const make of pairs) {
    await using one = make();
    await using two = make();
    await test(one, two);
  }
}

tracingTest("what a backend publishes carries the context and the baggage", async (tracing) => {
  await inBackends(async (one, two) => {
    tracing.reset();
    const seen = Promise.withResolvers<unknown[]>();
    await one.subscribe("t", () => {}, {
      onPublished: ({ data, headers }) => seen.resolve([data, headers?.baggage, activeUser()]),
    });
    await withBaggage("anna", () => two.publish("t", "hello"));
    assert.deepEqual(await seen.promise, ["hello", "user=anna", "anna"]);
    assert.equal(tracing.one("process t").parentId, tracing.one("publish t").spanId);
  });
});

tracingTest("a backend's messages carry the baggage", async () => {
  await inBackends(async (one, two) => {
    const seen = Promise.withResolvers<unknown>();
    await one.subscribe("t", () => seen.resolve(activeUser()));
    await withBaggage("anna", () => two.storeMessage("n", "t", message()));
    assert.equal(await seen.promise, "anna");
    const [stored] = await one.getMessagesForTopic("t");
    assert.equal(handle(stored, activeUser), "anna");
  });
});

tracingTest("a queue's metadata carry the context, beside what they hold", async (tracing) => {
  await using queue = new InMemoryMessageQueue(traced());
  await queue.initialize();
  const publish = queue.publish.bind(queue);
  const base = { channel: "c", sourceAgent: "a", targetAgent: "b" };
  await publish({ ...base, payload: 1, metadata: { own: 1 } });
  await publish({ ...base, payload: 2, metadata: { traceparent: REMOTE } });
  const records = await queue.getPending("b");
  const [sent, forwarded] = tracing.spans;
  assert.deepEqual(Object.keys(records[0].metadata), ["own", "traceparent"]);
  assert.equal(records[1].metadata["traceparent"], REMOTE);
  assert.deepEqual([sent.kind, forwarded.kind], ["PRODUCER", "CLIENT"]);
  await using subscription = queue.subscribe<number>("c", "b");
  await handleEach(subscription, async (record) => {
    assert.ok(await queue.acknowledge(record));
    if (record.payload === 2) await subscription.return();
  });
  const last = tracing.spans.slice(2);
  assert.deepEqual(last.map(({ name }) => name), [
    "receive c",
    "acknowledge c",
    "process c",
    "receive c",
    "acknowledge c",
    "process c",
  ]);
  assert.deepEqual(last.map(({ traceId }) => traceId), [
    ...Array(3).fill(sent.traceId),
    ...Array(3).fill(REMOTE_TRACE),
  ]);
  assert.equal(last[1].parentId, last[2].spanId);
  await withBaggage("anna", () => publish({ ...base, payload: 3 }));
  const [forAnna] = await queue.getPending("b");
  assert.equal(forAnna.metadata["baggage"], "user=anna");
  assert.equal(handle(forAnna, activeUser), "anna");
});

tracingTest("a worker handles a message in the trace of its sender", async (tracing) => {
  await using queue = new InMemoryMessageQueue(traced());
  await queue.initialize();
  const done = Promise.withResolvers<void>();
  const users: unknown[] = [];
  const worker = queue.worker<string>("c", "b", async ({ payload, attempts }) => {
    users.push(activeUser());
    await Promise.resolve();
    if (attempts === 1) throw new Error("not yet");
    if (payload === "answer") return done.resolve();
    await queue.publish({ channel: "c", sourceAgent: "b", targetAgent: "b", payload: "answer" });
  }, { backoff: { type: "fixed", seconds: 0 }, onError: () => {} });
  await withBaggage("anna", () => {
    return queue.publish({ channel: "c", sourceAgent: "a", targetAgent: "b", payload: "question" });
  });
  await done.promise;
  await worker.close();
  const { spans } = tracing;
  assert.deepEqual(spans.map(({ name, status }) => `${name} ${status}`), [
    "publish c UNSET",
    "process c ERROR",
    "release c UNSET",
    "publish c UNSET",
    "process c UNSET",
    "acknowledge c UNSET",
    "process c ERROR",
    "release c UNSET",
    "process c UNSET",
    "acknowledge c UNSET",
  ]);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
  const [asked, first, , answered, second] = spans;
  assert.deepEqual([first.parentId, second.parentId], [asked.spanId, asked.spanId]);
  assert.equal(answered.parentId, second.spanId);
  assert.deepEqual(users, Array(4).fill("anna"));
});

tracingTest("records that are put carry the context of their batch", async (tracing) => {
  await using queue = new InMemoryMessageQueue(traced());
  await queue.initialize();
  const made = await queue.publish({
    channel: "c",
    payload: 1,
    sourceAgent: "a",
    targetAgent: "b",
  });
  tracing.reset();
  const plain = { ...made, metadata: {} };
  await queue.put({ ...plain, id: "x" });
  await queue.putMany([{ ...plain, id: "y" }, { ...made, id: "z" }]);
  const [one, many] = tracing.spans;
  const spanOf = async (id: string) =>
    String((await queue.get(id))!.metadata["traceparent"]).split("-")[2];
  assert.deepEqual([await spanOf("x"), await spanOf("y")], [one.spanId, many.spanId]);
  assert.notEqual(await spanOf("z"), many.spanId);
  assert.deepEqual([batchOf(many), many.links.length, many.name], [2, 1, "put c"]);
  await assert.rejects(queue.put({ ...plain, id: "" }), TypeError);
  assert.equal(tracing.spans.at(-1)!.status, "ERROR");
});

tracingTest(
  "the HTTP server's spans name the route, and distinguish client errors from faults",
  async (tracing) => {
    await using server = new SharedMemoryServer({ onRequest: traceRequests() });
    const url = await server.start();
    const get = async (path: string) => {
      const headers = { traceparent: REMOTE, tracestate: "a=b" };
      await (await fetch(url + path, { headers })).body?.cancel();
    };
    await get("/messages/some%20topic");
    await get("/nowhere");
    await get("/messages_since/t/never");
    Object.defineProperty(server.store, "topics", {
      get() {
        throw new Error("broken");
      },
    });
    await get("/messages/t");
    assert.deepEqual(
      tracing.spans.map(({ name, status, attributes }) => [
        name,
        status,
        attributes["http.response.status_code"],
        attributes["error.type"],
      ]),
      [
        ["GET /messages/{topic}", "UNSET", 200, undefined],
        ["GET", "UNSET", 404, undefined],
        ["GET /messages_since/{topic}/{timestamp}", "UNSET", 400, undefined],
        ["GET /messages/{topic}", "ERROR", 500, "Error"],
      ],
    );
    for (const { kind, traceId, parentId } of tracing.spans) {
      assert.deepEqual([kind, traceId, parentId], ["SERVER", REMOTE_TRACE, REMOTE_SPAN]);
    }
  },
);

tracingTest(
  "calls of a traced HTTP backend send their span to the server, untraced calls send none",
  async (tracing) => {
    await using server = new SharedMemoryServer({ onRequest: traceRequests() });
    const serverUrl = await server.start();
    await using plain = new SharedMemoryMessagingBackend({ serverUrl });
    await using backend = new SharedMemoryMessagingBackend(traced({ serverUrl }));
    await inSpan("root", async () => {
      await plain.get("a");
      await backend.set("k", "v");
      await backend.getMessagesForTopic("t");
    });
    const parents = tracing.spans.filter(({ kind }) => kind === "SERVER").map(({ parentId }) =>
      parentId
    );
    const root = tracing.one("root").spanId;
    assert.deepEqual(parents, [undefined, root, tracing.one("fetch t").spanId]);
  },
);

tracingTest("TRACE on a connection is for the next command alone", async (tracing) => {
  await using server = new EmbeddedServer({ port: 0, onRequest: traceRequests() });
  await using client = await LineClient.open(await server.start());
  assert.equal(await client.request(`TRACE ${REMOTE} a=b`), "OK TRACED");
  await client.request("GET_MESSAGES t");
  await client.request("TRACE nonsense");
  await client.request("GET_MESSAGES");
  await client.request("PING");
  const commands = tracing.spans.filter(({ name }) => name !== "TRACE");
  assert.deepEqual(
    commands.map(({ name, parentId, attributes }) => [name, parentId, attributes["error.type"]]),
    [["GET_MESSAGES", REMOTE_SPAN, undefined], ["GET_MESSAGES", undefined, "refused"], [
      "PING",
      undefined,
      undefined,
    ]],
  );
});

tracingTest("a traced TCP backend stores on a server that knows no traces", async (tracing) => {
  await using server = new EmbeddedServer({ port: 0 });
  const port = await server.start();
  await using backend = new EmbeddedMessagingBackend(traced({ port, autoStartServer: false }));
  const { promise, resolve } = Promise.withResolvers<Message>();
  await backend.subscribe("t", resolve);
  await backend.storeMessage("n", "t", message());
  await promise;
  assert.equal(tracing.one("process t").parentId, tracing.one("store t").spanId);
});

Deno.test("an observer of requests that fails does no harm", async () => {
  const onRequest = () => {
    throw new Error("observer");
  };
  await using http = new SharedMemoryServer({ onRequest });
  const response = await fetch(`${await http.start()}/health`);
  assert.equal(response.status, 200);
  await response.body?.cancel();
  await using tcp = new EmbeddedServer({ port: 0, onRequest });
  await using client = await LineClient.open(await tcp.start());
  assert.equal(await client.request("PING"), "PONG");
});

Deno.test("a program that does not import ./otel loads nothing of OpenTelemetry", async () => {
  for (
    const entry of [
      "mod.ts",
      "backends/http/mod.ts",
      "backends/tcp/mod.ts",
      "backends/state/mod.ts",
    ]
  ) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: new URL("../../", import.meta.url),
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout));
    const loaded = modules.map((module: { specifier: string }) => module.specifier);
    assert.ok(loaded.length > 50, entry);
    const ours = loaded.filter((specifier: string) => /opentelemetry/.test(specifier));
    assert.deepEqual(ours, [], entry);
  }
});
