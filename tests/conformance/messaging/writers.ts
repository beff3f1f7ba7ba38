// Concurrent writers, in this process and in others.

import assert from "node:assert/strict";
import { GemstoneGenerator, type Message } from "../../../mod.ts";
import {
  idsOf,
  makeMessage,
  MessageCollector,
  type MessagingTransport,
  testOn,
} from "./transport.ts";

const byId = (a: bigint, b: bigint) => a < b ? -1 : 1;

/** Checks that the messages of each writer arrived once and in order. */
function checkWriters(messages: readonly Message[], writers: number, count: number): void {
  assert.equal(messages.length, writers * count);
  for (let writer = 0; writer < writers; writer++) {
    const mine = messages.filter(({ payload }) => payload["writer"] === writer);
    assert.deepEqual(
      mine.map(({ payload }) => payload["n"]),
      Array.from({ length: count }, (_, n) => n),
      `writer ${writer}`,
    );
  }
}

export function testWriters(transport: MessagingTransport): void {
  testOn(transport, "concurrent writers lose nothing, and each keeps its order", async (scene) => {
    const [WRITERS, COUNT] = [5, 100];
    const reader = scene.backend();
    const collector = new MessageCollector();
    await reader.subscribe("t", collector.handler);
    await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
      const backend = scene.backend();
      const generator = new GemstoneGenerator(writer);
      for (let n = 0; n < COUNT; n++) {
        const id = generator.getId().toInt();
        await backend.storeMessage("n", "t", makeMessage({ id, payload: { writer, n } }));
      }
    }));
    checkWriters(await collector.has(WRITERS * COUNT), WRITERS, COUNT);
    const stored = await reader.getMessagesForTopic("t");
    checkWriters(stored, WRITERS, COUNT);
    assert.deepEqual(idsOf(stored), idsOf(stored).toSorted(byId));
  });

  testOn(
    transport,
    "calls that do not wait for each other are carried out in order",
    async (scene) => {
      const backend = scene.backend();
      const collector = new MessageCollector();
      await backend.subscribe("t", collector.handler);
      await Promise.all(
        Array.from(
          { length: 500 },
          (_, n) => backend.storeMessage("n", "t", makeMessage({ payload: { writer: 0, n } })),
        ),
      );
      checkWriters(await collector.has(500), 1, 500);
      checkWriters(await backend.getMessagesForTopic("t"), 1, 500);
    },
  );

  if (!transport.spansProcesses) return;

  testOn(
    transport,
    "writers in other processes lose nothing, and each keeps its order",
    async (scene) => {
      const [WRITERS, COUNT] = [3, 100];
      const reader = scene.backend();
      const collector = new MessageCollector();
      await reader.subscribe("t", collector.handler);
      await Promise.all(
        Array.from(
          { length: WRITERS },
          (_, machineId) => scene.writeElsewhere({ topic: "t", machineId, count: COUNT }),
        ),
      );
      checkWriters(await collector.has(WRITERS * COUNT), WRITERS, COUNT);
      checkWriters(await reader.getMessagesForTopic("t"), WRITERS, COUNT);
    },
  );
}
