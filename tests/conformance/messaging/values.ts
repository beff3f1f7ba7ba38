// Contents of messages: any text, any integer, any size.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Message } from "../../../mod.ts";
import { ids, jsonObjects } from "../../support/json_values.ts";
import { assertProperty } from "../../support/property.ts";
import { makeMessage, MessageCollector, type MessagingTransport, testOn } from "./transport.ts";

const UNICODE = [
  "ümlaut",
  "日本語",
  "😀👩‍👩‍👧",
  "עברית",
  "a b",
  "100%",
  "a/b?c=d#e",
  'quo"te',
  "back\\slash",
];

/** What JSON would write as `{}`, or not at all. */
const NOT_DATA: unknown[] = [
  undefined,
  () => {},
  Symbol("s"),
  new Map([[1, 2]]),
  new Set([1]),
  new Error("e"),
  /r/,
  Uint8Array.of(1),
  { nested: [new Map()] },
];

export function testValues(transport: MessagingTransport): void {
  testOn(transport, "what is no message is rejected, with what to make", async (scene) => {
    const backend = scene.backend();
    for (const value of [{ payload: {} }, "hello", null, undefined, 5]) {
      const message = value as unknown as Message;
      await assert.rejects(backend.storeMessage("n", "t", message), {
        name: "TypeError",
        message: /^message must be a Message, made with new Message\({ ... }\), not /,
      });
    }
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
  });

  testOn(
    transport,
    "a name that is no string, and ids that are no array, are rejected",
    async (scene) => {
      const backend = scene.backend();
      for (const value of [undefined, null, 5, {}] as unknown[] as string[]) {
        const calls: Record<string, () => Promise<unknown>> = {
          getMessagesForTopic: () => backend.getMessagesForTopic(value),
          getMessagesForTopicSince: () => backend.getMessagesForTopicSince(value, 1n),
          getMessagesStoredAfter: () => backend.getMessagesStoredAfter(value, 1n),
          getMessagesSince: () => backend.getMessagesSince(value, 1n),
          getNextMessageForTopicSince: () => backend.getNextMessageForTopicSince(value, 1n),
          unsubscribe: () => backend.unsubscribe(value),
          punsubscribe: () => backend.punsubscribe(value),
          getMessagesById: () => backend.getMessagesById("n", value as unknown as bigint[]),
          loadSubscribers: () => backend.loadSubscribers(value as never),
        };
        if (typeof value === "object" && value !== null) delete calls["loadSubscribers"];
        if (transport.redisLike.includes("keys")) {
          calls["get"] = () => backend.get(value);
          calls["hget"] = () => backend.hget("k", value);
          calls["hset"] = () => backend.hset("k", value, 1);
          calls["smembers"] = () => backend.smembers(value);
        }
        for (const [name, call] of Object.entries(calls)) {
          await assert.rejects(call(), { name: "TypeError", message: / must be an? / }, name);
        }
      }
    },
  );

  testOn(transport, "what is no data is rejected before anything is sent", async (scene) => {
    const backend = scene.backend();
    for (const value of NOT_DATA) {
      const calls: (() => Promise<unknown>)[] = [];
      if (typeof value === "object") {
        const message = makeMessage({ payload: { value } });
        calls.push(() => backend.storeMessage("n", "t", message));
      }
      if (transport.redisLike.includes("publish")) calls.push(() => backend.publish("c", value));
      if (transport.redisLike.includes("keys")) {
        calls.push(
          () => backend.set("k", value),
          () => backend.hset("h", "f", value),
          () => backend.sadd("s", "text", value),
        );
      }
      for (const call of calls) {
        await assert.rejects(call, { name: "TypeError", message: /as JSON: send only data$/ });
      }
    }
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
    if (!transport.redisLike.includes("keys")) return;
    assert.equal(await backend.get("k"), null);
    assert.equal(await backend.hget("h", "f"), null);
    assert.deepEqual(await backend.smembers("s"), []);
  });

  testOn(
    transport,
    "random ids and random JSON are returned unchanged by every method",
    async (scene) => {
      const writer = scene.backend();
      const reader = scene.backend();
      const collector = new MessageCollector();
      let run = 0;
      await assertProperty(
        fc.asyncProperty(
          ids,
          jsonObjects,
          jsonObjects,
          ids,
          async (id, payload, unknown, other) => {
            const topic = `t${run++}`;
            const extra = Object.fromEntries(
              Object.entries(unknown).map(([key, value]) => [`x_${key}`, value]),
            );
            const message = makeMessage({
              id,
              payload,
              extra,
              topics: [topic],
              thread: [id, other],
              inResponseTo: other,
            });
            await reader.subscribe(topic, collector.handler);
            await writer.storeMessage("n", topic, message);
            const [delivered] = await collector.has(1);
            collector.messages.length = 0;
            await reader.unsubscribe(topic);
            const [stored] = await reader.getMessagesForTopic(topic);
            const [found] = await reader.getMessagesById("n", [id]);
            for (const copy of [delivered, stored, found]) {
              assert.deepEqual(copy, message);
              assert.equal(copy.stringify(), message.stringify());
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  testOn(
    transport,
    "a foreign message keeps unknown fields and their order",
    async (scene) => {
      const backend = scene.backend();
      const text =
        '{"z":18446744073709551616,"id":9737962806006804483,"payload":{"b":1,"a":[null]},' +
        '"ttl":null,"thread":"odd","timestamp":1700000000000.5,"sender":{"id":"x","role":"r"}}';
      await backend.storeMessage("n", "t", Message.parse(text));
      const [stored] = await backend.getMessagesForTopic("t");
      assert.equal(stored.stringify(), text);
    },
  );

  testOn(transport, "topics, namespaces and payloads take any text", async (scene) => {
    const backend = scene.backend();
    const collector = new MessageCollector();
    for (const [i, text] of UNICODE.entries()) {
      const message = makeMessage({ payload: { [text]: text } });
      await backend.subscribe(text, collector.handler);
      await backend.storeMessage(text, text, message);
      assert.deepEqual(await backend.getMessagesForTopic(text), [message], text);
      assert.deepEqual(await backend.getMessagesById(text, [message.id]), [message], text);
      assert.deepEqual((await collector.has(i + 1))[i], message);
    }
  });

  testOn(transport, "large messages arrive between small ones", async (scene) => {
    const writer = scene.backend();
    const reader = scene.backend();
    const collector = new MessageCollector();
    await reader.subscribe("t", collector.handler);
    const messages = [1, 5_000_000, 1, 1_000_000, 1].map((length, n) =>
      makeMessage({ payload: { n, text: "é".repeat(length) } })
    );
    for (const message of messages) await writer.storeMessage("n", "t", message);
    const received = await collector.has(messages.length);
    assert.ok(received.every((message, i) => message.stringify() === messages[i].stringify()));
    const stored = await reader.getMessagesForTopic("t");
    assert.ok(stored.every((message, i) => message.stringify() === messages[i].stringify()));
  });

  testOn(
    transport,
    "later changes of a message do not affect the stored one",
    async (scene) => {
      const backend = scene.backend();
      const message = makeMessage({ payload: { list: [1] } });
      await backend.storeMessage("n", "t", message);
      (message.payload["list"] as number[]).push(2);
      const [stored] = await backend.getMessagesForTopic("t");
      assert.deepEqual(stored.payload, { list: [1] });
      (stored.payload.list as number[]).push(3);
      assert.deepEqual((await backend.getMessagesForTopic("t"))[0].payload, { list: [1] });
    },
  );
}
