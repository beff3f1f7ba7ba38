// What fails after an operation has succeeded is no error of the operation: it is logged and counted.

import assert from "node:assert/strict";
import { configure, reset } from "@logtape/logtape";
import {
  failuresAfterCommit,
  GemstoneGenerator,
  InMemoryMessageQueue,
  InMemoryMessagingBackend,
  type Instrumentation,
  LocalChannel,
  Message,
  type MessageQueue,
  type MessagingBackend,
  type MessagingBackendOptions,
  Publisher,
  Puller,
  Pusher,
  type RedisLikeBackend,
  Replier,
  Requester,
  ShmMessagingBackend,
  type StepAfterCommit,
  Subscriber,
} from "../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../backends/tcp/mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { redisServer } from "../../testing/mod.ts";
import { inScratch } from "../support/scratch.ts";

/** Runs a test, and checks that failures of a step were counted. */
async function counting(step: StepAfterCommit, test: () => Promise<void>): Promise<void> {
  const before = failuresAfterCommit()[step];
  await test();
  const after = failuresAfterCommit()[step];
  assert(after > before, `no failure of "${step}" was counted`);
}

function fail(what: string): never {
  throw new Error(`${what} failed`);
}

/** Operations of an instrumentation that begin, and then throw in all their methods. */
const FAILING_OPERATION = {
  get headers(): never {
    return fail("headers");
  },
  run: () => fail("run"),
  end: () => fail("end"),
  fail: () => fail("fail"),
};

const INSTRUMENTATIONS: Record<string, Instrumentation> = {
  "fails to begin": {
    begin: () => fail("begin"),
    received: () => fail("received"),
    callHeaders: () => fail("callHeaders"),
  },
  "fails to end": {
    begin: () => FAILING_OPERATION,
    received: () => fail("received"),
    callHeaders: () => fail("callHeaders"),
  },
  "fails after it has made the call twice": {
    begin: () => ({
      ...FAILING_OPERATION,
      headers: undefined,
      run(call) {
        call();
        call();
        return fail("run");
      },
    }),
    received() {},
    callHeaders: () => undefined,
  },
};

for (const [name, instrumentation] of Object.entries(INSTRUMENTATIONS)) {
  Deno.test(`sockets work with an instrumentation that ${name}`, async () => {
    await counting("instrumentation", async () => {
      await checkBroadcast(instrumentation);
      await checkQueue(instrumentation);
      await checkRequests(instrumentation);
    });
  });

  Deno.test(`backends work with an instrumentation that ${name}`, async () => {
    await withBackends({ instrumentation }, (backend) =>
      counting("instrumentation", async () => {
        await checkBackend(backend);
      }));
  });

  Deno.test(`a queue works with an instrumentation that ${name}`, async () => {
    await counting("instrumentation", async () => {
      await using queue = new InMemoryMessageQueue({ instrumentation });
      await queue.initialize();
      await checkMessageQueue(queue);
    });
  });
}

async function checkBroadcast(instrumentation: Instrumentation): Promise<void> {
  using channel = LocalChannel.create();
  using subscriber = new Subscriber(channel.handle, { instrumentation });
  using publisher = new Publisher(channel.handle, { instrumentation });
  assert.equal(publisher.send({ n: 1 }), true);
  publisher.sendSync({ n: 2 });
  await publisher.sendAsync({ n: 3 });
  assert.equal(publisher.sendMany([{ n: 4 }, { n: 5 }]), 2);
  assert.deepEqual(subscriber.tryRecv(), { n: 1 });
  assert.deepEqual(subscriber.recvSync({ timeoutMs: 1000 }), { n: 2 });
  assert.deepEqual(await subscriber.recv(), { n: 3 });
  assert.deepEqual(subscriber.drain(), [{ n: 4 }, { n: 5 }]);
}

async function checkQueue(instrumentation: Instrumentation): Promise<void> {
  using channel = LocalChannel.create();
  using puller = new Puller<Uint8Array>(channel.handle, {
    codec: "raw",
    instrumentation,
    ack: true,
  });
  using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw", instrumentation });
  const loan = pusher.loan(1)!;
  loan.bytes[0] = 7;
  loan.commit();
  const first = puller.tryRecv()!;
  assert.equal(first.value[0], 7);
  first.nack({ delayMs: 0 });
  const again = await puller.recv({ timeoutMs: 1000 });
  assert.equal(again.deliveries, 2);
  again.ack();
  assert.equal(puller.tryRecv(), undefined);
}

async function checkRequests(instrumentation: Instrumentation): Promise<void> {
  using channel = LocalChannel.create();
  using requester = new Requester<unknown, unknown>(channel.handle, { instrumentation });
  using replier = new Replier<unknown, unknown>(channel.handle, { instrumentation });
  assert.equal(requester.send({ n: 1 }), true);
  assert.deepEqual(replier.tryRecv(), { n: 1 });
  assert.equal(replier.send({ n: 2 }), true);
  assert.deepEqual(requester.recvSync({ timeoutMs: 1000 }), { n: 2 });
  let handled = 0;
  const served = replier.serve((request) => {
    handled++;
    return { request };
  });
  assert.deepEqual(await requester.request(null), { request: null });
  assert.equal(handled, 1);
  replier.close();
  await served;
}

type Backend = MessagingBackend & Pick<RedisLikeBackend, "publish">;

/** Runs a test on each kind of backend. */
async function withBackends(
  options: MessagingBackendOptions,
  test: (backend: Backend) => Promise<void>,
): Promise<void> {
  await using memory = new InMemoryMessagingBackend(options);
  await test(memory);
  await inScratch(async ({ path: dir }) => {
    await using shm = new ShmMessagingBackend({ name: "commit", dir, ...options });
    await test(shm);
  });
  await using embedded = new EmbeddedServer();
  await using tcp = new EmbeddedMessagingBackend({
    port: await embedded.start(),
    autoStartServer: false,
    ...options,
  });
  await test(tcp);
  await using server = new SharedMemoryServer();
  await using http = new SharedMemoryMessagingBackend({
    serverUrl: await server.start(),
    ...options,
  });
  await test(http);
}

const generator = new GemstoneGenerator(1);

function newMessage(): Message {
  return new Message({
    idObj: generator.getId(),
    sender: { id: "test", name: "Test" },
    topics: "topic",
    payload: { n: 1 },
  });
}

async function checkBackend(backend: Backend): Promise<void> {
  const stored = Promise.withResolvers<bigint>();
  const published = Promise.withResolvers<unknown>();
  await backend.subscribe("topic", ({ id }) => stored.resolve(id), {
    onPublished: ({ data }) => published.resolve(data),
  });
  const message = newMessage();
  await backend.storeMessage("space", "topic", message);
  assert.equal(await backend.publish("topic", null), 1);
  assert.equal(await stored.promise, message.id);
  assert.equal(await published.promise, null);
  assert.equal((await backend.getMessagesForTopic("topic")).length, 1);
}

async function checkMessageQueue(queue: MessageQueue): Promise<void> {
  await using messages = queue.subscribe("jobs", "worker");
  const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker", payload: null };
  await queue.publish(job);
  const { value } = await messages.next();
  assert.equal(value!.payload, null);
  assert.equal(await queue.acknowledge(value!), true);
  await queue.put(value!);
  await queue.putMany([value!]);
  assert.equal(await queue.count(), 1);
}

for (
  const [name, onHandlerError] of Object.entries({
    "throws": () => fail("onHandlerError"),
    "rejects": async () => await Promise.reject(new Error("onHandlerError failed")),
  })
) {
  Deno.test(`messages arrive though onHandlerError ${name}`, async () => {
    await withBackends({ onHandlerError }, (backend) =>
      counting("callback", async () => {
        const seen: bigint[] = [];
        const both = Promise.withResolvers<void>();
        await backend.subscribe("topic", ({ id }) => {
          if (seen.push(id) === 4) both.resolve();
          fail("a handler");
        });
        await backend.subscribe("topic", async ({ id }) => {
          if (seen.push(id) === 4) both.resolve();
          await Promise.reject(new Error("a handler failed"));
        });
        const first = newMessage(), second = newMessage();
        await backend.storeMessage("space", "topic", first);
        await backend.storeMessage("space", "topic", second);
        await both.promise;
        assert.deepEqual(seen, [first.id, first.id, second.id, second.id]);
      }));
  });
}

for (
  const [name, onGap] of Object.entries({
    "throws": () => fail("onGap"),
    "rejects": async () => await Promise.reject(new Error("onGap failed")),
  })
) {
  Deno.test(`a queue delivers what is left though onGap ${name}`, async () => {
    await using queue = new InMemoryMessageQueue({ maxItems: 1 });
    await queue.initialize();
    const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker" };
    await queue.publish({ ...job, payload: 1 });
    await queue.publish({ ...job, payload: 2 });
    await counting("callback", async () => {
      await using messages = queue.subscribe("jobs", "worker", { onGap });
      assert.equal((await messages.next()).value!.payload, 2);
      assert.equal(messages.missed, 1);
    });
  });
}

for (
  const [name, onRequest] of Object.entries({
    "throws": () => fail("onRequest"),
    "returns what throws": () => () => fail("the end"),
    "rejects": () => Promise.reject(new Error("onRequest failed")) as never,
    "returns what rejects": () => () => Promise.reject(new Error("the end failed")) as never,
  })
) {
  Deno.test(`servers reply though onRequest ${name}`, async () => {
    await counting("callback", async () => {
      await using server = new SharedMemoryServer({ onRequest });
      await using http = new SharedMemoryMessagingBackend({ serverUrl: await server.start() });
      await http.set("key", null);
      assert.equal(await http.get("key"), null);
    });
    await counting("callback", async () => {
      await using server = new EmbeddedServer({ onRequest });
      const port = await server.start();
      await using tcp = new EmbeddedMessagingBackend({ port, autoStartServer: false });
      await tcp.storeMessage("space", "topic", newMessage());
      assert.equal((await tcp.getMessagesForTopic("topic")).length, 1);
    });
  });
}

Deno.test("operations succeed though a filter of the log throws", async () => {
  await configure({
    sinks: { none() {} },
    filters: { failing: () => fail("the filter") },
    loggers: [
      { category: "ringbus", sinks: ["none"], filters: ["failing"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
    ],
  });
  try {
    await counting("log", async () => {
      await using queue = new InMemoryMessageQueue({ maxItems: 1 });
      await queue.initialize();
      await checkMessageQueue(queue);
      await inScratch(({ path: dir }) => {
        using pusher = new Pusher("full", { dir });
        while (pusher.send(1));
        using puller = new Puller("full", { dir });
        assert.equal(puller.tryRecv(), 1);
        puller.drain();
        return Promise.resolve();
      });
    });
  } finally {
    await reset();
  }
});

Deno.test("a queue on Redis works for a user without the right to publish notifications", async () => {
  await using server = await redisServer();
  await server.command(
    ...["ACL", "SETUSER", "worker", "on", ">secret", "~*", "&*", "+@all", "-publish", "-spublish"],
  );
  const redisUrl = server.url.replace("redis://", "redis://worker:secret@");
  await counting("notify", async () => {
    await using queue = new RedisMessageQueue({
      redisUrl,
      healthCheckSeconds: 0.05,
      maxAttempts: 1,
    });
    await queue.initialize();
    const job = { channel: "jobs", sourceAgent: "test", targetAgent: "worker" };
    await queue.publish({ ...job, payload: 1 });
    await using messages = queue.subscribe("jobs", "worker");
    const { value } = await messages.next();
    assert.equal(value!.payload, 1);
    const next = messages.next();
    await queue.publish({ ...job, payload: 2 });
    // No notification comes: the subscription polls.
    assert.equal((await next).value!.payload, 2);
    assert.equal(await queue.acknowledge(value!), true);
    assert.equal(await queue.count(), 2);
  });
});
