// The TCP messaging backend: servers it starts, connections it loses, and what it reports of both.

import assert from "node:assert/strict";
import {
  MessagingClosedError,
  MessagingConnectionError,
  MessagingError,
  MessagingRefusedError,
} from "../../../../mod.ts";
import {
  EmbeddedMessagingBackend,
  type EmbeddedMessagingBackendOptions,
  EmbeddedServer,
  type SubscriptionGap,
} from "../../../../backends/tcp/mod.ts";
import { MessageCollector, numbered, numbersOf } from "../../../conformance/messaging/transport.ts";
import { until, within } from "../../../support/deadline.ts";
import { freePort } from "../../../support/free_port.ts";
import { isListening } from "../../../support/line_client.ts";
import { Program } from "../../../support/program.ts";
import { tcpProxy } from "../../../support/tcp_proxy.ts";

for (const serverMode of ["inline", "worker", "process"] as const) {
  Deno.test(`tcp backend: it starts a server where there is none: ${serverMode}`, async () => {
    const port = freePort();
    const collector = new MessageCollector();
    {
      await using owner = new EmbeddedMessagingBackend({ port, serverMode, token: "secret" });
      await using other = new EmbeddedMessagingBackend({
        port,
        token: "secret",
        autoStartServer: false,
      });
      await owner.testConnection();
      await other.subscribe("t", collector.handler);
      await owner.storeMessage("n", "t", numbered(1));
      await collector.has(1);
      await using unauthenticated = new EmbeddedMessagingBackend({ port, autoStartServer: false });
      await assert.rejects(unauthenticated.getMessagesForTopic("t"), MessagingRefusedError);
    }
    assert.equal(await isListening(port), false);
  });

  Deno.test(`tcp backend: a server dies with a killed owner: ${serverMode}`, async () => {
    const port = freePort();
    await using owner = new Program([
      "-A",
      "tests/support/programs/tcp_owner.ts",
      `${port}`,
      serverMode,
    ]);
    await owner.prints("connected");
    assert.equal(await isListening(port), true);
    owner.kill("SIGKILL");
    await owner.ended();
    await until(async () => !(await isListening(port)), "the server's end");
  });
}

Deno.test("tcp backend: of several that start at once, one has the server and all share it", async () => {
  const port = freePort();
  await using backends = new AsyncDisposableStack();
  const all = [1, 2, 3, 4].map(() =>
    backends.use(new EmbeddedMessagingBackend({ port, serverMode: "worker" }))
  );
  await Promise.all(all.map((backend, n) => backend.storeMessage("n", "t", numbered(n))));
  for (const backend of all) {
    assert.equal((await backend.getMessagesForTopic("t")).length, 4);
  }
});

Deno.test("tcp backend: it detects a server that is not a Ringbus server", async () => {
  const port = freePort();
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1000));
      await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      conn.close();
    }
  })();
  await using backend = new EmbeddedMessagingBackend({ port });
  await assert.rejects(backend.testConnection(), (error) => {
    assert.ok(error instanceof MessagingError);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} replied HTTP`));
    return true;
  });
  listener.close();
  await serving;
});

Deno.test("tcp backend: the error for an unreachable server names its address", async () => {
  const port = freePort();
  const backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
  const calls = [
    () => backend.connect(),
    () => backend.testConnection(),
    () => backend.subscribe("t", () => {}),
    () => backend.storeMessage("n", "t", numbered(1)),
    () => backend.getMessagesForTopic("t"),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof MessagingConnectionError);
      assert.equal(error.address, `127.0.0.1:${port}`);
      assert.match(error.message, new RegExp(`refused.*127\\.0\\.0\\.1:${port}`, "i"));
      return true;
    });
  }
  assert.equal(backend.localHandlers.size, 0);
  await using server = new EmbeddedServer({ port });
  await server.start();
  await backend.testConnection();
  await backend.cleanup();
  await assert.rejects(backend.connect(), MessagingClosedError);
});

Deno.test("tcp backend: without the token that the server wants, connecting fails", async () => {
  await using server = new EmbeddedServer({ port: 0, token: "right" });
  const port = await server.start();
  for (const call of ["testConnection", "connect"] as const) {
    await using backend = new EmbeddedMessagingBackend({ port, autoStartServer: false });
    await assert.rejects(backend[call](), {
      name: "MessagingRefusedError",
      message: `the server at 127.0.0.1:${port} replied: send AUTH with the token first; ` +
        "pass its token to the backend, with the option token",
    });
  }
  await using backend = new EmbeddedMessagingBackend({
    port,
    token: "right",
    autoStartServer: false,
  });
  await backend.testConnection();
});

Deno.test("tcp backend: a wrong token is rejected", async () => {
  await using server = new EmbeddedServer({ port: 0, token: "right" });
  const port = await server.start();
  await using backend = new EmbeddedMessagingBackend({ port, token: "wrong" });
  await assert.rejects(backend.testConnection(), {
    name: "MessagingRefusedError",
    message: `the server at 127.0.0.1:${port} replied: wrong token; ` +
      "pass its token to the backend, with the option token",
  });
});

Deno.test("tcp backend: invalid options are rejected with their value", () => {
  const cases: [EmbeddedMessagingBackendOptions, RegExp][] = [
    [{ port: 0 }, /0/],
    [{ port: 70_000 }, /70000/],
    [{ host: "" }, /""/],
    [{ timeoutMs: 0 }, /0/],
    [{ timeoutMs: -1 }, /-1/],
    [{ serverMode: "thread" as "worker" }, /"thread"/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => new EmbeddedMessagingBackend(options), { message });
  }
});

Deno.test("tcp backend: after a lost connection it subscribes again and reports the gap", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using proxy = await tcpProxy(await server.start());
  const gaps: SubscriptionGap[] = [];
  await using backend = new EmbeddedMessagingBackend({
    port: proxy.port,
    autoStartServer: false,
    onGap: (gap) => gaps.push(gap),
  });
  await using writer = new EmbeddedMessagingBackend({ port: server.port });
  const [collector, byPattern] = [new MessageCollector(), new MessageCollector()];
  await backend.subscribe("a topic", collector.handler);
  await backend.psubscribe("a*", byPattern.handler);
  for (let n = 0; n < 3; n++) {
    const beforeMs = Date.now();
    await writer.storeMessage("n", "a topic", numbered(2 * n));
    const last = (await collector.has(n + 1))[n];
    proxy.refuse();
    proxy.cut();
    await until(() => server.getStats().connections === 1, "the loss");
    await writer.storeMessage("n", "a topic", numbered(2 * n + 1));
    await proxy.accept();
    await until(() => gaps.length === n + 1, "the gap");
    const { fromMs, untilMs, topics, patterns } = gaps[n];
    assert.deepEqual([topics, patterns], [["a topic"], ["a*"]]);
    assert.ok(beforeMs <= fromMs && fromMs <= untilMs && untilMs <= Date.now());
    const missed = await backend.getMessagesForTopicSince("a topic", last.id);
    assert.deepEqual(numbersOf(missed), [2 * n + 1]);
  }
  await writer.storeMessage("n", "a topic", numbered(6));
  assert.deepEqual(numbersOf(await collector.has(4)), [0, 2, 4, 6]);
  assert.deepEqual(numbersOf(await byPattern.has(4)), [0, 2, 4, 6]);
});

Deno.test("tcp backend: calls under way are rejected when the connection is lost, later ones connect", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using proxy = await tcpProxy(await server.start());
  await using backend = new EmbeddedMessagingBackend({ port: proxy.port, autoStartServer: false });
  await backend.connect();
  for (const bytes of [0, 1, 5]) {
    proxy.cutAfter(bytes, "to client");
    const calls = [1, 2, 3].map((n) => backend.storeMessage("n", "t", numbered(n)));
    for (const result of await Promise.allSettled(calls)) {
      assert.ok(result.status === "rejected");
      assert.ok(result.reason instanceof MessagingConnectionError, `${result.reason}`);
    }
    await backend.testConnection();
  }
});

Deno.test("tcp backend: with autoStartServer it replaces a server that stopped", async () => {
  const port = freePort();
  const server = new EmbeddedServer({ port });
  await server.start();
  const gap = Promise.withResolvers<SubscriptionGap>();
  await using backend = new EmbeddedMessagingBackend({ port, onGap: gap.resolve });
  const collector = new MessageCollector();
  await backend.subscribe("t", collector.handler);
  await server.stop();
  assert.deepEqual((await within(gap.promise, "the gap")).topics, ["t"]);
  await backend.storeMessage("n", "t", numbered(1));
  await collector.has(1);
});

Deno.test("tcp backend: a server that vanishes silently is detected", async () => {
  const port = freePort();
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  await using connections = new AsyncDisposableStack();
  const accepting = (async () => {
    for await (const conn of listener) connections.defer(() => Promise.resolve(conn.close()));
  })();
  await using backend = new EmbeddedMessagingBackend({ port, timeoutMs: 200 });
  await assert.rejects(backend.testConnection(), /no reply for 200 ms/);
  listener.close();
  await accepting;
});

Deno.test("tcp backend: it asks a silent server for a sign of life", async () => {
  await using server = new EmbeddedServer({ port: 0, idleTimeoutMs: 3000 });
  const port = await server.start();
  await using backend = new EmbeddedMessagingBackend({
    port,
    autoStartServer: false,
    timeoutMs: 3600,
  });
  await backend.connect();
  await until(() => server.getStats().commands["PING"] >= 4, "four signs of life");
  assert.equal(server.getStats().accepted, 1);
});

Deno.test("tcp backend: cleanup ends attempts to connect", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using proxy = await tcpProxy(await server.start());
  const backend = new EmbeddedMessagingBackend({ port: proxy.port, autoStartServer: false });
  await backend.subscribe("t", () => {});
  proxy.refuse();
  proxy.cut();
  await until(() => server.getStats().connections === 0, "the loss of the connection");
  await within(backend.cleanup(), "cleanup");
  assert.equal(server.getStats().subscriptions, 0);
});

Deno.test("tcp backend: calls are sent without waiting for earlier replies", async () => {
  const port = freePort();
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const CALLS = 200;
  const serving = (async () => {
    using conn = await listener.accept();
    const bytes = new Uint8Array(100_000);
    for (let lines = 0; lines < CALLS;) {
      const count = (await conn.read(bytes))!;
      lines += bytes.subarray(0, count).filter((byte) => byte === 10).length;
    }
    const replies = new TextEncoder().encode("OK STORED\r\n".repeat(CALLS));
    for (let sent = 0; sent < replies.length;) sent += await conn.write(replies.subarray(sent));
    await conn.read(bytes);
  })();
  {
    await using backend = new EmbeddedMessagingBackend({ port });
    const calls = Array.from({ length: CALLS }, (_, n) => {
      return backend.storeMessage("n", "t", numbered(n));
    });
    await within(Promise.all(calls), "the replies");
  }
  await serving;
});
