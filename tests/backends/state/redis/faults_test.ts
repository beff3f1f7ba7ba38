// The state on Redis while the server evicts, the network loses replies, or a replica is behind.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { RedisBackend, SharedBackendError } from "../../../../backends/state/mod.ts";
import { redisServer } from "../../../../testing/mod.ts";
import { sleep, until, within } from "../../../support/deadline.ts";
import { collectLog } from "../../../support/log_records.ts";
import { tcpProxy } from "../../../support/tcp_proxy.ts";

/** Writes whose first reply is lost, what another client does before the second attempt, and the result. */
const WRITES: Record<
  string,
  [
    write: (state: RedisBackend) => Promise<unknown>,
    isDone: (other: RedisBackend) => Promise<boolean>,
    then: (other: RedisBackend) => Promise<unknown>,
    result: (other: RedisBackend) => Promise<unknown>,
    expected: unknown,
  ]
> = {
  registrySet: [
    (state) => state.registrySet("chain", "A"),
    async (other) => await other.registryGetUuid("chain") === "A",
    (other) => other.registrySet("chain", "B"),
    (other) => other.registryGetUuid("chain"),
    "B",
  ],
  registryClear: [
    (state) => state.registryClear(),
    async (other) => await other.registryGetUuid("first") === undefined,
    (other) => other.registrySet("chain", "B"),
    (other) => other.registryGetUuid("chain"),
    "B",
  ],
  bufferClear: [
    (state) => state.bufferClear(),
    async (other) => await other.bufferThreadLen("first") === 0,
    (other) => other.bufferAppend("t", Uint8Array.of(1)),
    (other) => other.bufferThreadLen("t"),
    1,
  ],
};

for (const [name, [write, isDone, then, result, expected]] of Object.entries(WRITES)) {
  Deno.test(`${name} is carried out once when its reply is lost`, async () => {
    await using server = await redisServer();
    await using proxy = await tcpProxy(server.port);
    await using state = new RedisBackend({ redisUrl: `redis://127.0.0.1:${proxy.port}` });
    await using other = new RedisBackend({ redisUrl: server.url });
    await state.connect();
    // The server knows the script.
    await write(other);
    await other.registrySet("chain", "0");
    await other.registrySet("first", "F");
    await other.bufferAppend("first", Uint8Array.of(1));
    proxy.refuse();
    proxy.cutAfter(0, "to client");
    const writing = write(state);
    await until(() => isDone(other), "the first attempt");
    await then(other);
    await proxy.accept();
    await within(writing, "the second attempt");
    assert.equal(await result(other), expected);
  });
}

for (const policy of ["allkeys-lru", "volatile-ttl"]) {
  Deno.test(`a server that may evict state (${policy}) causes a warning`, async () => {
    await using server = await redisServer();
    await server.command("CONFIG", "SET", "maxmemory-policy", policy);
    const records = await collectLog(async () => {
      await using connected = new RedisBackend({ redisUrl: server.url });
      await connected.connect();
      await using state = new RedisBackend({ redisUrl: server.url });
      await state.bufferAppend("t", Uint8Array.of(1));
    }, "warning");
    assert.deepEqual(
      records.map(({ rawMessage, properties }) => [rawMessage, properties["policy"]]),
      [
        ["redis_may_evict_state", policy],
        ["redis_may_evict_state", policy],
      ],
    );
  });
}

Deno.test("a thread whose slots are gone gives no index twice", async () => {
  await using server = await redisServer();
  await using state = new RedisBackend({ redisUrl: server.url });
  for (const id of ["t", "u"]) await state.bufferAppend(id, Uint8Array.of(1));
  await server.command("DEL", "{xp:}thread:t");
  const calls = [
    () => state.bufferAppend("t", Uint8Array.of(2)),
    () => state.bufferGetThread("t"),
    () => state.bufferGetSlot("t", 0),
    () => state.bufferThreadLen("t"),
  ];
  for (const call of calls) {
    await assert.rejects(call(), (error: Error) => {
      assert.ok(error instanceof SharedBackendError);
      assert.match(error.message, /the slots of thread "t" are gone: the server has evicted them/);
      return true;
    });
  }
  assert.equal(await state.bufferDeleteThread("t"), true);
  assert.equal(await state.bufferAppend("t", Uint8Array.of(2)), 0);
  await server.command("DEL", "{xp:}threads");
  assert.equal(await state.bufferAppend("u", Uint8Array.of(2)), 1);
});

Deno.test("with redisMinReplicas a call is fulfilled when the replicas have it", async () => {
  await using server = await redisServer();
  await using replica = await redisServer();
  await replica.command("REPLICAOF", "127.0.0.1", String(server.port));
  const isLinked = async () => /master_link_status:up/.test(String(await replica.command("INFO")));
  await until(isLinked, "the link");
  await using state = new RedisBackend({ redisUrl: server.url, redisMinReplicas: 1 });
  assert.equal(await within(state.bufferAppend("t", Uint8Array.of(1)), "append"), 0);
  Deno.kill(replica.pid, "SIGSTOP");
  let isSettled = false;
  const appending = state.bufferAppend("t", Uint8Array.of(1)).finally(() => isSettled = true);
  await until(async () => await server.command("LLEN", "{xp:}thread:t") === 2, "the write");
  await sleep(100);
  assert.equal(isSettled, false);
  Deno.kill(replica.pid, "SIGCONT");
  assert.equal(await within(appending, "append"), 1);
});

const MEBIBYTE = 1024 * 1024;

/** A line that passes on one mebibyte a second in each direction. */
async function slowLine(targetPort: number): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>();
  async function pass(from: Socket, to: Socket): Promise<void> {
    for await (const bytes of from) {
      await sleep(bytes.length / MEBIBYTE * 1000);
      if (!to.write(bytes)) await once(to, "drain");
    }
    to.end();
  }
  const server = createServer((client) => {
    const target = connect(targetPort, "127.0.0.1");
    for (const socket of [client, target]) sockets.add(socket.on("error", () => {}));
    pass(client, target).catch(() => {});
    pass(target, client).catch(() => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

Deno.test("a big slot passes a slow line, in both directions", async () => {
  await using server = await redisServer();
  await using line = await slowLine(server.port);
  const redisUrl = `redis://127.0.0.1:${line.port}`;
  await using sender = new RedisBackend({ redisUrl });
  await using receiver = new RedisBackend({ redisUrl });
  await using near = new RedisBackend({ redisUrl: server.url });
  // It takes longer than an attempt may take with a small slot. The server knows the scripts, so that a
  // slot passes once.
  const slot = new Uint8Array(6.5 * MEBIBYTE).fill(7);
  assert.equal(await near.bufferAppend("there", slot), 0);
  assert.equal((await near.bufferGetSlot("there", 0))?.length, slot.length);
  const sending = sender.bufferAppend("t", slot);
  const receiving = receiver.bufferGetSlot("there", 0);
  assert.equal(await sending, 0);
  assert.equal((await receiving)?.length, slot.length);
  assert.equal(await server.command("LLEN", "{xp:}thread:t"), 1);
});
