// Time to live.

import assert from "node:assert/strict";
import { MessagingRefusedError } from "../../../mod.ts";
import { idsOf, makeMessage, type MessagingTransport, testOn, testWaitingOn } from "./transport.ts";

export function testTtl(transport: MessagingTransport): void {
  testOn(transport, "times to live and keys have upper bounds", async (scene) => {
    const backend = scene.backend();
    const year = 31_557_600;
    const message = makeMessage();
    await backend.storeMessage("n", "t", message, { ttlSeconds: 100 * year });
    assert.equal((await backend.getMessagesForTopic("t")).length, 1);
    for (const ttlSeconds of [101 * year, 1e300]) {
      await assert.rejects(
        backend.storeMessage("n", "t", makeMessage(), { ttlSeconds }),
        { name: "MessagingRefusedError", message: /at most 3155760000/ },
      );
    }
    if (!transport.redisLike.includes("keys")) return;
    await backend.set("k".repeat(4096), 1, { ex: 100 * year });
    assert.equal(await backend.get("k".repeat(4096)), 1);
    const long = "k".repeat(4097);
    const refusal = { name: "MessagingRefusedError", message: /at most 4096 characters, not 4097/ };
    await assert.rejects(backend.set(long, 1), refusal);
    await assert.rejects(backend.get(long), refusal);
    await assert.rejects(backend.hset("h", long, 1), refusal);
    await assert.rejects(backend.sadd(long, 1), refusal);
    await assert.rejects(backend.set("k", 1, { ex: 101 * year }), {
      name: "MessagingRefusedError",
      message: /at most 3155760000/,
    });
  });

  testWaitingOn(transport, "a message expires after its time to live", async (scene) => {
    const backend = scene.backend();
    const short = makeMessage({ ttl: 2 });
    const lasting = makeMessage({ ttl: null });
    await backend.storeMessage("n", "t", short);
    await backend.storeMessage("n", "t", lasting);
    assert.deepEqual(idsOf(await backend.getMessagesForTopic("t")), [short.id, lasting.id]);
    await scene.advance(2100);
    assert.deepEqual(await backend.getMessagesForTopic("t"), [lasting]);
    assert.deepEqual(await backend.getMessagesById("n", [short.id, lasting.id]), [lasting]);
    assert.deepEqual(await backend.getMessagesForTopicSince("t", 0n), [lasting]);
  });

  testWaitingOn(
    transport,
    "the time to live of the call overrides that of the message",
    async (scene) => {
      const backend = scene.backend();
      const shortened = makeMessage({ ttl: 100 });
      const prolonged = makeMessage({ ttl: 1 });
      const own = makeMessage({ ttl: 1 });
      await backend.storeMessage("n", "t", shortened, { ttlSeconds: 1 });
      await backend.storeMessage("n", "t", prolonged, { ttlSeconds: 100 });
      await backend.storeMessage("n", "t", own, { ttlSeconds: null });
      await scene.advance(1100);
      assert.deepEqual(await backend.getMessagesForTopic("t"), [prolonged]);
    },
  );

  testWaitingOn(transport, "a message stored again has a new time to live", async (scene) => {
    const backend = scene.backend();
    const message = makeMessage();
    await backend.storeMessage("n", "t", message, { ttlSeconds: 1 });
    await backend.storeMessage("n", "t", message);
    await scene.advance(1100);
    assert.deepEqual(await backend.getMessagesForTopic("t"), [message]);
  });

  testOn(transport, "a time to live of 0 or less is rejected", async (scene) => {
    const backend = scene.backend();
    for (const ttlSeconds of [0, -1, NaN, Infinity]) {
      await assert.rejects(
        backend.storeMessage("n", "t", makeMessage(), { ttlSeconds }),
        MessagingRefusedError,
      );
    }
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
  });
}
