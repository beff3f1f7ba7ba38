// Queues, topics and slots with a schema, on memory and on shared memory: what does not match is stopped on the
// side that checks, also by schemas that are asynchronous.

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  defineQueue,
  defineTopic,
  GemstoneGenerator,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  type Message,
  type MessageQueue,
  type MessagingBackend,
  SchemaError,
  ShmMessageQueue,
  ShmMessagingBackend,
  typeOnly,
} from "../../mod.ts";
import {
  defineSlots,
  InMemoryBackend,
  serializeSlot,
  type SharedBackend,
  ShmBackend,
} from "../../backends/state/mod.ts";
import { until, within } from "../support/deadline.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

type Failed = (error: unknown, about: unknown) => void;

/** Registers a test for a backend in memory, and for one in shared memory. */
function testOnBoth<B extends AsyncDisposable>(
  title: string,
  inMemory: (onError: Failed) => B,
  shared: (dir: string, onError: Failed) => B,
  test: (backend: B, errors: unknown[]) => Promise<void>,
): void {
  const run = async (make: (onError: Failed) => B) => {
    const errors: unknown[] = [];
    await using backend = make((error) => errors.push(error));
    await test(backend, errors);
  };
  Deno.test(`${title}: memory`, () => run(inMemory));
  Deno.test(`${title}: shared memory`, async () => {
    const dir = makeScratchDirectory();
    try {
      await run((onError) => shared(dir, onError));
    } finally {
      // A queue keeps what it holds.
      Deno.removeSync(dir, { recursive: true });
    }
  });
}

function testQueue(title: string, test: (queue: MessageQueue) => Promise<void>): void {
  testOnBoth<MessageQueue>(
    title,
    () => new InMemoryMessageQueue(),
    (dir) => new ShmMessageQueue({ name: "typed", dir }),
    async (queue) => {
      await queue.initialize();
      await test(queue);
    },
  );
}

const JOB = z.object({ width: z.int(), tags: z.array(z.string()).default([]) });
/** Takes its time to find even widths wrong. */
const SLOW = z.object({ width: z.int().refine((n) => Promise.resolve(n % 2 === 1), "it is even") });
const FROM = { sourceAgent: "web", targetAgent: "resizer" };

testQueue("a queue stores what the schema of publishers makes of a payload", async (queue) => {
  const jobs = defineQueue("jobs", { schema: JOB, result: z.int() }).on(queue);
  const published = await jobs.publish({ payload: { width: 2 }, ...FROM });
  assert.deepEqual(published.payload, { width: 2, tags: [] });
  await assert.rejects(jobs.publish({ payload: { width: 0.5 }, ...FROM }), (error: SchemaError) => {
    assert.ok(error instanceof SchemaError);
    assert.deepEqual(error.issues.map(({ path }) => path), ["$.width"]);
    assert.match(
      error.message,
      /^cannot publish on queue channel "jobs": the value does not match/,
    );
    return true;
  });
  await assert.rejects(
    jobs.schedule("k", { everySeconds: 60 }, { payload: {} as never, ...FROM }),
    SchemaError,
  );
  await using subscription = jobs.subscribe("resizer", { from: "oldest" });
  const { value } = await within(subscription.next(), "a message");
  assert.deepEqual(value.payload, { width: 2, tags: [] });
  await assert.rejects(jobs.acknowledge(value, { result: "x" as never }), {
    name: "SchemaError",
    message:
      /^cannot acknowledge on queue channel "jobs": the value does not match the schema: \$: /,
  });
  assert.equal(await jobs.acknowledge(value, { result: 7 }), true);
  assert.equal((await queue.stats("jobs")).waiting, 0);
});

testQueue("a result of a worker is checked, and a wrong one is a failure of it", async (queue) => {
  const definition = { schema: v.object({ width: v.number() }), result: v.number() };
  const jobs = defineQueue("jobs", definition).on(queue);
  const failures: unknown[] = [];
  const handler = ({ payload }: { payload: { width: number } }) =>
    payload.width > 1 ? payload.width * 3 : "none" as never;
  const onError = (error: unknown) => failures.push(error);
  await using worker = jobs.worker("resizer", handler, { onError });
  await worker.ready;
  const wait = { timeoutMs: 60_000 };
  assert.equal(await jobs.publishAndWait({ payload: { width: 2 }, ...FROM }, wait), 6);
  await assert.rejects(
    jobs.publishAndWait({ payload: { width: 1 }, maxAttempts: 1, ...FROM }, wait),
    { name: "QueueJobError" },
  );
  assert.ok(failures[0] instanceof SchemaError, `${failures}`);
});

testQueue("agents that check make dead letters of what does not match", async (queue) => {
  const schema = type({ width: "number > 1" });
  const jobs = defineQueue("jobs", { schema, check: "receiver" }).on(queue);
  const publish = (payload: unknown) => queue.publish({ channel: "jobs", payload, ...FROM });
  await publish({ width: 0 });
  await publish({ width: 2 });
  await publish({ width: "3" });
  {
    await using subscription = jobs.subscribe("resizer", { from: "oldest" });
    await subscription.ready;
    assert.equal(subscription.missed, 0);
    for await (const record of subscription) {
      assert.deepEqual(record.payload, { width: 2 });
      await jobs.acknowledge(record);
      break;
    }
  }
  const handled: unknown[] = [];
  await using worker = jobs.worker("resizer", ({ payload }) => void handled.push(payload), {
    onError() {},
  });
  await worker.ready;
  await publish({ width: 4 });
  await until(() => handled.length === 1, "the message that matches");
  assert.deepEqual(handled, [{ width: 4 }]);
  const dead = await queue.getDeadLetters("resizer");
  assert.deepEqual(dead.map(({ payload }) => payload), [{ width: 0 }, { width: "3" }]);
  for (const { reason } of dead) {
    assert.match(
      reason,
      /^a message of queue channel "jobs" does not match the schema: \$\.width: /,
    );
  }
});

testQueue("asynchronous schemas check queues, and results as they arrive", async (queue) => {
  const slow = defineQueue("slow", { schema: SLOW }).on(queue);
  await assert.rejects(slow.publish({ payload: { width: 2 }, ...FROM }), /\$\.width: it is even/);
  await slow.publish({ payload: { width: 3 }, ...FROM });
  const schema = typeOnly<number>();
  const jobs = defineQueue("jobs", { schema, result: z.string(), check: "receiver" }).on(queue);
  await using worker = queue.worker("jobs", "resizer", () => 7);
  await worker.ready;
  await assert.rejects(jobs.publishAndWait({ payload: 1, ...FROM }, { timeoutMs: 60_000 }), {
    name: "SchemaError",
    message: /^a result of queue channel "jobs" does not match the schema: \$: /,
  });
});

const ids = new GemstoneGenerator(1);
const sent = () => ({ idObj: ids.getId(), sender: { id: "1", name: "test" } });

function testTopic(
  title: string,
  test: (backend: MessagingBackend, errors: unknown[]) => Promise<void>,
): void {
  testOnBoth<MessagingBackend>(
    title,
    (onHandlerError) => new InMemoryMessagingBackend({ onHandlerError }),
    (dir, onHandlerError) => new ShmMessagingBackend({ name: "typed", dir, onHandlerError }),
    test,
  );
}

testTopic("a topic stores what the schema of senders makes of a payload", async (backend) => {
  const topic = defineTopic("sizes", { schema: JOB }).on(backend);
  const received: unknown[] = [];
  const handler = ({ payload }: { payload: { width: number; tags: string[] } }) =>
    void received.push(payload);
  await topic.subscribe(handler);
  const stored = await topic.storeMessage("n", { ...sent(), payload: { width: 1 } });
  assert.equal(stored.topics, "sizes");
  await assert.rejects(topic.storeMessage("n", { ...sent(), payload: { width: 0.5 } }), {
    name: "SchemaError",
    message:
      /^cannot store a message in topic "sizes": its payload does not match the schema: \$\.width: /,
  });
  await until(() => received.length === 1, "the message");
  assert.deepEqual(received, [{ width: 1, tags: [] }]);
  await topic.unsubscribe(handler);
  assert.equal(backend.localHandlers.has("sizes"), false);
  const later = await topic.storeMessage("n", { ...sent(), payload: { width: 2 } });
  const widths = (messages: { payload: { width: number } }[]) =>
    messages.map(({ payload }) => payload.width);
  assert.deepEqual(widths(await topic.getMessages()), [1, 2]);
  assert.deepEqual(widths(await topic.getMessagesStoredAfter(stored.id)), [2]);
  assert.deepEqual(await topic.getMessagesSince(later.id), []);
});

testTopic("handlers that check get what matches, in its order", async (backend, errors) => {
  const topic = defineTopic("sizes", { schema: SLOW, check: "receiver" }).on(backend);
  const received: number[] = [];
  const handler = ({ payload }: { payload: { width: number } }) =>
    void received.push(payload.width);
  await topic.subscribe(handler);
  await topic.subscribe(handler);
  for (const width of [1, 2, 3, 5]) {
    await topic.storeMessage("n", { ...sent(), payload: { width } });
  }
  await until(() => received.length === 3 && errors.length === 1, "the messages");
  assert.deepEqual(received, [1, 3, 5]);
  assert.ok(errors[0] instanceof SchemaError);
  assert.match(errors[0].message, /^the payload of message \d+ of topic "sizes" does not match/);
  await assert.rejects(topic.getMessages(), SchemaError);
  await topic.unsubscribe(handler);
  assert.equal(backend.localHandlers.has("sizes"), false);
});

testTopic("readers of a topic get what their schema makes of a payload", async (backend) => {
  const schema = z.object({ at: z.string().transform((text) => text.length) });
  const topic = defineTopic("texts", { schema, check: "receiver" }).on(backend);
  const message = await topic.storeMessage("n", { ...sent(), payload: { at: "four" } });
  const [read] = await topic.getMessages();
  assert.deepEqual([read.id, read.payload], [message.id, { at: 4 }]);
  const [plain]: Message[] = await backend.getMessagesForTopic("texts");
  assert.deepEqual(plain.payload, { at: "four" });
});

function testState(title: string, test: (backend: SharedBackend) => Promise<void>): void {
  testOnBoth<SharedBackend>(
    title,
    () => new InMemoryBackend(),
    (dir) => new ShmBackend({ dir }),
    test,
  );
}

testState("slots hold what the schema of those who append makes of a value", async (backend) => {
  const slots = defineSlots({ schema: JOB }).on(backend);
  assert.equal(await slots.append("t", { width: 1 }), 0);
  assert.equal(await slots.append("t", { width: 2, tags: ["a"] }), 1);
  await assert.rejects(slots.append("t", { width: 0.5 }), {
    name: "SchemaError",
    message: /^cannot append to thread "t": the value does not match the schema: \$\.width: /,
  });
  assert.deepEqual(await slots.getThread("t"), [{ width: 1, tags: [] }, { width: 2, tags: ["a"] }]);
  assert.deepEqual(await slots.getSlot("t", 0), { width: 1, tags: [] });
  assert.equal(await slots.getSlot("t", 2), undefined);
  const slow = defineSlots({ schema: SLOW }).on(backend);
  await assert.rejects(slow.append("t", { width: 2 }), /it is even/);
});

testState("those who check do not read slots that do not match", async (backend) => {
  const slots = defineSlots({ schema: SLOW, check: "receiver" }).on(backend);
  await slots.append("t", { width: 1 });
  await backend.bufferAppend("t", serializeSlot({ width: 2 }));
  assert.deepEqual(await slots.getSlot("t", 0), { width: 1 });
  for (const read of [() => slots.getSlot("t", 1), () => slots.getThread("t")]) {
    await assert.rejects(read, {
      name: "SchemaError",
      message: /^slot 1 of thread "t" does not match the schema: \$\.width: it is even$/,
    });
  }
});

Deno.test("definitions of queues, topics and slots reject what they do not take", async () => {
  const schema = typeOnly<{ a: number }>();
  const cases: [() => unknown, RegExp][] = [
    [() => defineQueue("", { schema }), /^channel /],
    [() => defineQueue("q", {} as never), /^schema must be a Standard Schema/],
    [() => defineQueue("q", { schema, check: "both" as never }), /^check must be one of/],
    [() => defineQueue("q", { schema, results: schema } as never), /did you mean result/],
    [() => defineQueue("q", { schema }).on({} as never), /^queue must be an object with publish/],
    [() => defineTopic(7 as never, { schema }), /^topic must be a string/],
    [() => defineTopic("t", { schema: {} as never }), /^schema must be a Standard Schema/],
    [() => defineTopic("t", { schema }).on({} as never), /^backend must be an object with store/],
    [() => defineSlots({} as never), /^schema must be a Standard Schema/],
    [() => defineSlots({ schema }).on({} as never), /^backend must be an object with buffer/],
  ];
  for (const [call, message] of cases) assert.throws(call, { message });

  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  const jobs = defineQueue("q", { schema }).on(queue);
  await assert.rejects(jobs.publish({ payload: { a: 1 }, channel: "r", ...FROM } as never), {
    name: "TypeError",
    message: 'publish() has no option "channel"; defineQueue() decides it for "q"',
  });
  await assert.rejects(jobs.publish(7 as never), /takes its options as an object, not 7/);
  assert.throws(() => jobs.worker("a", 7 as never), { name: "TypeError" });
  await using backend = new InMemoryMessagingBackend();
  const topic = defineTopic("t", { schema }).on(backend);
  const message = { ...sent(), payload: { a: 1 }, topics: "u" };
  await assert.rejects(topic.storeMessage("n", message as never), {
    name: "TypeError",
    message: 'storeMessage() has no option "topics"; defineTopic() decides it for "t"',
  });
  await assert.rejects(topic.subscribe(7 as never), /^TypeError: handler must be a function/);
  await topic.unsubscribe(() => {});
});
