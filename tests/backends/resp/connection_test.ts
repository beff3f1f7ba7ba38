// RESP beside the line protocol: connections, requests, authentication.

import assert from "node:assert/strict";
import { EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { LineClient } from "../../support/line_client.ts";
import { requestBytes, RespClient } from "../../support/resp_client.ts";
import { withResp } from "../../support/resp_server.ts";

Deno.test("resp: the first byte tells the protocols of one port apart", () =>
  withResp({}, async ({ server, client }) => {
    assert.deepEqual(await client.call("PING"), { status: "PONG" });
    assert.equal(await client.call("PING", "hello"), "hello");
    const lines = await LineClient.open(server.port);
    assert.equal(await lines.request("PING"), "PONG");
    lines.close();
  }));

Deno.test("resp: what HTTP and TCP know as a string is the same key", () =>
  withResp({}, async ({ server, client }) => {
    const { strings } = server.store;
    strings.set("text", "höllo");
    assert.equal(await client.call("GET", "text"), "h\xc3\xb6llo");
    await client.call("SET", "t\xc3\xa9", "\xe2\x82\xac");
    assert.equal(strings.get("té"), "€");
    await client.call("SET", "bytes", "\xff\x00\xc3");
    assert.equal(strings.get("bytes"), "\udcff\u0000\udcc3");
    strings.set("again", strings.get("bytes")!);
    assert.equal(await client.call("GET", "again"), "\xff\x00\xc3");
  }));

Deno.test("resp: requests may be cut anywhere, and come many at once", () =>
  withResp({}, async ({ client }) => {
    const request = requestBytes(["SET", "key", "x".repeat(10_000)]);
    for (const cut of [1, 2, 3, 5, 13, 14, 17, 30, 5000, request.length - 1]) {
      await client.send(request.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 0));
      await client.send(request.subarray(cut));
      assert.deepEqual(await client.reply(), { status: "OK" });
    }
    const commands = Array.from({ length: 1000 }, (_, i) => ["ECHO", String(i)]);
    assert.deepEqual(await client.pipeline(commands), commands.map(([, text]) => text));
  }));

Deno.test("resp: lines of words are commands as well", () =>
  withResp({}, async ({ client }) => {
    await client.call("PING");
    await client.send("ECHO \"a\\x41\\n\" \r\nECHO 'it\\'s'\nPING\r\n\r\n");
    assert.equal(await client.reply(), "aA\n");
    assert.equal(await client.reply(), "it's");
    assert.deepEqual(await client.reply(), { status: "PONG" });
    await client.send('ECHO "a\r\n');
    assert.deepEqual(await client.reply(), {
      error: "ERR Protocol error: unbalanced quotes in request",
    });
    await client.ended();
  }));

Deno.test("resp: what is no request gets an error, and ends the connection", async (t) => {
  const cases = {
    "*1\r\n:1\r\n": "expected '$', got ':'",
    "*1048577\r\n": "invalid multibulk length",
    "*x\r\n": "invalid multibulk length",
    "*1\r\n$x\r\n": "invalid bulk length",
    "*1\r\n$-1\r\n": "invalid bulk length",
    "*1\r\n$99999999999\r\n": "invalid bulk length",
    "*99999999999999999999999": "invalid multibulk length",
  };
  for (const [bytes, problem] of Object.entries(cases)) {
    await t.step(JSON.stringify(bytes), () =>
      withResp({}, async ({ client }) => {
        await client.send(bytes);
        assert.equal(await client.ended(), `-ERR Protocol error: ${problem}\r\n`);
      }));
  }
});

Deno.test("resp: a server with a token wants it as a password", () =>
  withResp({ token: "secret" }, async ({ client, connect }) => {
    assert.deepEqual(await client.call("GET", "key"), { error: "NOAUTH Authentication required." });
    const wrong = { error: "WRONGPASS invalid username-password pair or user is disabled." };
    assert.deepEqual(await client.call("AUTH", "public"), wrong);
    assert.deepEqual(await client.call("AUTH", "other", "secret"), wrong);
    assert.deepEqual(await client.call("AUTH", "secret"), { status: "OK" });
    assert.equal(await client.call("GET", "key"), null);
    const other = await connect();
    const map = await other.call("HELLO", 3, "AUTH", "default", "secret");
    assert.ok(typeof map === "object" && map !== null && "map" in map);
    assert.deepEqual(await other.call("GET", "key"), { null: "RESP3" });
  }));

Deno.test("resp: before it is authenticated, a client gets no memory for a long request", async (t) => {
  for (const [bytes, what] of [["*11\r\n", "multibulk"], ["*1\r\n$16385\r\n", "bulk"]]) {
    await t.step(what, () =>
      withResp({ token: "secret" }, async ({ client }) => {
        await client.send(bytes);
        assert.equal(
          await client.ended(),
          `-ERR Protocol error: unauthenticated ${what} length\r\n`,
        );
      }));
  }
});

Deno.test("resp: connections count, and those beyond the limit are refused", async () => {
  await using server = new EmbeddedServer({ port: 0, maxConnections: 1 });
  await using client = await RespClient.open(await server.start());
  await client.call("PING");
  assert.equal(server.getStats().connections, 1);
  await using other = await RespClient.open(server.port);
  assert.match(await other.ended(), /1 connections already/);
});

Deno.test("resp: what is unknown, or has the wrong number of words, gets the words of Redis", () =>
  withResp({}, async ({ client }) => {
    const cases: [string[], string][] = [
      [["foo", "a", "b"], "ERR unknown command 'foo', with args beginning with: 'a' 'b' "],
      [["GET"], "ERR wrong number of arguments for 'get' command"],
      [["get", "a", "b"], "ERR wrong number of arguments for 'get' command"],
    ];
    for (const [words, error] of cases) assert.deepEqual(await client.call(...words), { error });
  }));
