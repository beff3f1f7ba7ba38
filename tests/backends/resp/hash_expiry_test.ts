// Fields of hashes with times to live, as in Redis 7.4.

import assert from "node:assert/strict";
import { timeRatio } from "../../support/collisions.ts";
import { respEngine } from "../../support/resp_engine.ts";
import { withResp } from "../../support/resp_server.ts";

Deno.test("resp: fields expire by the clock, and the last one takes its key along", () =>
  withResp({}, async ({ server, client, clock }) => {
    await client.call("HSET", "h", "a", 1, "b", 2, "c", 3);
    assert.deepEqual(await client.call("HEXPIRE", "h", 10, "FIELDS", 3, "a", "b", "x"), [1, 1, -2]);
    assert.deepEqual(await client.call("HTTL", "h", "FIELDS", 3, "a", "c", "x"), [10, -1, -2]);
    assert.deepEqual(await client.call("HPTTL", "h", "FIELDS", 1, "a"), [10_000]);
    clock.advance(9999);
    assert.equal(await client.call("HLEN", "h"), 3);
    clock.advance(1);
    assert.deepEqual(await client.call("HGETALL", "h"), ["c", "3"]);
    assert.deepEqual(await client.call("HPEXPIRE", "h", 5, "FIELDS", 1, "c"), [1]);
    clock.advance(5);
    assert.equal(await client.call("EXISTS", "h"), 0);
    assert.equal(server.store.nextExpiryMs, Infinity);
  }));

Deno.test("resp: a new value ends the time to live of a field, an increment keeps it", () =>
  withResp({}, async ({ client }) => {
    const ttl = () => client.call("HTTL", "h", "FIELDS", 1, "a");
    await client.call("HSET", "h", "a", 1);
    await client.call("HEXPIRE", "h", 10, "FIELDS", 1, "a");
    await client.call("HINCRBY", "h", "a", 1);
    assert.deepEqual(await ttl(), [10]);
    assert.deepEqual(await client.call("HPERSIST", "h", "FIELDS", 1, "a"), [1]);
    assert.deepEqual(await client.call("HPERSIST", "h", "FIELDS", 1, "a"), [-1]);
    await client.call("HEXPIRE", "h", 10, "FIELDS", 1, "a");
    await client.call("HSET", "h", "a", 5);
    assert.deepEqual(await ttl(), [-1]);
  }));

Deno.test("resp: conditions, absolute times and times that have passed", () =>
  withResp({}, async ({ client, clock }) => {
    await client.call("HSET", "h", "a", 1, "b", 2);
    const expire = (...words: (string | number)[]) => client.call("HEXPIRE", "h", ...words);
    assert.deepEqual(await expire(10, "XX", "FIELDS", 1, "a"), [0]);
    assert.deepEqual(await expire(10, "NX", "FIELDS", 1, "a"), [1]);
    assert.deepEqual(await expire(20, "LT", "FIELDS", 1, "a"), [0]);
    assert.deepEqual(await expire(20, "GT", "FIELDS", 1, "a"), [1]);
    const at = Math.floor(clock.now() / 1000) + 100;
    assert.deepEqual(await client.call("HEXPIREAT", "h", at, "FIELDS", 1, "a"), [1]);
    assert.deepEqual(await client.call("HEXPIRETIME", "h", "FIELDS", 1, "a"), [at]);
    assert.deepEqual(await client.call("HPEXPIRETIME", "h", "FIELDS", 1, "a"), [at * 1000]);
    assert.deepEqual(await client.call("HPEXPIREAT", "h", 1, "FIELDS", 1, "b"), [2]);
    assert.deepEqual(await client.call("HKEYS", "h"), ["a"]);
    assert.deepEqual(await client.call("HEXPIRE", "none", 1, "FIELDS", 1, "a"), [-2]);
    assert.match(JSON.stringify(await expire(10, "FIELDS", 2, "a")), /numfields/);
    assert.match(JSON.stringify(await expire(10, "a", "b", "c")), /ERR/);
  }));

Deno.test("resp: a copied and a renamed hash keep the times to live of their fields", () =>
  withResp({}, async ({ client, clock }) => {
    await client.call("HSET", "h", "a", 1, "b", 2);
    await client.call("HEXPIRE", "h", 10, "FIELDS", 1, "a");
    await client.call("COPY", "h", "copy");
    await client.call("RENAME", "h", "renamed");
    clock.advance({ seconds: 10 });
    assert.deepEqual(await client.call("HKEYS", "copy"), ["b"]);
    assert.deepEqual(await client.call("HKEYS", "renamed"), ["b"]);
  }));

Deno.test("resp: times to live of many fields take a time by their number", () => {
  const run = (fields: number) => {
    const { call, clock } = respEngine();
    for (let i = 0; i < fields; i++) call("HSET", "hash", `f${i}`, "v");
    for (let i = 0; i < fields; i++) call("HPEXPIRE", "hash", 1000 + i, "FIELDS", 1, `f${i}`);
    clock.advance({ milliseconds: 1000 + fields / 2 - 1 });
    assert.equal(call("HLEN", "hash"), fields / 2);
  };
  const ratio = timeRatio(run, 8000, 800);
  assert.ok(ratio < 45, `${ratio} times as long for ten times as many`);
});
