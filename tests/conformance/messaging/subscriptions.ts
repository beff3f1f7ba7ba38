// Subscriptions, handlers, and their errors.

import assert from "node:assert/strict";
import { Message, MessagingRefusedError } from "../../../mod.ts";
import { until, within } from "../../support/deadline.ts";
import {
  makeMessage,
  MessageCollector,
  type MessagingTransport,
  numbered,
  numbersOf,
  testOn,
} from "./transport.ts";

export function testSubscriptions(transport: MessagingTransport): void {
  testOn(
    transport,
    "handlers get messages from their subscription on, in order",
    async (scene) => {
      const backend = scene.backend();
      const collector = new MessageCollector();
      assert.equal(backend.supportsSubscription(), true);
      await backend.storeMessage("n", "t", numbered(-1));
      await backend.subscribe("t", collector.handler);
      for (let n = 0; n < 100; n++) await backend.storeMessage("n", "t", numbered(n));
      await backend.storeMessage("n", "u", numbered(-2));
      const received = await collector.has(100);
      assert.deepEqual(numbersOf(received), Array.from({ length: 100 }, (_, n) => n));
      assert.ok(received.every((message) => message instanceof Message));
    },
  );

  testOn(
    transport,
    "handlers are called after storeMessage, and never during it",
    async (scene) => {
      const backend = scene.backend();
      let isCalling = false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      await backend.subscribe("t", () => resolve(isCalling));
      isCalling = true;
      const stored = backend.storeMessage("n", "t", numbered(1));
      isCalling = false;
      assert.equal(await within(promise, "the handler's call"), false);
      await stored;
    },
  );

  testOn(transport, "every backend on a state gets the messages of every other", async (scene) => {
    const backends = [scene.backend(), scene.backend(), scene.backend()];
    const collectors = backends.map(() => new MessageCollector());
    await Promise.all(backends.map((backend, i) => backend.subscribe("t", collectors[i].handler)));
    for (const [n, backend] of backends.entries()) {
      await backend.storeMessage("n", "t", numbered(n));
    }
    for (const collector of collectors) {
      const numbers = numbersOf(await collector.has(3));
      assert.deepEqual(numbers.toSorted(), [0, 1, 2]);
    }
    for (const backend of backends) {
      assert.deepEqual(numbersOf(await backend.getMessagesForTopic("t")), [0, 1, 2]);
    }
  });

  testOn(transport, "a topic has several handlers, each once", async (scene) => {
    const backend = scene.backend();
    const [a, b] = [new MessageCollector(), new MessageCollector()];
    await Promise.all([
      backend.subscribe("t", a.handler),
      backend.subscribe("t", a.handler),
      backend.subscribe("t", b.handler),
    ]);
    assert.deepEqual([...backend.localHandlers], [["t", [a.handler, b.handler]]]);
    await backend.storeMessage("n", "t", numbered(1));
    await backend.storeMessage("n", "t", numbered(2));
    assert.deepEqual(numbersOf(await b.has(2)), [1, 2]);
    assert.deepEqual(numbersOf(await a.has(2)), [1, 2]);
  });

  testOn(transport, "a handler gets the topic of a message", async (scene) => {
    const backend = scene.backend();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await backend.subscribe("a topic", (_message, delivery) => resolve(delivery));
    await backend.storeMessage("n", "a topic", makeMessage({ topics: "elsewhere" }));
    assert.deepEqual(await within(promise, "the delivery"), { topic: "a topic" });
  });

  testOn(
    transport,
    "no message arrives after unsubscribe, until the next subscribe",
    async (scene) => {
      const backend = scene.backend();
      const collector = new MessageCollector();
      await backend.subscribe("t", collector.handler);
      await backend.storeMessage("n", "t", numbered(1));
      await collector.has(1);
      await backend.unsubscribe("t");
      assert.equal(backend.localHandlers.size, 0);
      await backend.storeMessage("n", "t", numbered(2));
      await backend.subscribe("t", collector.handler);
      await backend.storeMessage("n", "t", numbered(3));
      assert.deepEqual(numbersOf(await collector.has(2)), [1, 3]);
    },
  );

  testOn(transport, "one of several handlers can be removed", async (scene) => {
    const backend = scene.backend();
    const [goes, stays] = [new MessageCollector(), new MessageCollector()];
    await backend.subscribe("t", goes.handler);
    await backend.subscribe("t", stays.handler);
    await backend.unsubscribe("t", goes.handler);
    await backend.unsubscribe("t", () => {});
    await backend.unsubscribe("none");
    await backend.storeMessage("n", "t", numbered(1));
    await stays.has(1);
    assert.deepEqual(goes.messages, []);
  });

  testOn(transport, "loadSubscribers takes a map or an object of topics", async (scene) => {
    const backend = scene.backend();
    const collectors = [new MessageCollector(), new MessageCollector(), new MessageCollector()];
    const [a, b, c] = collectors.map(({ handler }) => handler);
    await backend.loadSubscribers(new Map([["a", [a, b]]]));
    await backend.loadSubscribers({ b: c });
    assert.deepEqual([...backend.localHandlers], [["a", [a, b]], ["b", [c]]]);
    await backend.storeMessage("n", "a", numbered(1));
    await backend.storeMessage("n", "b", numbered(2));
    const received = await Promise.all(collectors.map((collector) => collector.has(1)));
    assert.deepEqual(received.map(numbersOf), [[1], [1], [2]]);
  });

  testOn(
    transport,
    "a handler that throws or rejects does not affect others, and is reported",
    async (scene) => {
      const errors: string[] = [];
      const backend = scene.backend({
        onHandlerError: (error, about) =>
          errors.push(`${(error as Error).message} at ${(about as Message).payload["n"]}`),
      });
      const collector = new MessageCollector();
      await backend.subscribe("t", () => {
        throw new Error("thrown");
      });
      await backend.subscribe("t", () => Promise.reject(new Error("rejected")));
      await backend.subscribe("t", collector.handler);
      await backend.storeMessage("n", "t", numbered(1));
      await backend.storeMessage("n", "t", numbered(2));
      assert.deepEqual(numbersOf(await collector.has(2)), [1, 2]);
      await until(() => errors.length >= 4, "the reports");
      assert.deepEqual(errors.toSorted(), [
        "rejected at 1",
        "rejected at 2",
        "thrown at 1",
        "thrown at 2",
      ]);
    },
  );

  testOn(transport, "a handler may store, subscribe and unsubscribe", async (scene) => {
    const backend = scene.backend();
    const [replies, later] = [new MessageCollector(), new MessageCollector()];
    await backend.subscribe("replies", replies.handler);
    await backend.subscribe("t", async (message) => {
      await backend.unsubscribe("t");
      await backend.subscribe("later", later.handler);
      await backend.storeMessage("n", "replies", message);
    });
    await backend.storeMessage("n", "t", numbered(1));
    assert.deepEqual(numbersOf(await replies.has(1)), [1]);
    await backend.storeMessage("n", "later", numbered(2));
    assert.deepEqual(numbersOf(await later.has(1)), [2]);
  });

  testOn(transport, "invalid names are rejected", async (scene) => {
    const backend = scene.backend();
    for (const name of ["", "a\nb", "a\r\nPING", "\0", "x".repeat(2000), "\ud800"]) {
      await assert.rejects(backend.subscribe(name, () => {}), MessagingRefusedError);
      await assert.rejects(backend.storeMessage("n", name, numbered(1)), MessagingRefusedError);
      await assert.rejects(backend.storeMessage(name, "t", numbered(1)), MessagingRefusedError);
    }
    assert.equal(backend.localHandlers.size, 0);
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
  });
}
