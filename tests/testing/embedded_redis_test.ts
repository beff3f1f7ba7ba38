// The Redis server in the process of a test.

import assert from "node:assert/strict";
import { embeddedRedis, SteppableClock } from "../../testing/mod.ts";
import { RespClient } from "../support/resp_client.ts";

Deno.test("embeddedRedis: it has what a test needs", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock, version: "7.2.4" });
  await using client = await RespClient.open(redis.port);
  assert.equal(redis.url, `redis://127.0.0.1:${redis.port}`);
  assert.equal(redis.clock, clock);
  redis.seed([
    ["SET", "text", "hällo", "EX", 60],
    ["HSET", "hash", "b", 2, "a", 1],
    ["SADD", "set", "y", "x"],
  ]);
  assert.deepEqual(redis.dump(), {
    hash: { type: "hash", value: { a: "1", b: "2" } },
    set: { type: "set", value: ["x", "y"] },
    text: { type: "string", value: "hällo", ttlMs: 60_000 },
  });
  assert.deepEqual(await client.call("PING"), { status: "PONG" });
  assert.match(String(await client.call("INFO", "server")), /redis_version:7\.2\.4/);
  await client.call("FOO", "x");
  await client.call("HTTL", "hash", "FIELDS", 1, "a");
  assert.deepEqual(redis.unknownCommands(), { foo: 1, httl: 1 });
  assert.deepEqual(redis.commands()[2], ["FOO", "x"]);
  clock.advance({ seconds: 60 });
  assert.deepEqual(Object.keys(redis.dump()), ["hash", "set"]);
  redis.flush();
  assert.deepEqual([redis.dump(), redis.commands()], [{}, []]);
  assert.throws(() => redis.command("INCR"), /wrong number of arguments/);
});

Deno.test("embeddedRedis: only texts and numbers are words of commands", async () => {
  await using redis = await embeddedRedis();
  for (const wrong of [null, undefined, NaN, true, 5n, { b: 1 }, new Uint8Array(1), ["SET"]]) {
    const message = /the words of .* must be texts or numbers, not /;
    const command = ["SET", "k", wrong] as string[];
    assert.throws(() => redis.command(...command), { name: "TypeError", message });
    assert.throws(() => redis.seed([["SET", "a", 0], command]), { name: "TypeError", message });
  }
  const noWords = { name: "TypeError", message: /takes words, such as/ };
  assert.throws(() => redis.command(), noWords);
  assert.throws(() => redis.seed([[]]), noWords);
  assert.throws(() => redis.seed(["SET k v"] as never), noWords);
  assert.throws(() => redis.seed("SET k v" as never), /seed\(\) takes an array of commands/);
  assert.deepEqual(redis.dump(), {});
  redis.command("SET", "", 0);
  assert.deepEqual(redis.dump(), { "": { type: "string", value: "0" } });
  await assert.rejects(embeddedRedis({ users: ["one"] as never }), /users must be an object/);
});

Deno.test("embeddedRedis: users have passwords", async () => {
  await using redis = await embeddedRedis({ users: { default: "one", anna: "two" } });
  await using client = await RespClient.open(redis.port);
  assert.deepEqual(await client.call("GET", "k"), { error: "NOAUTH Authentication required." });
  assert.deepEqual(await client.call("AUTH", "one"), { status: "OK" });
  assert.deepEqual(await client.call("AUTH", "anna", "two"), { status: "OK" });
  assert.match(JSON.stringify(await client.call("AUTH", "anna", "one")), /WRONGPASS/);
});

Deno.test("embeddedRedis: lines of words are commands from the first byte on", async () => {
  await using redis = await embeddedRedis();
  await using client = await RespClient.open(redis.port);
  await client.send("SET k v\r\nGET k\r\n");
  assert.deepEqual([await client.reply(), await client.reply()], [{ status: "OK" }, "v"]);
  await using page = await RespClient.open(redis.port);
  await page.send("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k w\r\n");
  await page.ended();
  assert.equal(redis.command("GET", "k"), "v");
});

Deno.test("embeddedRedis: an argument may be as long as in Redis", async () => {
  await using redis = await embeddedRedis();
  await using client = await RespClient.open(redis.port);
  const value = "\xff0123456".repeat(5 * 2 ** 20);
  assert.deepEqual(await client.call("SET", "k", value), { status: "OK" });
  assert.ok(await client.call("GET", "k") === value);
});

Deno.test("embeddedRedis: a hundred of them run in one process", async () => {
  await using servers = new AsyncDisposableStack();
  const all = await Promise.all(Array.from({ length: 100 }, () => embeddedRedis()));
  for (const each of all) servers.use(each);
  for (const [i, redis] of all.entries()) {
    await using client = await RespClient.open(redis.port);
    await client.call("SET", "number", i);
  }
  assert.deepEqual(
    all.map((redis) => redis.command("GET", "number")),
    all.map((_, i) => String(i)),
  );
});

Deno.test("embeddedRedis: it is ready in less than 50 ms", async () => {
  const times: number[] = [];
  // A busy machine makes it slower at times.
  for (let i = 0; i < 50 && !times.some((timeMs) => timeMs < 50); i++) {
    const startMs = performance.now();
    await using redis = await embeddedRedis();
    await using client = await RespClient.open(redis.port);
    await client.call("PING");
    times.push(performance.now() - startMs);
  }
  assert.ok(times.at(-1)! < 50, `${times} ms`);
});

Deno.test("a call on an embedded server that is stopped says so, and what was recorded stays", async () => {
  const redis = await embeddedRedis();
  redis.seed([["SET", "a", 1]]);
  await redis.stop();
  const calls: [string, () => unknown][] = [
    ["command", () => redis.command("PING")],
    ["seed", () => redis.seed([["SET", "a", 2]])],
    ["flush", () => redis.flush()],
    ["dump", () => redis.dump()],
  ];
  for (const [call, use] of calls) {
    const message = `cannot execute ${call}(): the server is stopped; start another one`;
    assert.throws(use, { name: "Error", message });
  }
  assert.deepEqual([redis.commands(), redis.unknownCommands()], [[], {}]);
});
