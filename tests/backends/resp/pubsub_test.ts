// Messages to subscribers.

import assert from "node:assert/strict";
import { Subscription } from "../../../backends/store/subscription.ts";
import { withResp } from "../../support/resp_server.ts";

Deno.test("resp: messages reach channels and patterns, in both versions of the protocol", () =>
  withResp({}, async ({ client, connect }) => {
    const three = await connect();
    await three.call("HELLO", 3);
    assert.deepEqual(await client.call("SUBSCRIBE", "a", "b"), ["subscribe", "a", 1]);
    assert.deepEqual(await client.reply(), ["subscribe", "b", 2]);
    assert.deepEqual(await three.call("PSUBSCRIBE", "a*"), { push: ["psubscribe", "a*", 1] });
    const publisher = await connect();
    assert.equal(await publisher.call("PUBLISH", "a", "\xff\x00"), 2);
    assert.deepEqual(await client.reply(), ["message", "a", "\xff\x00"]);
    assert.deepEqual(await three.reply(), { push: ["pmessage", "a*", "a", "\xff\x00"] });
    assert.deepEqual(await publisher.call("PUBSUB", "CHANNELS"), ["a", "b"]);
    assert.deepEqual(await publisher.call("PUBSUB", "NUMSUB", "a", "c"), ["a", 1, "c", 0]);
    assert.equal(await publisher.call("PUBSUB", "NUMPAT"), 1);
    assert.deepEqual(await client.call("UNSUBSCRIBE"), ["unsubscribe", "a", 1]);
    assert.deepEqual(await client.reply(), ["unsubscribe", "b", 0]);
    assert.deepEqual(await client.call("UNSUBSCRIBE"), ["unsubscribe", null, 0]);
  }));

Deno.test("resp: a subscriber of version 2 may do little else, one of version 3 anything", () =>
  withResp({}, async ({ client, connect }) => {
    await client.call("SUBSCRIBE", "a");
    assert.deepEqual(await client.call("GET", "k"), {
      error:
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET " +
        "are allowed in this context",
    });
    assert.deepEqual(await client.call("PING"), ["pong", ""]);
    assert.deepEqual(await client.call("RESET"), { status: "RESET" });
    assert.equal(await client.call("GET", "k"), null);
    const three = await connect();
    await three.call("HELLO", 3);
    await three.call("SUBSCRIBE", "a");
    assert.deepEqual(await three.call("GET", "k"), { null: "RESP3" });
  }));

Deno.test("resp: channels of shards are apart from the others", () =>
  withResp({}, async ({ client, connect }) => {
    assert.deepEqual(await client.call("SSUBSCRIBE", "a"), ["ssubscribe", "a", 1]);
    const publisher = await connect();
    assert.equal(await publisher.call("PUBLISH", "a", "1"), 0);
    assert.equal(await publisher.call("SPUBLISH", "a", "2"), 1);
    assert.deepEqual(await client.reply(), ["smessage", "a", "2"]);
    assert.deepEqual(await publisher.call("PUBSUB", "SHARDCHANNELS"), ["a"]);
  }));

Deno.test("resp: channels are those of the other protocols", () =>
  withResp({}, async ({ server, client, connect }) => {
    const { store } = server;
    const other = new Subscription();
    store.subscriptions.subscribe(other, "news");
    await client.call("SUBSCRIBE", "news");
    const publisher = await connect();
    assert.equal(await publisher.call("PUBLISH", "news", "h\xc3\xb6"), 2);
    assert.deepEqual(await client.reply(), ["message", "news", "h\xc3\xb6"]);
    const [delivery] = other.take();
    assert.ok(delivery.kind === "published" && delivery.value === "hö");
    store.storeMessage("n", "news", '{"id":1}');
    const [, , text] = await client.reply() as string[];
    assert.equal(JSON.parse(text).id, 1);
    store.subscriptions.remove(other);
  }));

Deno.test("resp: keyspace notifications tell what happens to keys, and when they expire", () =>
  withResp({}, async ({ clock, client, connect }) => {
    await client.call("CONFIG", "SET", "notify-keyspace-events", "KEA");
    assert.deepEqual(await client.call("CONFIG", "GET", "notify-keyspace-*"), [
      "notify-keyspace-events",
      "AKE",
    ]);
    const listener = await connect();
    await listener.call("PSUBSCRIBE", "__key*__:*");
    await client.call("SET", "k", "v", "PX", 100);
    const events = async (count: number) => {
      const found: string[] = [];
      while (found.length < count) found.push(((await listener.reply()) as string[])[2]);
      return found;
    };
    assert.deepEqual(await events(4), [
      "__keyspace@0__:k",
      "__keyevent@0__:set",
      "__keyspace@0__:k",
      "__keyevent@0__:expire",
    ]);
    clock.advance(100);
    assert.deepEqual(await events(2), ["__keyspace@0__:k", "__keyevent@0__:expired"]);
  }));

Deno.test("resp: a subscriber that does not read is disconnected, and holds no memory", () =>
  withResp({ maxQueueBytes: 100_000 }, async ({ server, client, connect }) => {
    await client.call("SUBSCRIBE", "a");
    const publisher = await connect();
    const message = "x".repeat(50_000);
    let reached = 1;
    for (let i = 0; i < 1000 && reached > 0; i++) {
      reached = await publisher.call("PUBLISH", "a", message) as number;
    }
    assert.equal(reached, 0);
    assert.equal(server.getStats().disconnected, 1);
  }));
