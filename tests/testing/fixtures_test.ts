// The fixtures of messaging end with the test, also when it fails.

import assert from "node:assert/strict";
import { GemstoneGenerator, Message, MessagingError } from "../../mod.ts";
import {
  AgentBackend,
  DistributedTestScenario,
  MessageCollector,
  sharedMemoryServer,
  SharedMemoryTestHelper,
  sharedMessagingBackend,
  socketMessagingBackend,
  socketMessagingConfig,
  socketMessagingServer,
  SteppableClock,
  waitForMessages,
  withEmbeddedServer,
  withFixture,
} from "../../testing/mod.ts";

const BIG = 2n ** 63n - 1n;

function message(payload: Record<string, unknown>): Message {
  const sender = { id: "1", name: "one" };
  return new Message({ idObj: new GemstoneGenerator(3).getId(), sender, topics: "t", payload });
}

/** Waits for the end of a process. */
function isGone(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGURG");
    return false;
  } catch {
    return true;
  }
}

Deno.test("a wrapper disposes its fixture when the body throws, and passes the error on", async (t) => {
  let port = 0;
  const body = withEmbeddedServer((_t, fixture) => {
    port = fixture.port;
    throw new Error("on purpose");
  });
  await assert.rejects(body(t), /on purpose/);
  await assert.rejects(Deno.connect({ port }), Deno.errors.ConnectionRefused);
});

Deno.test("a wrapper whose fixture cannot open does not run the body", async (t) => {
  let hasRun = false;
  const body = withFixture<AsyncDisposable>(
    () => Promise.reject(new Error("no space")),
    () => {
      hasRun = true;
    },
  );
  await assert.rejects(body(t), /no space/);
  assert.equal(hasRun, false);
});

Deno.test("a fixture that cannot be disposed does not hide the error of the test", async (t) => {
  const fixture = { [Symbol.asyncDispose]: () => Promise.reject(new Error("no teardown")) };
  const open = () => Promise.resolve(fixture);
  const passing = withFixture(open, () => {});
  await assert.rejects(passing(t), /no teardown/);
  const failing = withFixture(open, () => {
    throw new Error("on purpose");
  });
  const printed: unknown[][] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => void printed.push(words);
  try {
    await assert.rejects(failing(t), { name: "Error", message: "on purpose" });
  } finally {
    console.error = error;
  }
  assert.match(`${printed[0][1]}`, /no teardown/);
});

Deno.test("a backend fixture stops its server, once", async () => {
  const backend = await sharedMessagingBackend();
  const { url } = backend.server;
  await backend.cleanup();
  await backend.cleanup();
  await assert.rejects(fetch(`${url}/health`), TypeError);
});

Deno.test("servers of fixtures take their options: a token rejects clients without it", async () => {
  await using http = await sharedMemoryServer({ token: "secret" });
  const response = await fetch(`${http.url}/stats`);
  await response.body?.cancel();
  assert.equal(response.status, 401);
  await using backend = await socketMessagingBackend({ token: "secret" });
  await backend.testConnection();
  await using config = await socketMessagingConfig({ token: "secret" });
  await using second = await config.createBackend();
  await second.testConnection();
});

Deno.test("two TCP server fixtures never share a port", async () => {
  await using one = await socketMessagingServer();
  await using other = await socketMessagingServer();
  assert.notEqual(one.port, other.port);
});

Deno.test("a helper that was not used has nothing to close", async () => {
  await using _helper = new SharedMemoryTestHelper();
});

Deno.test("an agent in a process of its own keeps long integers, and reports errors", async () => {
  await using scenario = new DistributedTestScenario({ agents: "process", protocol: "http" });
  const agent = await scenario.createBackend("a");
  await scenario.setupSubscriber("a", "t");
  const sent = message({ big: BIG, deep: [{ big: -BIG }] });
  await agent.storeMessage("n", "t", sent);
  assert.deepEqual((await agent.getMessagesById("n", [sent.id])).map(String), [String(sent)]);
  assert.deepEqual((await agent.getMessagesForTopicSince("t", 0n))[0].payload, sent.payload);
  const [received] = await scenario.waitForMessages("a", "t", 1);
  assert.deepEqual(received.payload, sent.payload);
  await assert.rejects(agent.storeMessage("n", "", sent), MessagingError);
  await agent.unsubscribe("t");
});

Deno.test("the calls of a killed agent fail, and it can still be closed", async () => {
  await using config = await socketMessagingConfig();
  await using agent = new AgentBackend(config);
  await agent.testConnection();
  const { pid } = agent;
  Deno.kill(pid, "SIGKILL");
  await assert.rejects(agent.getMessagesForTopic("t"), MessagingError);
  await agent.cleanup();
  assert.equal(isGone(pid), true);
});

Deno.test("scenarios reject unknown options, agents and topics", async () => {
  assert.throws(() => new DistributedTestScenario({ protocol: "smoke" as "tcp" }), /"smoke"/);
  await using scenario = new DistributedTestScenario();
  await scenario.createBackend("a");
  await assert.rejects(scenario.createBackend("a"), /"a" already/);
  await assert.rejects(scenario.setupSubscriber("b", "t"), /no agent "b"/);
  await assert.rejects(scenario.waitForMessages("a", "t", 1), /collects "t"/);
});

Deno.test("a wait for messages that do not arrive reports how many did", async () => {
  const collector = new MessageCollector();
  collector.handler(message({}), { topic: "t" });
  await assert.rejects(waitForMessages(collector, 2, { timeoutMs: 50 }), /1 of 2 messages/);
  for (const source of [undefined, {}, { backend: "b", topic: "t" }, { backend: {} }]) {
    await assert.rejects(waitForMessages(source as unknown as MessageCollector, 1), {
      name: "TypeError",
      message: /^source must be a MessageCollector, or { backend, topic }, not /,
    });
  }
});

Deno.test("a steppable clock only moves when it is advanced, and never goes back", () => {
  const clock = new SteppableClock(1000);
  const { now } = clock;
  assert.equal(now(), 1000);
  clock.advance(0.5);
  assert.equal(now(), 1000.5);
  for (const bad of [-1, NaN]) assert.throws(() => clock.advance(bad), RangeError);
});
