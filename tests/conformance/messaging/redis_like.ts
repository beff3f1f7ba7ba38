// Keys, publishing and patterns, for backends that have them.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { MessagingRefusedError, type PublishedMessage } from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import {
  MessageCollector,
  type MessagingTransport,
  numbered,
  numbersOf,
  testOn,
} from "./transport.ts";

const VALUES = [
  "text",
  "",
  "null",
  '"quoted"',
  "😀",
  9737962806006804483n,
  5,
  1.5,
  true,
  null,
  [2n ** 70n, { a: ["x"] }],
  { b: 1, a: 2n ** 64n },
];

export function testRedisLike(transport: MessagingTransport): void {
  if (transport.redisLike.includes("keys")) testKeys(transport);
  if (transport.redisLike.includes("publish")) testPublish(transport);
  if (transport.redisLike.includes("patterns")) testPatterns(transport);
}

function testKeys(transport: MessagingTransport): void {
  testOn(transport, "strings keep any JSON value, for all backends", async (scene) => {
    const [one, other] = [scene.backend(), scene.backend()];
    assert.equal(await one.get("none"), null);
    for (const [i, value] of VALUES.entries()) {
      await one.set(`key ${i}/%`, value);
      assert.deepEqual(await other.get(`key ${i}/%`), value);
    }
    await one.set("key 0/%", "replaced");
    assert.equal(await other.get("key 0/%"), "replaced");
  });

  testOn(transport, "strings expire after their time to live", async (scene) => {
    const backend = scene.backend();
    await backend.set("short", "v", { ex: 1 });
    await backend.set("long", "v", { ex: 100 });
    assert.equal(await backend.get("short"), "v");
    await scene.advance(1100);
    assert.equal(await backend.get("short"), null);
    assert.equal(await backend.get("long"), "v");
    await assert.rejects(backend.set("k", "v", { ex: 0 }), MessagingRefusedError);
  });

  testOn(transport, "hashes keep their fields", async (scene) => {
    const backend = scene.backend();
    for (const [i, value] of VALUES.entries()) await backend.hset("h", `f/${i}`, value);
    for (const [i, value] of VALUES.entries()) {
      assert.deepEqual(await backend.hget("h", `f/${i}`), value);
    }
    assert.equal(await backend.hget("h", "none"), null);
    assert.equal(await backend.hget("none", "f"), null);
  });

  testOn(transport, "sets have each member once", async (scene) => {
    const backend = scene.backend();
    assert.equal(await backend.sadd("s", "a", "b", "a"), 2);
    assert.equal(await backend.sadd("s", "b", 2n ** 64n, ["x"]), 2);
    assert.deepEqual(await backend.smembers("s"), ["a", "b", 2n ** 64n, ["x"]]);
    assert.deepEqual(await backend.smembers("none"), []);
    assert.equal(await backend.sadd("none"), 0);
  });

  testOn(transport, "a key of another kind is rejected", async (scene) => {
    const backend = scene.backend();
    await backend.sadd("k", "a");
    await assert.rejects(backend.get("k"), MessagingRefusedError);
    await assert.rejects(backend.hset("k", "f", "v"), MessagingRefusedError);
    await backend.set("k", "now a string");
    await assert.rejects(backend.smembers("k"), MessagingRefusedError);
  });
}

function testPublish(transport: MessagingTransport): void {
  testOn(
    transport,
    "published data reaches the current subscribers, and is not stored",
    async (scene) => {
      const [publisher, ...subscribers] = [scene.backend(), scene.backend(), scene.backend()];
      const published: PublishedMessage[] = [];
      const collector = new MessageCollector();
      assert.equal(await publisher.publish("c", "none"), 0);
      for (const subscriber of subscribers) {
        await subscriber.subscribe("c", collector.handler, {
          onPublished: (each) => void published.push(each),
        });
      }
      for (const value of VALUES) assert.equal(await publisher.publish("c", value), 2);
      await until(() => published.length === VALUES.length * 2, "what was published");
      for (const value of VALUES) {
        const same = published.filter(({ data }) => isDeepStrictEqual(data, value));
        assert.deepEqual(same.map(({ channel }) => channel), ["c", "c"]);
      }
      assert.deepEqual(collector.messages, []);
      assert.deepEqual(await publisher.getMessagesForTopic("c"), []);
    },
  );
}

function testPatterns(transport: MessagingTransport): void {
  testOn(
    transport,
    "a pattern receives the messages of the topics that it matches",
    async (scene) => {
      const [backend, writer] = [scene.backend(), scene.backend()];
      const collector = new MessageCollector();
      const deliveries: unknown[] = [];
      await backend.psubscribe("sensor.*", collector.handler);
      await backend.psubscribe("[a-c]?\\*", (_message, delivery) => void deliveries.push(delivery));
      const topics = ["sensor.a", "sensors", "sensor.", "bx*", "dx*", "bxx"];
      for (const [n, topic] of topics.entries()) await writer.storeMessage("n", topic, numbered(n));
      assert.deepEqual(numbersOf(await collector.has(2)), [0, 2]);
      await until(() => deliveries.length > 0, "the second pattern");
      assert.deepEqual(deliveries, [{ topic: "bx*", pattern: "[a-c]?\\*" }]);
      assert.equal(backend.localHandlers.size, 0);
    },
  );

  testOn(transport, "a topic and a pattern are separate subscriptions", async (scene) => {
    const backend = scene.backend();
    const [topic, pattern] = [new MessageCollector(), new MessageCollector()];
    await backend.subscribe("t", topic.handler);
    await backend.psubscribe("*", pattern.handler);
    await backend.storeMessage("n", "t", numbered(1));
    await Promise.all([topic.has(1), pattern.has(1)]);
    await backend.punsubscribe("*");
    await backend.storeMessage("n", "t", numbered(2));
    assert.deepEqual(numbersOf(await topic.has(2)), [1, 2]);
    await backend.unsubscribe("t");
    await backend.psubscribe("*", pattern.handler);
    await backend.storeMessage("n", "t", numbered(3));
    assert.deepEqual(numbersOf(await pattern.has(2)), [1, 3]);
    assert.deepEqual(numbersOf(topic.messages), [1, 2]);
  });
}
