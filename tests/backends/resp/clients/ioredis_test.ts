// The client `ioredis` connects to the embedded server.

import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { embeddedRedis, SteppableClock } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";

Deno.test("ioredis: commands, pipelines and transactions", async () => {
  await using redis = await embeddedRedis();
  const client = new Redis(redis.url);
  try {
    assert.equal(await client.set("text", "hällo", "EX", 60), "OK");
    assert.equal(await client.get("text"), "hällo");
    assert.deepEqual(await client.getBuffer("text"), Buffer.from("hällo"));
    const replies = await client.pipeline().incr("n").incrby("n", 5).get("n").lpush("n", 1).exec();
    assert.deepEqual(replies?.slice(0, 3), [[null, 1], [null, 6], [null, "6"]]);
    assert.match(String(replies?.[3][0]), /WRONGTYPE/);
    await client.hset("hash", { a: 1, b: 2 });
    assert.deepEqual(await client.hgetall("hash"), { a: "1", b: "2" });
    assert.deepEqual(await client.multi().set("k", "v").get("k").exec(), [
      [null, "OK"],
      [null, "v"],
    ]);
    const found: string[] = [];
    for await (const keys of client.scanStream({ count: 2 })) found.push(...keys);
    assert.deepEqual(found.toSorted(), ["hash", "k", "n", "text"]);
  } finally {
    client.disconnect();
  }
});

Deno.test("ioredis: messages, and keyspace events", async () => {
  await using redis = await embeddedRedis();
  const client = new Redis(redis.url);
  const subscriber = client.duplicate();
  try {
    const heard: string[] = [];
    subscriber.on("message", (channel, message) => heard.push(`${channel} ${message}`));
    subscriber.on(
      "pmessage",
      (pattern, channel, message) => heard.push(`${pattern} ${channel} ${message}`),
    );
    await subscriber.subscribe("news");
    await subscriber.psubscribe("__keyevent@*__:*");
    await client.config("SET", "notify-keyspace-events", "Ex$");
    await client.publish("news", "one");
    await client.set("k", "v");
    await until(() => heard.length === 2, "two messages");
    assert.deepEqual(heard, ["news one", "__keyevent@*__:* __keyevent@0__:set k"]);
  } finally {
    subscriber.disconnect();
    client.disconnect();
  }
});

Deno.test("ioredis: a blocking read ends by what comes, or by the server's clock", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  const client = new Redis(redis.url);
  const reader = client.duplicate();
  const untilWaiting = () =>
    until(
      async () => /blocked_clients:1/.test(await client.info("clients")),
      "a call that waits",
    );
  try {
    const popped = reader.blpop("list", "other", 0);
    await untilWaiting();
    await client.rpush("other", "a");
    assert.deepEqual(await popped, ["other", "a"]);
    const read = reader.xread("BLOCK", 0, "STREAMS", "stream", "$");
    await untilWaiting();
    const id = await client.xadd("stream", "*", "field", "value");
    assert.deepEqual(await read, [["stream", [[id, ["field", "value"]]]]]);
    const nothing = reader.brpop("list", 5);
    await untilWaiting();
    clock.advance({ seconds: 5 });
    assert.equal(await nothing, null);
  } finally {
    reader.disconnect();
    client.disconnect();
  }
});

Deno.test("ioredis: commands wait while the connection is cut, and are sent again", async () => {
  await using redis = await embeddedRedis();
  const client = new Redis(redis.url, { retryStrategy: () => 1 });
  try {
    redis.faults.inject("cut before", { command: "GET" });
    redis.faults.inject("cut reply", { command: "INCR" });
    await client.set("k", "v");
    assert.equal(await client.get("k"), "v");
    // It was carried out before the connection was cut, and again.
    assert.equal(await client.incr("n"), 2);
  } finally {
    client.disconnect();
  }
});

Deno.test("ioredis: it connects again after errors that its user names", async () => {
  await using redis = await embeddedRedis();
  const reconnectOnError = ({ message }: Error) => message.startsWith("READONLY") ? 2 : false;
  const client = new Redis(redis.url, { retryStrategy: () => 1, reconnectOnError });
  try {
    redis.faults.inject("READONLY", { command: "SET" });
    assert.equal(await client.set("k", "v"), "OK");
    assert.equal(redis.commands().filter(([name]) => name.toLowerCase() === "set").length, 2);
  } finally {
    client.disconnect();
  }
});
