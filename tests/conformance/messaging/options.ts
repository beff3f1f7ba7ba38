// Unknown options, options of the wrong type, and arguments too many.

import assert from "node:assert/strict";
import { makeMessage, type MessagingTransport, testOn } from "./transport.ts";

export function testOptions(transport: MessagingTransport): void {
  testOn(transport, "unknown options and options of the wrong type are rejected", async (scene) => {
    const backend = scene.backend();
    const message = makeMessage();
    const wrong = (options: Record<string, unknown>) => options as never;
    const handler = () => {};
    const calls: [() => Promise<unknown>, RegExp][] = [
      [() => backend.storeMessage("n", "t", message, wrong({ ttl: 5 })), /mean ttlSeconds, in /],
      [() => backend.storeMessage("n", "t", message, wrong({ ttl_seconds: 5 })), /mean ttlSec/],
      [() => backend.storeMessage("n", "t", message, 5 as never), /write \{ ttlSeconds: 5 \}$/],
      [() => backend.storeMessage("n", "t", message, null as never), /as an object, not null/],
      [
        () => backend.storeMessage("n", "t", message, wrong({ ttlSeconds: "5" })),
        /^ttlSeconds must be a number of seconds, more than 0, not "5"$/,
      ],
      [() => backend.subscribe("t", handler, wrong({ onPublish: handler })), /mean onPublished\?/],
      [
        () => backend.subscribe("t", handler, wrong({ onPublished: 5 })),
        /must be a function, not 5/,
      ],
      [
        () => backend.subscribe("t", { onPublished: handler } as never),
        /^handler must be a function/,
      ],
    ];
    for (const [call, message] of calls) {
      await assert.rejects(call, { name: "TypeError", message });
    }
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
    assert.equal(backend.localHandlers.size, 0);
  });

  testOn(transport, "arguments too many are rejected", async (scene) => {
    const backend = scene.backend();
    const calls: Record<string, unknown[]> = {
      getMessagesForTopic: ["t"],
      getMessagesForTopicSince: ["t", 0n],
      getMessagesSince: ["t", 0n],
      getNextMessageForTopicSince: ["t", 0n],
      getMessagesById: ["n", []],
      testConnection: [],
      loadSubscribers: [{}],
      unsubscribe: ["t", () => {}],
    };
    if (transport.redisLike.includes("publish")) calls["publish"] = ["t", 1];
    if (transport.redisLike.includes("keys")) {
      Object.assign(calls, { get: ["k"], hset: ["k", "f", 1], hget: ["k", "f"], smembers: ["k"] });
    }
    const methods = backend as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const [name, args] of Object.entries(calls)) {
      await assert.rejects(methods[name](...args, { timeoutMs: 5 }), {
        name: "TypeError",
        message: `${name}() does not take the further argument { timeoutMs }: omit it`,
      });
    }
  });

  if (transport.redisLike.includes("keys")) {
    testOn(
      transport,
      "set rejects unknown options and a time to live that is no number",
      async (scene) => {
        const backend = scene.backend();
        const calls: [unknown, RegExp][] = [
          [{ px: 5 }, /"px" \(given: 5\)/],
          [{ ttlSeconds: 5 }, /its options are ex$/],
          [{ ex: "5" }, /^ex must be a number of seconds, more than 0, not "5"$/],
          [5, /write \{ ex: 5 \}$/],
        ];
        for (const [options, message] of calls) {
          await assert.rejects(backend.set("k", "v", options as { ex?: number }), {
            name: "TypeError",
            message,
          });
        }
        assert.equal(await backend.get("k"), null);
      },
    );
  }
}
