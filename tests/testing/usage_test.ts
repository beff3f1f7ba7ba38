// Uses of the fixtures, to copy from.

import assert from "node:assert/strict";
import {
  GemstoneGenerator,
  InMemoryMessagingBackend,
  Message,
  Priority,
  Store,
} from "@ringbus/ringbus";
import {
  DistributedTestScenario,
  MessageCollector,
  SharedMemoryTestHelper,
  sharedMessagingBackend,
  sharedMessagingConfig,
  socketMessagingBackend,
  SocketMessagingTestHelper,
  SteppableClock,
  waitForMessages,
  withEmbeddedServer,
  withSharedMessagingBackend,
} from "@ringbus/ringbus/testing";
import { EmbeddedMessagingBackend } from "@ringbus/ringbus/tcp";

const generator = new GemstoneGenerator(1);

function messageWith(text: string, priority: Priority = Priority.NORMAL): Message {
  return new Message({
    idObj: generator.getId(priority),
    sender: { id: "test", name: "Test" },
    topics: "news",
    payload: { text },
  });
}

function textsOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ payload }) => payload["text"]);
}

Deno.test("a backend on a server of its own, over HTTP", async () => {
  await using backend = await sharedMessagingBackend();
  await backend.storeMessage("app", "news", messageWith("later"));
  await backend.storeMessage("app", "news", messageWith("first", Priority.URGENT));
  assert.deepEqual(textsOf(await backend.getMessagesForTopic("news")), ["first", "later"]);
});

Deno.test("a backend on a server of its own, over TCP", async () => {
  await using backend = await socketMessagingBackend();
  const collector = new MessageCollector();
  await backend.subscribe("news", collector.handler);
  await backend.storeMessage("app", "news", messageWith("pushed"));
  assert.deepEqual(textsOf(await waitForMessages(collector, 1)), ["pushed"]);
});

Deno.test(
  "a server as the fixture of a whole test",
  withEmbeddedServer(async (t, { port, server }) => {
    await t.step("several clients see the same topics", async () => {
      await using one = new EmbeddedMessagingBackend({ port });
      await using other = new EmbeddedMessagingBackend({ port });
      await one.storeMessage("app", "news", messageWith("shared"));
      assert.equal((await other.getMessagesForTopic("news")).length, 1);
    });
    await t.step("the server knows what it holds", () => {
      assert.equal(server.getStats().messages, 1);
    });
  }),
);

Deno.test(
  "a backend as the fixture of a whole test",
  withSharedMessagingBackend(async (_t, backend) => {
    await backend.hset("user:1", "name", "Ada");
    assert.equal(await backend.hget("user:1", "name"), "Ada");
  }),
);

Deno.test("code that takes a configuration", async () => {
  await using config = await sharedMessagingConfig();
  await using backend = await config.createBackend();
  await backend.storeMessage("app", "news", messageWith("configured"));
  const [message] = await waitForMessages({ backend, topic: "news" }, 1);
  assert.equal(message.payload["text"], "configured");
});

Deno.test("a helper with any number of backends", async () => {
  await using helper = new SocketMessagingTestHelper();
  const writer = await helper.getBackend();
  const reader = await helper.createBackend();
  await writer.storeMessage("app", "news", messageWith("one"));
  assert.deepEqual(textsOf(await reader.getMessagesForTopic("news")), ["one"]);
});

Deno.test("the same over HTTP, with keys beside the messages", async () => {
  await using helper = new SharedMemoryTestHelper();
  const backend = await helper.getBackend();
  await backend.sadd("seen", "a", "b", "a");
  assert.equal((await backend.smembers("seen")).length, 2);
});

for (const agents of ["here", "process"] as const) {
  Deno.test(`agents that exchange messages (${agents})`, async () => {
    await using scenario = new DistributedTestScenario({ agents });
    const [agent1, agent2] = [
      await scenario.createBackend("agent1"),
      await scenario.createBackend("agent2"),
    ];
    await scenario.setupSubscriber("agent1", "questions");
    await scenario.setupSubscriber("agent2", "replies");
    await agent2.storeMessage("app", "questions", messageWith("how are you?"));
    assert.deepEqual(textsOf(await scenario.waitForMessages("agent1", "questions", 1)), [
      "how are you?",
    ]);
    await agent1.storeMessage("app", "replies", messageWith("fine"));
    assert.deepEqual(textsOf(await scenario.waitForMessages("agent2", "replies", 1)), ["fine"]);
  });
}

Deno.test("expiry without waiting", async () => {
  const clock = new SteppableClock();
  await using backend = new InMemoryMessagingBackend({ store: new Store({ clock: clock.now }) });
  await backend.storeMessage("app", "news", messageWith("short-lived"), { ttlSeconds: 60 });
  clock.advance(59_999);
  assert.equal((await backend.getMessagesForTopic("news")).length, 1);
  clock.advance(1);
  assert.deepEqual(await backend.getMessagesForTopic("news"), []);
});
