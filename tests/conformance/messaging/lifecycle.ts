// Opening and closing backends.

import assert from "node:assert/strict";
import { MessagingClosedError } from "../../../mod.ts";
import {
  MessageCollector,
  type MessagingTransport,
  numbered,
  numbersOf,
  testOn,
} from "./transport.ts";

export function testLifecycle(transport: MessagingTransport): void {
  testOn(
    transport,
    "a backend that is never used leaves nothing behind",
    async (scene) => {
      await scene.backend().cleanup();
    },
  );

  testOn(transport, "testConnection succeeds while the store can be reached", async (scene) => {
    await scene.backend().testConnection();
  });

  testOn(
    transport,
    "cleanup ends a backend, but not the others or the messages",
    async (scene) => {
      const [goes, stays] = [scene.backend(), scene.backend()];
      const [gone, collector] = [new MessageCollector(), new MessageCollector()];
      await goes.subscribe("t", gone.handler);
      await stays.subscribe("t", collector.handler);
      await goes.storeMessage("n", "t", numbered(1));
      await gone.has(1);
      await goes.cleanup();
      await goes.cleanup();
      assert.equal(goes.localHandlers.size, 0);
      await stays.storeMessage("n", "t", numbered(2));
      assert.deepEqual(numbersOf(await collector.has(2)), [1, 2]);
      assert.deepEqual(numbersOf(await stays.getMessagesForTopic("t")), [1, 2]);
      assert.deepEqual(numbersOf(gone.messages), [1]);
    },
  );

  testOn(transport, "a closed backend rejects every call", async (scene) => {
    const backend = scene.backend();
    await backend.cleanup();
    const calls = [
      () => backend.storeMessage("n", "t", numbered(1)),
      () => backend.getMessagesForTopic("t"),
      () => backend.getMessagesForTopicSince("t", 1n),
      () => backend.getMessagesSince("t", 1n),
      () => backend.getNextMessageForTopicSince("t", 1n),
      () => backend.getMessagesById("n", [1n]),
      () => backend.subscribe("t", () => {}),
      () => backend.unsubscribe("t"),
      () => backend.loadSubscribers({ t: () => {} }),
      () => backend.testConnection(),
    ];
    for (const call of calls) await assert.rejects(call(), MessagingClosedError, `${call}`);
  });

  testOn(transport, "cleanup may be called while calls are pending", async (scene) => {
    const backend = scene.backend();
    const calls = [
      backend.storeMessage("n", "t", numbered(1)),
      backend.subscribe("t", () => {}),
      backend.getMessagesForTopic("t"),
    ];
    const closed = backend.cleanup();
    const results = await Promise.allSettled(calls);
    await closed;
    for (const result of results) {
      if (result.status === "rejected") assert.ok(result.reason instanceof MessagingClosedError);
    }
  });
}
