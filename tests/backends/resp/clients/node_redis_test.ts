// The official client of Node connects to the embedded server.

import assert from "node:assert/strict";
import { createClient, WatchError } from "@redis/client";
import { embeddedRedis, SteppableClock } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";

for (const RESP of [2, 3] as const) {
  Deno.test(`node-redis, RESP${RESP}: commands, pipelines and transactions`, async () => {
    await using redis = await embeddedRedis();
    const client = createClient({ url: redis.url, RESP });
    await client.connect();
    try {
      await client.set("text", "hällo", { expiration: { type: "EX", value: 60 } });
      assert.equal(await client.get("text"), "hällo");
      assert.equal(await client.ttl("text"), 60);
      const replies = await Promise.all([client.incr("n"), client.incrBy("n", 5), client.get("n")]);
      assert.deepEqual(replies, [1, 6, "6"]);
      await client.hSet("hash", { a: "1", b: "2" });
      assert.deepEqual({ ...await client.hGetAll("hash") }, { a: "1", b: "2" });
      await client.sAdd("set", ["x", "y"]);
      assert.deepEqual([...await client.sMembers("set")].toSorted(), ["x", "y"]);
      await client.zAdd("zset", [{ score: 1.5, value: "a" }, { score: 2, value: "b" }]);
      assert.deepEqual(await client.zRangeWithScores("zset", 0, -1), [
        { value: "a", score: 1.5 },
        { value: "b", score: 2 },
      ]);
      assert.deepEqual(await client.multi().set("k", "v").get("k").incr("n").exec(), [
        "OK",
        "v",
        7,
      ]);
      const found = [];
      for await (const keys of client.scanIterator({ MATCH: "*", COUNT: 2 })) found.push(...keys);
      assert.deepEqual(found.toSorted(), ["hash", "k", "n", "set", "text", "zset"]);
      await assert.rejects(client.lPush("text", "x"), /WRONGTYPE/);
    } finally {
      client.destroy();
    }
  });

  Deno.test(`node-redis, RESP${RESP}: a watched key that changes ends the transaction`, async () => {
    await using redis = await embeddedRedis();
    const client = createClient({ url: redis.url, RESP });
    await client.connect();
    try {
      await client.watch("k");
      redis.seed([["SET", "k", "other"]]);
      await assert.rejects(client.multi().set("k", "v").exec(), WatchError);
      assert.equal(await client.get("k"), "other");
    } finally {
      client.destroy();
    }
  });

  Deno.test(`node-redis, RESP${RESP}: messages reach a duplicate of the client`, async () => {
    await using redis = await embeddedRedis();
    const client = createClient({ url: redis.url, RESP });
    await client.connect();
    const subscriber = client.duplicate();
    await subscriber.connect();
    try {
      const heard: string[] = [];
      await subscriber.subscribe("news", (message) => heard.push(message));
      await subscriber.pSubscribe("n*", (message, channel) => heard.push(`${channel}: ${message}`));
      await subscriber.sSubscribe("shard", (message) => heard.push(`shard: ${message}`));
      assert.equal(await client.publish("news", "one"), 2);
      assert.equal(await client.sPublish("shard", "two"), 1);
      await until(() => heard.length === 3, "three messages");
      assert.deepEqual(heard, ["one", "news: one", "shard: two"]);
      await subscriber.unsubscribe("news");
      assert.equal(await client.publish("news", "three"), 1);
    } finally {
      subscriber.destroy();
      client.destroy();
    }
  });

  Deno.test(`node-redis, RESP${RESP}: a blocking read ends by the server's clock, or by what comes`, async () => {
    const clock = new SteppableClock();
    await using redis = await embeddedRedis({ clock });
    const client = createClient({ url: redis.url, RESP });
    await client.connect();
    try {
      const late = client.blPop("list", 5);
      await until(() => redis.commands().some(([name]) => name === "BLPOP"), "BLPOP");
      clock.advance({ seconds: 5 });
      assert.equal(await late, null);
      const found = client.blPop("list", 5);
      await until(
        () => redis.commands().filter(([name]) => name === "BLPOP").length === 2,
        "BLPOP",
      );
      redis.seed([["RPUSH", "list", "x"]]);
      assert.deepEqual({ ...await found }, { key: "list", element: "x" });
    } finally {
      client.destroy();
    }
  });
}

Deno.test("node-redis: it connects again after its connection was cut", async () => {
  await using redis = await embeddedRedis({ users: { default: "secret" } });
  const url = redis.url.replace("//", "//:secret@");
  const client = createClient({ url, socket: { reconnectStrategy: 1 } });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.set("k", "v");
    redis.faults.inject("cut before", { command: "GET" });
    await client.get("k").catch(() => {});
    await until(() => client.isReady, "a new connection");
    assert.equal(await client.get("k"), "v");
  } finally {
    client.destroy();
  }
});
