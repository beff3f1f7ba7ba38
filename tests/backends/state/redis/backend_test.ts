// The contract of shared state on a Redis server, and the tests of that backend.

import assert from "node:assert/strict";
import {
  getSharedBackend,
  RedisBackend,
  resetSharedBackend,
  SharedBackendConnectionError,
  type StateOptions,
} from "../../../../backends/state/mod.ts";
import { type RedisServer, redisServer } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";
import { testSharedBackend } from "../../../conformance/state/suite.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

function optionsFor(url: string, { ttlSeconds, ...limits }: StateOptions) {
  return { ...limits, redisUrl: url, ...(ttlSeconds !== undefined && { redisTtl: ttlSeconds }) };
}

const waiting = new WaitingTests();
testSharedBackend({
  name: "redis",
  async open(options) {
    const server = await redisServer();
    const config = optionsFor(server.url, options);
    return {
      backend: () => Promise.resolve(new RedisBackend(config)),
      advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      remote: { backendType: "redis", ...config },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  waiting,
});
waiting.define("redis state");

/** Number of connections to a server, except for that of the query. */
async function connectionsTo(server: RedisServer): Promise<number> {
  const list = String(await server.command("CLIENT", "LIST"));
  return list.trim().split("\n").length - 1;
}

Deno.test("redis state: a closed backend leaves no connection", async () => {
  await using server = await redisServer();
  const backend = new RedisBackend({ redisUrl: server.url });
  await backend.bufferAppend("t", Uint8Array.of(1));
  assert.equal(await connectionsTo(server), 1);
  await backend.close();
  await until(async () => await connectionsTo(server) === 0, "the end of the connection");
});

Deno.test("redis state: every key has the prefix and an expiry", async () => {
  await using server = await redisServer();
  await using backend = new RedisBackend({ redisUrl: server.url, redisPrefix: "app:" });
  await backend.bufferAppend("t", Uint8Array.of(1));
  await backend.registrySet("a.b", "u");
  const keys = await server.command("KEYS", "*") as string[];
  assert.ok(keys.length >= 5, `${keys}`);
  for (const key of keys) {
    assert.ok(key.startsWith("{app:}"), key);
    assert.ok(Number(await server.command("PTTL", key)) > 0, key);
  }
});

Deno.test("redis state: two prefixes are two states", async () => {
  await using server = await redisServer();
  await using one = new RedisBackend({ redisUrl: server.url, redisPrefix: "one:" });
  await using other = new RedisBackend({ redisUrl: server.url, redisPrefix: "other:" });
  await one.bufferAppend("t", Uint8Array.of(1));
  assert.equal(await other.bufferThreadExists("t"), false);
});

Deno.test("redis state: calls succeed after the server was killed and restarted", async () => {
  await using server = await redisServer({ appendOnly: true });
  await using backend = new RedisBackend({ redisUrl: server.url });
  await backend.bufferAppend("t", Uint8Array.of(1));
  await server.kill();
  const append = backend.bufferAppend("t", Uint8Array.of(2));
  await server.restart();
  assert.equal(await append, 1);
  assert.equal(await backend.bufferThreadLen("t"), 2);
});

Deno.test("redis state: close() ends a call that waits for its next attempt", async () => {
  await using server = await redisServer();
  const backend = new RedisBackend({ redisUrl: server.url });
  await backend.bufferAppend("t", Uint8Array.of(1));
  await server.kill();
  const append = assert.rejects(backend.bufferAppend("t", Uint8Array.of(2)), (error: Error) => {
    const { name } = error;
    assert.ok(["SharedBackendClosedError", "SharedBackendConnectionError"].includes(name), name);
    return true;
  });
  const startedMs = performance.now();
  await backend.close();
  await append;
  assert.ok(performance.now() - startedMs < 5000, "close() waited for the deadline of the call");
});

Deno.test("redis state: scripts are sent again when the server has lost them", async () => {
  await using server = await redisServer();
  await using backend = new RedisBackend({ redisUrl: server.url });
  assert.equal(await backend.bufferAppend("t", Uint8Array.of(1)), 0);
  await server.command("SCRIPT", "FLUSH");
  assert.equal(await backend.bufferAppend("t", Uint8Array.of(2)), 1);
});

Deno.test("redis state: an unreachable server is an error at once, which names the address", async () => {
  const config = { backendType: "redis", redisUrl: "redis://:secret@127.0.0.1:9" } as const;
  await assert.rejects(getSharedBackend(config), (error: Error) => {
    assert.ok(error instanceof SharedBackendConnectionError);
    assert.match(error.message, /127\.0\.0\.1:9/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  await resetSharedBackend();
});

Deno.test("redis state: a wrong password is rejected at once", async () => {
  await using server = await redisServer({ password: "right" });
  const backend = new RedisBackend({ redisUrl: server.url.replace("right", "wrong") });
  await assert.rejects(backend.connect(), /user, password/);
  await backend.close();
});

Deno.test("redis state: invalid prefixes, URLs and durations are rejected", () => {
  for (const redisPrefix of ["", "a{b}", "a b"]) {
    assert.throws(() => new RedisBackend({ redisPrefix }), /redisPrefix/);
  }
  assert.throws(() => new RedisBackend({ redisUrl: "http://localhost" }), /redisUrl/);
  assert.throws(() => new RedisBackend({ redisTtl: 0 }), /redisTtl/);
});
