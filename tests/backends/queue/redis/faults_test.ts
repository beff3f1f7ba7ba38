// Message queues on Redis while the server or the network fails.

import assert from "node:assert/strict";
import {
  type QueueConfig,
  QueueConnectionError,
  QueueError,
  QueueOutOfMemoryError,
  QueueTimeoutError,
  type Subscription,
} from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";
import { Load } from "./load.ts";
import { sleep, until, within } from "../../../support/deadline.ts";
import { collectLog } from "../../../support/log_records.ts";
import { tcpProxy } from "../../../support/tcp_proxy.ts";

const DEADLINE_MS = 15_000;
const QUICK: QueueConfig = { commandTimeoutMs: 500, deadlineMs: DEADLINE_MS, leaseSeconds: 3 };

async function open(redisUrl: string, config: QueueConfig = {}): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl, ...QUICK, ...config });
  await queue.initialize({ timeoutMs: 30_000 });
  return queue;
}

Deno.test("a server that is killed under load and restarted has lost nothing", async () => {
  await using server = await redisServer({ appendOnly: true });
  await using queue = await open(server.url);
  await using load = new Load(queue, ["ann", "bob"], DEADLINE_MS);
  await load.flows();
  for (let i = 0; i < 2; i++) {
    await server.kill();
    await sleep(200);
    await server.restart();
    await load.flows();
  }
  await load.verify();
});

for (
  const [name, commands] of [
    ["connections that the server closes", [["CLIENT", "KILL", "TYPE", "normal"], [
      "CLIENT",
      "KILL",
      "TYPE",
      "pubsub",
    ]]],
    ["a server that pauses longer than a command may take", [["CLIENT", "PAUSE", "1500", "ALL"]]],
    ["a server that forgets its scripts", [["SCRIPT", "FLUSH"]]],
  ] as const
) {
  Deno.test(`${name}: no message is lost, and delivery continues`, async () => {
    await using server = await redisServer();
    await using queue = await open(server.url);
    await using load = new Load(queue, ["ann", "bob"], DEADLINE_MS);
    await load.flows();
    for (const command of commands) {
      await server.command(...command);
      await load.flows();
    }
    await load.verify();
  });
}

Deno.test("a network that cuts, delays and half-closes: no message is lost, and delivery continues", async () => {
  await using server = await redisServer();
  await using proxy = await tcpProxy(server.port);
  await using queue = await open(`redis://127.0.0.1:${proxy.port}`);
  await using load = new Load(queue, ["ann", "bob"], DEADLINE_MS);
  await load.flows();
  for (let i = 0; i < 5; i++) {
    proxy.cut();
    await load.flows(10);
    proxy.cutAfter(37 * i, "to client");
    await load.flows(10);
    proxy.cutAfter(151 * i, "to server");
    await load.flows(10);
  }
  proxy.delayMs = 60;
  await load.flows(10);
  proxy.delayMs = 0;
  proxy.halfClose("to server");
  await load.flows(10);
  proxy.halfClose("to client");
  await load.flows(10);
  await load.verify();
  assert.ok(proxy.cuts > 10);
});

/** Bytes of a command or of its reply after which a connection is cut. */
const CUTS = [0, 1, 3, 4, 10, 40, 100, 300].flatMap((bytes) =>
  (["to server", "to client"] as const).map((direction) => ({ bytes, direction }))
);

Deno.test("a call is carried out once when its connection is cut at any byte", async () => {
  await using server = await redisServer();
  await using proxy = await tcpProxy(server.port);
  await using queue = await open(`redis://127.0.0.1:${proxy.port}`);
  await using witness = await open(server.url);
  for (const { bytes, direction } of CUTS) {
    const where = `after ${bytes} bytes ${direction}`;
    const cut = () => proxy.cutAfter(bytes, direction);
    await witness.clear();

    cut();
    const record = await queue.publish(task(where));
    assert.equal(await witness.count(), 1, `publish ${where}`);
    assert.equal((await witness.getPending("worker")).length, 1, `publish ${where}`);

    cut();
    await queue.put({ ...record, payload: "replaced" });
    assert.equal(await witness.count(), 1, `put ${where}`);

    const subscription = queue.subscribe("tasks", "worker");
    await subscription.ready;
    cut();
    const delivery = await nextOf(subscription);
    assert.deepEqual([delivery.payload, delivery.attempts], ["replaced", 1], `claim ${where}`);
    await subscription.return();

    cut();
    assert.equal(await queue.acknowledge(delivery), true, `acknowledge ${where}`);
    assert.equal(await witness.count({ acknowledged: true }), 1, `acknowledge ${where}`);

    cut();
    assert.equal(await queue.delete(record.id), true, `delete ${where}`);
    assert.equal(await witness.count(), 0, `delete ${where}`);

    for (let i = 0; i < 3; i++) await witness.publish(task(i));
    cut();
    assert.equal(await queue.clear(), 3, `clear ${where}`);
  }
  assert.ok(proxy.cuts >= CUTS.length);
});

Deno.test("a message that was trimmed before the reply arrived is not published again", async () => {
  await using server = await redisServer();
  await using proxy = await tcpProxy(server.port);
  await using queue = await open(`redis://127.0.0.1:${proxy.port}`, { maxItems: 1 });
  await using witness = await open(server.url, { maxItems: 1 });
  await queue.publish(task("first"));
  proxy.refuse();
  proxy.cutAfter(0, "to client");
  const publishing = queue.publish(task("trimmed"));
  await until(async () => (await witness.list())[0].payload === "trimmed", "the first attempt");
  await witness.publish(task("latest"));
  await proxy.accept();
  const { id } = await publishing;
  assert.equal(await witness.exists(id), false);
  assert.deepEqual((await witness.list()).map(({ payload }) => payload), ["latest"]);
});

Deno.test("a put whose reply was lost is carried out once", async () => {
  await using server = await redisServer();
  await using proxy = await tcpProxy(server.port);
  await using queue = await open(`redis://127.0.0.1:${proxy.port}`);
  await using witness = await open(server.url);
  const record = await queue.publish(task("first"));
  proxy.refuse();
  proxy.cutAfter(0, "to client");
  const putting = queue.put({ ...record, payload: "second" });
  const isThere = async () => (await witness.get(record.id))?.payload === "second";
  await until(isThere, "the first attempt");
  assert.equal(await witness.acknowledge(record.id), true);
  await proxy.accept();
  await putting;
  assert.deepEqual(await witness.getPending("worker"), []);
  assert.equal((await witness.get(record.id))?.acknowledged, true);
});

Deno.test("calls to a stopped server settle within their deadline", async () => {
  await using server = await redisServer();
  const deadlineMs = 1500;
  await using queue = await open(server.url, { commandTimeoutMs: 400, deadlineMs });
  await using witness = await open(server.url);
  const record = await witness.publish(task(1));
  Deno.kill(server.pid, "SIGSTOP");
  const calls = [
    queue.publish(task(2)),
    queue.put(record),
    queue.acknowledge(record),
    queue.getPending("worker"),
    queue.getDeadLetters("worker"),
    queue.requeue(record),
    queue.get(record.id),
    queue.list(),
    queue.count(),
    queue.delete(record.id),
    queue.clear(),
    queue.unsubscribe("tasks", "worker"),
  ];
  const outcomes = await within(
    Promise.allSettled<unknown>(calls),
    "the end of all calls",
    deadlineMs + 10_000,
  );
  for (const outcome of outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.ok(outcome.reason instanceof QueueTimeoutError, String(outcome.reason));
    assert.ok(outcome.reason.cause instanceof Error);
    assert.match(outcome.reason.message, /may have been carried out/);
  }
  Deno.kill(server.pid, "SIGCONT");
  assert.equal(typeof await witness.count(), "number");
});

Deno.test("calls to a killed server reject within their deadline", async () => {
  await using server = await redisServer();
  await using queue = await open(server.url, { deadlineMs: 1000 });
  await server.kill();
  await assert.rejects(within(queue.count(), "the rejection"), QueueConnectionError);
  await using other = new RedisMessageQueue({ redisUrl: server.url, deadlineMs: 3000 });
  await assert.rejects(within(other.initialize(), "the rejection"), (error) => {
    assert.ok(error instanceof QueueConnectionError);
    assert.match(error.message, new RegExp(`cannot initialize on ${server.url}.*ECONNREFUSED`));
    return true;
  });
  await server.restart();
  await other.initialize({ timeoutMs: 30_000 });
  assert.equal(await other.count(), 0);
});

Deno.test("initialize waits one attempt's time for a server that is down, and not the whole deadline", async () => {
  await using server = await redisServer();
  await server.kill();
  const options = { redisUrl: server.url, deadlineMs: 600_000 };
  await using other = new RedisMessageQueue({ ...options, commandTimeoutMs: 1000 });
  await assert.rejects(within(other.initialize(), "the rejection"), QueueConnectionError);
  await using patient = new RedisMessageQueue({ ...options, commandTimeoutMs: 300_000 });
  const initialized = patient.initialize();
  await server.restart();
  await within(initialized, "the connection");
  await within(other.initialize({ timeoutMs: 30_000 }), "the other connection");
  assert.deepEqual([await patient.count(), await other.count()], [0, 0]);
});

Deno.test("a broadcast waits a limited time for a subscription that cannot start", async () => {
  await using server = await redisServer();
  await using queue = await open(server.url, { deadlineMs: 1000 });
  await server.kill();
  await using _subscription = queue.subscribe("news", "ann");
  const broadcast = { channel: "news", sourceAgent: "boss", payload: 1 };
  await assert.rejects(within(queue.publish(broadcast), "the rejection"), QueueConnectionError);
});

Deno.test("a failed initialize leaves no connection, and can be repeated", async () => {
  await using server = await redisServer();
  await using first = await open(server.url, { namespace: "n", partitions: 2 });
  const clients = async () => String(await server.command("CLIENT", "LIST")).split("\n").length;
  const before = await clients();
  const other = new RedisMessageQueue({ redisUrl: server.url, namespace: "n" });
  await assert.rejects(other.initialize(), { name: "QueueConfigurationError" });
  await until(async () => await clients() === before, "the end of the connection");
  await first.clear();
  await server.command("FLUSHALL");
  await other.initialize();
  await other.close();
});

Deno.test("a subscription outlives a server that is down for longer than the deadline of a call", async () => {
  await using server = await redisServer({ appendOnly: true });
  await using queue = await open(server.url, { deadlineMs: 500, commandTimeoutMs: 200 });
  await using subscription = queue.subscribe("tasks", "worker");
  const coming = subscription.next();
  await subscription.ready;
  await server.kill();
  await sleep(1500);
  await server.restart();
  await using other = await open(server.url);
  await other.publish(task("back"));
  assert.equal((await within(coming, "delivery")).value.payload, "back");
});

const LOSSES: Record<string, (server: RedisServer) => Promise<unknown>> = {
  "FLUSHALL": (server) => server.command("FLUSHALL"),
  "a restart without its data": async (server) => {
    await server.kill();
    await server.restart();
  },
  "the deletion of the key of its registration": (server) =>
    server.command("DEL", "tinyllm:subs:news"),
};

for (const [loss, cause] of Object.entries(LOSSES)) {
  Deno.test(`a live subscription gets broadcasts after ${loss}`, async () => {
    await using server = await redisServer();
    await using queue = await open(server.url);
    await using publisher = await open(server.url);
    const subscriptions = ["ann", "bob"].map((agent) => queue.subscribe("news", agent));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    const coming = subscriptions.map((subscription) => subscription.next());
    const records = await collectLog(async () => {
      await cause(server);
      for (const payload of ["first", "second"]) {
        await publisher.publish({ channel: "news", sourceAgent: "boss", payload });
      }
      for (const [i, first] of coming.entries()) {
        assert.equal((await within(first, "a broadcast")).value.payload, "first");
        assert.equal((await nextOf(subscriptions[i])).payload, "second");
      }
    }, "warning");
    const restored = records.filter((each) => each.rawMessage === "subscription_registered_again");
    assert.deepEqual(restored.map(({ properties }) => properties["agentId"]).sort(), [
      "ann",
      "bob",
    ]);
    for (const subscription of subscriptions) await subscription.return();
  });
}

Deno.test("close ends within its deadline while the server is stopped", async () => {
  await using server = await redisServer();
  const queue = await open(server.url, { commandTimeoutMs: 300 });
  const subscription = queue.subscribe("tasks", "worker");
  const coming = subscription.next();
  await subscription.ready;
  Deno.kill(server.pid, "SIGSTOP");
  const call = assert.rejects(queue.count(), QueueError);
  await within(queue.close(), "the end of close", 10_000);
  await call;
  assert.equal((await coming).done, true);
  Deno.kill(server.pid, "SIGCONT");
});

/** The ways in which Redis is away. */
const ABSENCES: Record<string, (server: RedisServer) => Promise<void> | void> = {
  killed: (server) => server.kill(),
  stopped: (server) => Deno.kill(server.pid, "SIGSTOP"),
};

/** The ways to end a loop. */
const ENDS: Record<
  string,
  (stop: { queue: RedisMessageQueue; loop: Subscription; abort: AbortController }) => unknown
> = {
  close: ({ queue }) => queue.close(),
  "return()": ({ loop }) => loop.return(),
  "a signal": ({ abort }) => abort.abort(),
};

/** Ends a loop in one way, when it waits or as it begins. */
async function endLoop(state: string, name: string, isWaiting: boolean): Promise<void> {
  await using server = await redisServer();
  await using queue = await open(server.url, { commandTimeoutMs: 3000 });
  const abort = new AbortController();
  const start = () => queue.subscribe("tasks", "worker", { signal: abort.signal });
  let loop = start();
  await loop.ready;
  if (!isWaiting) {
    await ABSENCES[state](server);
    loop = start();
  }
  const coming = loop.next();
  if (isWaiting) {
    await queue.publish(task("first"));
    await coming;
    await ABSENCES[state](server);
  }
  const last = isWaiting ? loop.next() : coming;
  await sleep(50);
  const ending = Promise.resolve(ENDS[name]({ queue, loop, abort }));
  const what = (part: string) => `the end of ${part} after ${name}`;
  assert.equal((await within(last, what("the loop"), 1000)).done, true);
  if (name !== "close") await within(ending, what("the call"), 1500);
  if (state === "stopped") Deno.kill(server.pid, "SIGCONT");
  await within(ending, what("the call"), 8000);
  assert.equal((await loop.next()).done, true);
}

for (const state of Object.keys(ABSENCES)) {
  for (const isWaiting of [true, false]) {
    const when = isWaiting ? "in a wait" : "as it begins";
    Deno.test(`close, return() and a signal end a loop ${when} at once while the server is ${state}`, async () => {
      await Promise.all(Object.keys(ENDS).map((name) => endLoop(state, name, isWaiting)));
    });
  }
}

Deno.test("publish is rejected when the memory is full, and consumers continue", async () => {
  await using server = await redisServer({ maxMemoryBytes: 4_000_000 });
  await using queue = await open(server.url, { deadlineMs: 2000 });
  await using subscription = queue.subscribe<string>("tasks", "worker", { prefetch: 10 });
  await subscription.ready;
  const text = "x".repeat(4000);
  const ids: string[] = [];
  await assert.rejects(async () => {
    while (true) ids.push((await queue.publish(task(text))).id);
  }, (error) => {
    assert.ok(error instanceof QueueOutOfMemoryError);
    assert.match(error.message, /OOM command not allowed/);
    return true;
  });
  assert.ok(ids.length > 100);
  assert.equal(await queue.count(), ids.length);
  assert.equal((await queue.getPending("worker", { limit: 10_000 })).length, ids.length);
  await using late = await open(server.url);
  await late.unsubscribe("tasks", "unknown");
  for (const id of ids) {
    const record = await nextOf(subscription);
    assert.equal(record.id, id);
    assert.equal(await queue.acknowledge(record), true);
    assert.equal(await queue.delete(record.id), true);
  }
  await queue.publish(task("fits again"));
});
