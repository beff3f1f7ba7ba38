// Starting the HTTP server and finding it, losing it and finding it again.

import assert from "node:assert/strict";
import { Auth } from "../../../../backends/http/server/auth.ts";
import { SubscriberQuota } from "../../../../backends/http/server/subscriber_quota.ts";
import { Service } from "../../../../backends/http/server/service.ts";
import {
  createSharedMessagingConfig,
  MessagingConfig,
  type ServerMode,
  SharedMemoryMessagingBackend,
  SharedMemoryServer,
  startSharedMemoryServer,
} from "../../../../backends/http/mod.ts";
import {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingRefusedError,
  Store,
} from "../../../../mod.ts";
import { MessageCollector, numbered, numbersOf } from "../../../conformance/messaging/transport.ts";
import { until } from "../../../support/deadline.ts";
import { freePort } from "../../../support/free_port.ts";
import { Program } from "../../../support/program.ts";

const MODES: readonly ServerMode[] = ["inline", "worker", "process"];

async function isResponding(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`);
    return (await response.text()).includes("healthy");
  } catch {
    return false;
  }
}

for (const serverMode of MODES) {
  Deno.test(`http launch: a backend starts its server, ${serverMode}, and takes it along`, async () => {
    let url: string;
    {
      await using backend = new SharedMemoryMessagingBackend({ serverMode, token: "s3cret" });
      assert.equal(backend.serverUrl, undefined);
      const collector = new MessageCollector();
      await backend.subscribe("t", collector.handler);
      await backend.storeMessage("n", "t", numbered(1));
      assert.deepEqual(numbersOf(await collector.has(1)), [1]);
      url = backend.serverUrl!;
      assert.equal(await isResponding(url), true);
      const rejected = await fetch(`${url}/stats`);
      assert.equal(rejected.status, 401);
      await rejected.body?.cancel();
    }
    assert.equal(await isResponding(url), false);
  });

  Deno.test(`http launch: of two that start at once, ${serverMode}, one wins`, async () => {
    const port = freePort();
    const start = () => startSharedMemoryServer({ serverMode, port });
    const servers = await Promise.all([start(), start()]);
    const [[attached], [winner]] = [true, false].map((wanted) =>
      servers.filter(({ isAttached }) => isAttached === wanted)
    );
    assert.equal(attached.url, winner.url);
    await attached.stop();
    assert.equal(await isResponding(winner.url), true);
    await winner.stop();
    assert.equal(await isResponding(winner.url), false);
  });
}

for (const serverMode of MODES) {
  Deno.test(`http launch: a server, ${serverMode}, dies with its owner, when that is killed`, async () => {
    await using owner = new Program([
      "-A",
      "tests/support/programs/http_owner.ts",
      serverMode,
      String(freePort()),
    ]);
    await owner.prints(";");
    const url = owner.output.match(/started (.*);/)![1];
    assert.equal(await isResponding(url), true);
    owner.kill("SIGKILL");
    await owner.ended();
    await until(async () => !await isResponding(url), "the end of the server");
  });
}

Deno.test("http launch: two processes that start at once share one server", async () => {
  const args = ["-A", "tests/support/programs/http_owner.ts", "process", String(freePort())];
  await using one = new Program(args);
  await using other = new Program(args);
  await Promise.all([one.prints(";"), other.prints(";")]);
  const said = [one.output, other.output].map((output) => output.split(" ")[0]);
  assert.deepEqual(said.toSorted(), ["attached", "started"]);
});

Deno.test("http launch: a backend with a URL attaches, or starts a server there if the options say so", async () => {
  const serverUrl = `http://localhost:${freePort()}`;
  await using late = new SharedMemoryMessagingBackend({ serverUrl });
  await assert.rejects(late.connect(), MessagingConnectionError);
  await using first = new SharedMemoryMessagingBackend({ serverUrl, autoStartServer: true });
  await using second = new SharedMemoryMessagingBackend({ serverUrl, autoStartServer: true });
  await Promise.all([first.connect(), second.connect()]);
  await first.set("k", "v");
  assert.equal(await second.get("k"), "v");
  assert.equal(await late.get("k"), "v");
});

Deno.test("http launch: a port that another program uses is an error", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  // It closes every connection.
  const hangUp = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const serverUrl = `http://127.0.0.1:${port}`;
  await using backend = new SharedMemoryMessagingBackend({ serverUrl, autoStartServer: true });
  await Promise.all([
    assert.rejects(startSharedMemoryServer({ port }), Deno.errors.AddrInUse),
    assert.rejects(backend.connect(), {
      name: "MessagingConnectionError",
      message: /starting a server failed: .*in use/,
      address: serverUrl,
    }),
  ]);
  listener.close();
  await hangUp;
});

Deno.test("http launch: invalid options are rejected before anything starts", async () => {
  await assert.rejects(startSharedMemoryServer({ port: -1, serverMode: "worker" }), RangeError);
  await assert.rejects(startSharedMemoryServer({ host: "0.0.0.0" }), /without a token/);
  const serverMode = "thread" as ServerMode;
  await assert.rejects(startSharedMemoryServer({ serverMode }), /serverMode must be one of/);
  const make = (options: object) => () => new SharedMemoryMessagingBackend(options);
  assert.throws(make({ serverMode }), /serverMode must be one of/);
  assert.throws(make({ autoStartServer: false }), /there is no server: give serverUrl/);
  assert.throws(make({ serverUrl: "localhost:8080" }), /serverUrl must be .* "localhost:8080"/);
  assert.throws(make({ serverUrl: "nonsense" }), TypeError);
  assert.throws(make({ token: "a\nb" }), /token must be/);
  assert.throws(make({ timeoutMs: 0 }), /timeoutMs must be .* not 0/);
});

Deno.test("http backend: errors for an absent server and for a wrong token name the address", async () => {
  const serverUrl = `http://127.0.0.1:${freePort()}`;
  await using lost = new SharedMemoryMessagingBackend({ serverUrl });
  const calls = [
    () => lost.connect(),
    () => lost.storeMessage("n", "t", numbered(1)),
    () => lost.getMessagesForTopic("t"),
    () => lost.subscribe("t", () => {}),
  ];
  for (const call of calls) {
    await assert.rejects(call(), (error: MessagingConnectionError) => {
      assert.ok(error instanceof MessagingConnectionError);
      assert.equal(error.address, serverUrl);
      assert.ok(error.message.includes(serverUrl));
      assert.match(error.message, /Connection refused.*; check that a server runs there$/);
      return true;
    });
  }
  assert.equal(lost.localHandlers.size, 0);
  await using server = new SharedMemoryServer({ token: "right" });
  const guarded = await server.start();
  await using wrong = new SharedMemoryMessagingBackend({ serverUrl: guarded, token: "wrong" });
  await assert.rejects(wrong.testConnection(), {
    name: "MessagingConnectionError",
    message:
      /the token is missing or wrong.*; pass its token to the backend, with the option token$/,
  });
});

Deno.test("http backend: a response from a different kind of server is an error", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    return new Response("<html>");
  });
  {
    const serverUrl = `http://127.0.0.1:${server.addr.port}`;
    await using backend = new SharedMemoryMessagingBackend({ serverUrl });
    await assert.rejects(backend.get("k"), /the response is not JSON/);
  }
  await server.shutdown();
});

Deno.test("http backend: a server that hangs is abandoned after timeoutMs, and by cleanup", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serverUrl = `http://127.0.0.1:${listener.addr.port}`;
  await using hasty = new SharedMemoryMessagingBackend({ serverUrl, timeoutMs: 50 });
  await assert.rejects(hasty.get("k"), /no response within 50 ms/);
  (await listener.accept()).close();
  const patient = new SharedMemoryMessagingBackend({ serverUrl });
  const call = assert.rejects(patient.get("k"), MessagingClosedError);
  using _connection = await listener.accept();
  await patient.cleanup();
  await call;
});

Deno.test("http backend: a timeout longer than any timer ends no call", async () => {
  await using server = new SharedMemoryServer();
  const serverUrl = await server.start();
  for (const timeoutMs of [2 ** 31, Infinity]) {
    await using backend = new SharedMemoryMessagingBackend({ serverUrl, timeoutMs });
    await backend.set("k", "v");
    assert.equal(await backend.get("k"), "v");
  }
});

Deno.test("http backend: subscriptions outlive the server, and messages arrive again", async () => {
  const port = freePort();
  const serverUrl = `http://127.0.0.1:${port}`;
  const collector = new MessageCollector();
  await using backend = new SharedMemoryMessagingBackend({ serverUrl });
  const first = new SharedMemoryServer({ port });
  await first.start();
  await backend.subscribe("t", collector.handler);
  await backend.psubscribe("s.*", collector.handler);
  await first.stop();
  await using second = new SharedMemoryServer({ port });
  await second.start();
  await until(() => {
    const { subscriptions, patternSubscriptions } = second.store.stats();
    return subscriptions + patternSubscriptions === 2;
  }, "subscribing again");
  await backend.storeMessage("n", "t", numbered(1));
  await backend.storeMessage("n", "s.x", numbered(2));
  assert.deepEqual(numbersOf(await collector.has(2)), [1, 2]);
});

Deno.test("http backend: it subscribes again at a server that has deleted its subscriber", async () => {
  const store = new Store();
  const limits = { queue: {}, idleSeconds: 300, quota: new SubscriberQuota(10) };
  const service = new Service(store, new Auth("127.0.0.1", undefined), limits, {
    maxBodyBytes: 10_000,
  });
  let subscriber: string | undefined;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (call) => {
      subscriber ??= /"subscriber_id":"([^"]+)"/.exec(await call.clone().text())?.[1];
      return await service.handle(call);
    },
  );
  const serverUrl = `http://127.0.0.1:${server.addr.port}`;
  {
    await using backend = new SharedMemoryMessagingBackend({ serverUrl });
    const collector = new MessageCollector();
    await backend.subscribe("t", collector.handler);
    await backend.storeMessage("n", "t", numbered(1));
    await collector.has(1);
    const gone = await fetch(`${serverUrl}/subscribers/${subscriber}`, { method: "DELETE" });
    assert.deepEqual(await gone.json(), { deleted: 1 });
    await until(() => store.stats().subscriptions === 1, "subscribing again");
    await backend.storeMessage("n", "t", numbered(2));
    assert.deepEqual(numbersOf(await collector.has(2)), [1, 2]);
  }
  service.clear();
  await server.shutdown();
});

Deno.test("http backend: topics, messages and keys are deleted, and topics listed", async () => {
  await using backend = new SharedMemoryMessagingBackend();
  const [one, two] = [numbered(1), numbered(2)];
  await backend.storeMessage("n", "..", one);
  await backend.storeMessage("n", "a/b", two);
  assert.deepEqual(await backend.listTopics(), [
    { topic: "..", messages: 1 },
    { topic: "a/b", messages: 1 },
  ]);
  assert.deepEqual(await backend.getMessagesForTopic(".."), [one]);
  assert.deepEqual(await backend.getMessagesForTopicSince("..", 0n), [one]);
  assert.equal(await backend.deleteMessage("n", one.id), true);
  assert.equal(await backend.deleteMessage("n", one.id), false);
  assert.equal(await backend.deleteTopic("a/b"), 1);
  assert.equal(await backend.deleteTopic(".."), 0);
  await backend.hset(".", "..", 2n ** 64n);
  assert.equal(await backend.hget(".", ".."), 2n ** 64n);
  assert.equal(await backend.deleteKey("."), true);
  assert.equal(await backend.deleteKey("."), false);
  assert.equal((await backend.stats())["total_messages"], 0);
  await assert.rejects(backend.get("\ud800"), MessagingRefusedError);
});

Deno.test("http backend: a thousand ids are looked up in requests that servers take", async () => {
  await using backend = new SharedMemoryMessagingBackend();
  const messages = Array.from({ length: 1200 }, (_, n) => numbered(n));
  await Promise.all(messages.map((message) => backend.storeMessage("n", "t", message)));
  const ids = messages.map(({ id }) => id).toReversed();
  const found = await backend.getMessagesById("n", ids);
  assert.deepEqual(found.map(({ id }) => id), ids);
});

Deno.test("http config: a configuration names a backend, which is made from it", async () => {
  await using server = new SharedMemoryServer();
  const serverUrl = await server.start();
  const init = createSharedMessagingConfig({ serverUrl });
  assert.deepEqual(init, {
    backendModule: "./http",
    backendClass: "SharedMemoryMessagingBackend",
    backendConfig: { serverUrl },
  });
  const modules = [
    "./http",
    "@ringbus/ringbus/http",
    new URL("../../../../backends/http/mod.ts", import.meta.url).href,
  ];
  for (const backendModule of modules) {
    const config = new MessagingConfig({ ...init, backendModule });
    await config.validate();
    await using backend = await config.createBackend();
    assert.ok(backend instanceof SharedMemoryMessagingBackend);
    await backend.testConnection();
  }
  const memory = new MessagingConfig({
    backendModule: ".",
    backendClass: "InMemoryMessagingBackend",
  });
  await using backend = await memory.createBackend();
  await backend.testConnection();
});

Deno.test("http config: an unknown backend is rejected", async () => {
  const init = createSharedMessagingConfig();
  const wrong: [object, RegExp][] = [
    [{ backendModule: "./nothing" }, /cannot import backendModule ".\/nothing"/],
    [{ backendClass: "SharedMemoryServer" }, /exports no messaging backend/],
    [{ backendClass: "nothing" }, /exports no messaging backend/],
    [{ backendConfig: { serverUrl: "nonsense" } }, /serverUrl must be/],
  ];
  for (const [change, message] of wrong) {
    await assert.rejects(new MessagingConfig({ ...init, ...change }).validate(), message);
  }
  const make = (change: object) => () => new MessagingConfig({ ...init, ...change });
  assert.throws(make({ backendModule: "" }), TypeError);
  assert.throws(make({ backendClass: 5 }), TypeError);
  assert.throws(make({ backendConfig: "x" }), TypeError);
});
