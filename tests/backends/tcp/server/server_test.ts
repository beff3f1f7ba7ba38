// What the TCP server does with many clients, slow ones, idle ones, and at its end.

import assert from "node:assert/strict";
import { Store } from "../../../../mod.ts";
import { SharedMemoryServer } from "../../../../backends/http/mod.ts";
import { EmbeddedServer, type EmbeddedServerOptions } from "../../../../backends/tcp/mod.ts";
import { sleep, until, within } from "../../../support/deadline.ts";
import { LineClient } from "../../../support/line_client.ts";
import { withServer } from "../../../support/tcp_server.ts";

Deno.test("tcp server: it reports its port, starts only once, and can start again", async () => {
  const store = new Store();
  await using server = new EmbeddedServer({ port: 0, store });
  assert.equal(server.isRunning, false);
  const port = await server.start();
  assert.ok(port > 0 && port === server.port);
  assert.equal(server.address, `127.0.0.1:${port}`);
  assert.equal(await server.start(), port);
  await using other = new EmbeddedServer({ port });
  await assert.rejects(other.start(), Deno.errors.AddrInUse);
  await using client = await LineClient.open(port);
  await client.request("SUBSCRIBE t");
  store.storeMessage("n", "t", '{"id":1}');
  await client.line();
  await server.stop();
  await server.stop();
  assert.deepEqual(await client.ended(), []);
  assert.deepEqual([store.stats().messages, store.stats().subscriptions], [1, 0]);
  await using again = await LineClient.open(await server.start());
  assert.match((await again.request("GET_MESSAGES t"))!, /^MESSAGES JSON:/);
  server.cleanup();
  assert.equal(store.stats().messages, 0);
});

for (const Server of [EmbeddedServer, SharedMemoryServer]) {
  Deno.test(`${Server.name}: an address of another machine is named, with what to choose`, async () => {
    await using server = new Server({ host: "192.0.2.1", port: 31134, token: "secret" });
    await assert.rejects(server.start(), (error) => {
      assert.ok(error instanceof Deno.errors.AddrNotAvailable);
      const problem = "this machine has no such address; choose one of its own as host";
      assert.equal(error.message, `cannot listen on port 31134 of 192.0.2.1: ${problem}`);
      return true;
    });
  });
}

Deno.test("tcp server: before it stops it replies to received commands, and sends queued pushes", () =>
  withServer({}, async (server, connect) => {
    const [asking, reading, storing] = [await connect(), await connect(), await connect()];
    await reading.request("SUBSCRIBE t");
    const payload = JSON.stringify("x".repeat(2 ** 20));
    for (let id = 1; id <= 16; id++) {
      await storing.request(`STORE_MESSAGE n t JSON:${btoa(`{"id":${id},"payload":${payload}}`)}`);
    }
    await asking.send("GET_MESSAGES_BY_ID n 1\r\n".repeat(16));
    await until(() => server.getStats().commands["GET_MESSAGES_BY_ID"] > 0, "a command");
    const stopped = server.stop();
    const [replies, pushes] = await Promise.all([asking.ended(), reading.ended()]);
    for (const client of [asking, reading, storing]) client.close();
    await stopped;
    assert.deepEqual([replies.length, pushes.length], [16, 16]);
  }));

Deno.test("tcp server: it stops in spite of what clients do", () =>
  withServer({}, async (server, connect) => {
    const [silent, deaf] = [await connect(), await connect()];
    const message = JSON.stringify({ id: 1, payload: "x".repeat(2 ** 20) });
    assert.equal(await deaf.request(`STORE_MESSAGE n t JSON:${btoa(message)}`), "OK STORED");
    await deaf.send("GET_MESSAGES t\r\n".repeat(50));
    await until(() => server.getStats().commands["GET_MESSAGES"] > 0, "a command");
    await within(server.stop({ graceMs: 500 }), "the end of a server", 10_000);
    assert.deepEqual(await silent.ended(), []);
  }));

Deno.test("tcp server: it stops within graceMs, and counts the pushes that no client took", () =>
  withServer({}, async (server, connect) => {
    const deaf = await connect();
    await deaf.request("SUBSCRIBE t");
    const count = 300;
    for (let n = 0; n < count; n++) server.store.subscriptions.publish("t", "x".repeat(100_000));
    const startMs = performance.now();
    await within(server.stop({ graceMs: 200 }), "the end of a server");
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 200 && tookMs < 3000, `it took ${tookMs} ms`);
    const { dropped } = server.getStats();
    assert.ok(dropped > count / 2 && dropped <= count, `dropped: ${dropped}`);
    await assert.rejects(server.stop({ graceMs: -1 }), RangeError);
  }));

Deno.test("tcp server: invalid options are rejected with their value", () => {
  const cases: [EmbeddedServerOptions, RegExp][] = [
    [{ port: -1 }, /-1/],
    [{ port: 65_536 }, /65536/],
    [{ port: 1.5 }, /1\.5/],
    [{ host: "" }, /""/],
    [{ host: "0.0.0.0" }, /0\.0\.0\.0" without a token/],
    [{ token: "" }, /token/],
    [{ token: "not visible" }, /11 characters/],
    [{ maxLineBytes: 10 }, /10/],
    [{ maxReplyBytes: 0 }, /0/],
    [{ maxConnections: -5 }, /-5/],
    [{ idleTimeoutMs: -1 }, /-1/],
    [{ maxQueueLength: 0 }, /maxQueueLength.*0/],
    [{ maxQueueBytes: NaN }, /NaN/],
    [{ overflow: "block" as "disconnect" }, /"block"/],
    [{ maxBytes: 0 }, /0/],
    [{ store: new Store(), maxBytes: 5 }, /maxBytes/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => new EmbeddedServer(options), { message }, JSON.stringify(options));
  }
});

Deno.test("tcp server: statistics count what was received and sent", async () => {
  await withServer({}, async (server, connect) => {
    const client = await connect();
    for (const line of ["PING", "SUBSCRIBE t", "PUBLISH t x", "PUBLISH t y", "WHAT"]) {
      await client.send(`${line}\r\n`);
    }
    await client.lines(7);
    const stats = server.getStats();
    assert.equal(stats.connections, 1);
    assert.equal(stats.accepted, 1);
    assert.equal(stats.pushes, 2);
    assert.equal(stats.errors, 1);
    assert.equal(stats.published, 2);
    assert.equal(stats.commands["PUBLISH"], 2);
    assert.equal(stats.commands["GET_MESSAGES"], 0);
    assert.equal(stats.bytesReceived, "PING SUBSCRIBE t PUBLISH t x PUBLISH t y WHAT ".length + 5);
    assert.ok(stats.uptimeSeconds > 0);
    client.close();
    await until(() => server.getStats().connections === 0, "the end of the connection");
    assert.equal(server.getStats().subscriptions, 0);
  });
});

Deno.test("tcp server: one store behind two servers has the same topics and subscribers", async () => {
  const store = new Store();
  await withServer(
    { store },
    (_one, connectOne) =>
      withServer({ store }, async (_other, connectOther) => {
        const [reader, writer] = [await connectOne(), await connectOther()];
        await reader.request("SUBSCRIBE t");
        assert.equal(await writer.request("PUBLISH t hello"), "OK 1");
        assert.equal(await reader.line(), "MESSAGE t hello");
      }),
  );
});

Deno.test("tcp server: a client that has ended its side still gets its replies", async () => {
  await withServer({}, async (_server, connect) => {
    const client = await connect();
    await client.send("PING\r\n".repeat(50_000));
    await client.conn.closeWrite();
    const replies = await client.ended();
    assert.equal(replies.length, 50_000);
    assert.ok(replies.every((reply) => reply === "PONG"));
  });
});

Deno.test("tcp server: a thousand connections subscribe, and each gets what is pushed", async () => {
  await withServer({}, async (server, connect) => {
    const clients: LineClient[] = [];
    for (let i = 0; i < 10; i++) {
      clients.push(...await Promise.all(Array.from({ length: 100 }, connect)));
    }
    await Promise.all(clients.map((client) => client.request("SUBSCRIBE t")));
    assert.equal(server.getStats().connections, 1000);
    assert.equal(await clients[0].request("PUBLISH u x"), "OK 0");
    await clients[0].send("PUBLISH t hello\r\n");
    const lines = await Promise.all(clients.map((client) => client.line()));
    assert.equal(lines.filter((line) => line === "MESSAGE t hello").length, 999);
    assert.equal(lines[0], "OK 1000");
    assert.equal(await clients[0].line(), "MESSAGE t hello");
  });
});

/** 50 MB, more than what systems buffer for a connection. */
const MANY = 3000;
const PUBLISH = `PUBLISH t ${"x".repeat(16 * 1024)}\r\n`;

/** Publishes by and by, so that `quick` can follow. */
async function publishAll(writer: LineClient, quick: LineClient, expected: RegExp): Promise<void> {
  for (let i = 0; i < MANY; i += 50) {
    await writer.send(PUBLISH.repeat(50));
    for (const line of await quick.lines(50)) assert.match(line!, /^MESSAGE t x/);
    for (const line of await writer.lines(50)) assert.match(line!, expected);
  }
}

Deno.test("tcp server: a slow subscriber loses its oldest pushes, and the others nothing", async () => {
  await withServer({ maxQueueLength: 100 }, async (server, connect) => {
    const [slow, quick, writer] = [await connect(), await connect(), await connect()];
    await slow.request("SUBSCRIBE t");
    await quick.request("SUBSCRIBE t");
    await publishAll(writer, quick, /^OK 2$/);
    const { dropped, connections } = server.getStats();
    assert.ok(dropped > 0 && dropped < MANY, `${dropped}`);
    assert.equal(connections, 3);
    for (let i = 0; i < MANY - dropped; i++) assert.match((await slow.line())!, /^MESSAGE t x/);
    assert.equal(await slow.request("PING"), "PONG");
  });
});

Deno.test("tcp server: a slow subscriber is cut off where that is the policy", async () => {
  await withServer({ maxQueueLength: 100, overflow: "disconnect" }, async (server, connect) => {
    const [slow, quick, writer] = [await connect(), await connect(), await connect()];
    await slow.request("SUBSCRIBE t");
    await quick.request("SUBSCRIBE t");
    await publishAll(writer, quick, /^OK [12]$/);
    await until(() => server.getStats().connections === 2, "the slow one's end");
    assert.equal(server.getStats().disconnected, 1);
    assert.equal(server.getStats().subscriptions, 1);
    assert.equal(await quick.request("PING"), "PONG");
  });
});

Deno.test("tcp server: a client that does not read its replies is no longer read, others are served", async () => {
  await withServer({}, async (server, connect) => {
    const [greedy, other] = [await connect(), await connect()];
    const message = `{"id":1,"payload":{"x":"${"x".repeat(1_000_000)}"}}`;
    const encoded = new TextEncoder().encode(message).toBase64();
    await other.request(`STORE_MESSAGE n t JSON:${encoded}`);
    await greedy.send("GET_MESSAGES t\r\n".repeat(300));
    let before = -1;
    await until(async () => {
      const asked = server.getStats().commands["GET_MESSAGES"];
      if (asked > 0 && asked === before) return true;
      before = asked;
      await sleep(50);
      return false;
    }, "the server's pause");
    assert.ok(before < 100, `${before}`);
    assert.equal(await other.request("PING"), "PONG");
  });
});

Deno.test("tcp server: a silent connection is closed, a subscriber is not", async () => {
  await withServer({ idleTimeoutMs: 1000 }, async (server, connect) => {
    const [silent, partial, subscriber] = [await connect(), await connect(), await connect()];
    await subscriber.request("SUBSCRIBE t");
    await partial.send("PI");
    assert.deepEqual(await silent.ended(), []);
    assert.deepEqual(await partial.ended(), []);
    assert.equal(server.getStats().idled, 2);
    assert.equal(await (await connect()).request("PUBLISH t x"), "OK 1");
    assert.equal(await subscriber.line(), "MESSAGE t x");
  });
});

Deno.test("tcp server: connections beyond the limit get an error and are closed", async () => {
  await withServer({ maxConnections: 2 }, async (server, connect) => {
    const clients = [await connect(), await connect()];
    for (const client of clients) await client.request("PING");
    const [line] = await (await connect()).ended();
    assert.equal(line, 'ERROR "the server has 2 connections already"');
    assert.equal(server.getStats().refused, 1);
    clients[0].close();
    await until(() => server.getStats().connections === 1, "the end of the connection");
    assert.equal(await (await connect()).request("PING"), "PONG");
  });
});
