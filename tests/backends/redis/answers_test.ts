// What the queue and the shared state do when a server replies that it cannot serve, or not now.

import assert from "node:assert/strict";
import {
  QueueConfigurationError,
  QueueConnectionError,
  QueueOutOfMemoryError,
  QueueReplicationError,
} from "../../../mod.ts";
import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import { Connection } from "../../../backends/redis/connection.ts";
import { RedisBackend, SharedBackendError } from "../../../backends/state/mod.ts";
import { type RedisServer, redisServer } from "../../../testing/mod.ts";
import { nextOf, task } from "../../conformance/queue/stage.ts";
import { until, within } from "../../support/deadline.ts";
import { tcpProxy } from "../../support/tcp_proxy.ts";

const QUICK = { commandTimeoutMs: 1000, deadlineMs: 15_000 };

/** A queue and a state of one server, and an address that leads to that server at first. */
async function open(deadlineMs = QUICK.deadlineMs) {
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await redisServer());
  const proxy = resources.use(await tcpProxy(server.port));
  const redisUrl = `redis://127.0.0.1:${proxy.port}`;
  const queue = resources.use(new RedisMessageQueue({ redisUrl, ...QUICK, deadlineMs }));
  await queue.initialize();
  const state = resources.use(new RedisBackend({ redisUrl }));
  await state.connect();
  const owned = resources.move();
  return { server, proxy, queue, state, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function connectTo({ host, port }: RedisServer): Promise<Connection> {
  return Connection.open({ host, port }, { database: 0 }, 5000);
}

/** The ways in which a server says that it is not the right one any more. */
const DEMOTIONS: Record<string, (former: RedisServer, next: RedisServer) => Promise<unknown>> = {
  async READONLY(former, next) {
    await former.command("REPLICAOF", "127.0.0.1", String(next.port));
  },
  async MASTERDOWN(former) {
    await former.command("CONFIG", "SET", "replica-serve-stale-data", "no");
    await former.command("REPLICAOF", "127.0.0.1", "1");
  },
  async NOREPLICAS(former) {
    await former.command("CONFIG", "SET", "min-replicas-to-write", "1");
  },
};

for (const [answer, demote] of Object.entries(DEMOTIONS)) {
  Deno.test(`after ${answer} the client connects again, to where the address leads now`, async () => {
    await using next = await redisServer();
    await using stage = await open();
    const { server, proxy, queue, state } = stage;
    await using subscription = queue.subscribe("tasks", "worker");
    await subscription.ready;
    await demote(server, next);
    proxy.targetPort = next.port;
    const { id } = await within(queue.publish(task(1)), "publish");
    assert.equal((await nextOf(subscription)).id, id);
    assert.equal(await within(state.bufferAppend("t", Uint8Array.of(1)), "append"), 0);
    assert.equal(await state.bufferThreadLen("t"), 1);
    await using witness = new RedisMessageQueue({ redisUrl: next.url });
    await witness.initialize();
    assert.equal(await witness.exists(id), true);
  });
}

Deno.test("an address that leads to a replica for good is an error at the deadline", async () => {
  await using stage = await open(800);
  const { server, proxy, queue } = stage;
  await server.command("REPLICAOF", "127.0.0.1", "1");
  const { accepted } = proxy;
  const isExplained = (error: Error) => {
    assert.ok(error instanceof QueueConnectionError);
    assert.match(error.message, /READONLY .*; it is not the master, or not ready; check where/);
    return true;
  };
  await assert.rejects(within(queue.publish(task(1)), "the rejection", 10_000), isExplained);
  assert.ok(proxy.accepted > accepted + 1, "it has connected again");
  await using other = new RedisMessageQueue({ redisUrl: server.url, redisPrefix: "other" });
  await assert.rejects(within(other.initialize({ timeoutMs: 2000 }), "the rejection"), isExplained);
});

Deno.test("the error of a call whose deadline ends its last attempt says what the one before was told", async () => {
  await using stage = await open();
  const { server, proxy } = stage;
  await server.command("REPLICAOF", "127.0.0.1", "1");
  await using queue = new RedisMessageQueue({
    redisUrl: `redis://127.0.0.1:${proxy.port}`,
    redisPrefix: "other",
    // No attempt ends by itself before the call does.
    commandTimeoutMs: 60_000,
    deadlineMs: 120_000,
  });
  const { accepted } = proxy;
  const rejection = assert.rejects(queue.initialize({ timeoutMs: 3000 }), (error: Error) => {
    assert.ok(error instanceof QueueConnectionError, String(error));
    assert.match(
      error.message,
      / within 3000 ms: READONLY .*, and then there was no reply to the last attempt before the deadline; it is not the master/,
    );
    return true;
  });
  try {
    await until(() => proxy.accepted > accepted + 1, "an attempt after the first reply");
    Deno.kill(server.pid, "SIGSTOP");
    await rejection;
  } finally {
    Deno.kill(server.pid, "SIGCONT");
  }
});

Deno.test("a state does not read what a former master still has", async () => {
  await using next = await redisServer();
  await using stage = await open();
  await next.command("REPLICAOF", "127.0.0.1", "1");
  stage.proxy.targetPort = next.port;
  stage.proxy.cut();
  let hasRead = false;
  const reading = stage.state.bufferThreadLen("t").finally(() => hasRead = true);
  const { accepted } = stage.proxy;
  await until(() => hasRead || stage.proxy.accepted > accepted + 3, "further attempts");
  assert.equal(hasRead, false);
  await next.command("REPLICAOF", "NO", "ONE");
  assert.equal(await within(reading, "the read"), 0);
});

Deno.test("a subscription and calls wait while the server has too many clients", async () => {
  await using stage = await open();
  const { server, proxy, queue, state } = stage;
  // It is the one client that the server accepts.
  const control = await connectTo(server);
  await control.send(["CONFIG", "SET", "maxclients", "1"]);
  proxy.cut();
  await using subscription = queue.subscribe("tasks", "worker");
  const coming = subscription.next();
  const publishing = queue.publish(task("later"));
  const appending = state.bufferAppend("t", Uint8Array.of(1));
  await until(() => proxy.accepted > 8, "rejected connections");
  await control.send(["CONFIG", "SET", "maxclients", "100"]);
  control.close();
  await within(publishing, "publish");
  assert.equal((await within(coming, "delivery")).value.payload, "later");
  assert.equal(await within(appending, "append"), 0);
});

Deno.test("a subscription and calls wait while a script blocks the server", async () => {
  await using stage = await open();
  const { server, queue, state } = stage;
  await using subscription = queue.subscribe("tasks", "worker");
  await subscription.ready;
  await server.command("CONFIG", "SET", "busy-reply-threshold", "1");
  const endless = assert.rejects(server.command("EVAL", "while true do end", "0"), /killed/);
  const coming = subscription.next();
  const publishing = queue.publish(task("later"));
  const appending = state.bufferAppend("t", Uint8Array.of(1));
  await until(() => server.command("GET", "x").then(() => false, () => true), "the block");
  await server.command("SCRIPT", "KILL");
  await endless;
  await within(publishing, "publish");
  assert.equal((await within(coming, "delivery")).value.payload, "later");
  assert.equal(await within(appending, "append"), 0);
});

Deno.test("publish and append wait for memory, and reject at their deadline", async () => {
  await using stage = await open();
  const { server, queue, state } = stage;
  await using hasty = new RedisMessageQueue({ redisUrl: server.url, deadlineMs: 1500 });
  await hasty.initialize({ timeoutMs: 30_000 });
  await using subscription = queue.subscribe("tasks", "worker");
  await subscription.ready;
  await server.command("CONFIG", "SET", "maxmemory", "1");
  await assert.rejects(within(hasty.publish(task(1)), "the rejection"), QueueOutOfMemoryError);
  const publishing = queue.publish(task("later"));
  const appending = state.bufferAppend("t", Uint8Array.of(1));
  assert.equal(await state.bufferThreadLen("t"), 0);
  await server.command("CONFIG", "SET", "maxmemory", "0");
  await within(publishing, "publish");
  assert.equal((await nextOf(subscription)).payload, "later");
  assert.equal(await within(appending, "append"), 0);
});

Deno.test("each call that no replica confirms says so, whatever calls began before or after it", async () => {
  await using server = await redisServer();
  const impatient = { redisUrl: server.url, minReplicas: 1, deadlineMs: 3000 };
  await using queue = new RedisMessageQueue(impatient);
  await queue.initialize();
  const reasons: Promise<unknown>[] = [];
  for (let i = 0; i < 60; i++) {
    reasons.push(queue.publish(task(i)).catch((error: unknown) => error));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const reason of await Promise.all(reasons)) {
    assert.ok(reason instanceof QueueReplicationError, String(reason));
    assert.match(reason.message, /0 of 1 replicas confirmed/);
  }
});

Deno.test("an error of the program is thrown at once, and the server is not blamed", async () => {
  await using stage = await open();
  const { server, state } = stage;
  await server.kill();
  const bytes = new Uint8Array(4);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  await assert.rejects(within(state.bufferAppend("t", bytes), "the rejection", 5000), {
    name: "TypeError",
    message: /slotData cannot be read: its ArrayBuffer is detached/,
  });
  await server.restart();
  const taken = new Uint8Array(4).fill(7);
  const appending = state.bufferAppend("t", taken);
  structuredClone(taken, { transfer: [taken.buffer] });
  await appending;
  assert.deepEqual([...(await state.bufferGetSlot("t", 0))!], [7, 7, 7, 7]);
});

Deno.test("keys of another program cause the documented error, and no error of Lua", async () => {
  await using stage = await open();
  const { server, queue, state } = stage;
  await server.command("SET", "tinyllm:stream:tasks", "text");
  const isPlain = (error: Error) => {
    assert.match(error.message, /WRONGTYPE.*another program has stored something else there/);
    assert.doesNotMatch(error.message, /script|user_script/);
    return true;
  };
  await assert.rejects(queue.publish(task(1)), (error: Error) => {
    assert.ok(error instanceof QueueConfigurationError);
    assert.ok(!(error instanceof QueueConnectionError));
    return isPlain(error);
  });
  await server.command("SET", "{xp:}threads", "text");
  await assert.rejects(state.bufferAppend("t", Uint8Array.of(1)), (error: Error) => {
    assert.ok(error instanceof SharedBackendError);
    return isPlain(error);
  });
});
