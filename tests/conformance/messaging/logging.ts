// What backends log.

import assert from "node:assert/strict";
import { collectLog, textsOf } from "../../support/log_records.ts";
import { MessageCollector, type MessagingTransport, numbered, testOn } from "./transport.ts";

export function testLogging(transport: MessagingTransport): void {
  testOn(transport, "a message that is received is logged at debug level", async (scene) => {
    const message = numbered(1);
    const records = await collectLog(async () => {
      const reader = scene.backend();
      const collector = new MessageCollector();
      await reader.subscribe("news", collector.handler);
      await scene.backend().storeMessage("n", "news", message);
      await collector.has(1);
      await reader.unsubscribe("news");
    });
    const received = textsOf(records, "debug").filter((text) =>
      text.startsWith("message received")
    );
    assert.deepEqual(received, [`message received: topic=news id=${message.id}`]);
  });
}
