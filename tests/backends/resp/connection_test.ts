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
  assert.match(await other.ended(), /1 connection already/);
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

const HTTP_HEADERS = "Host: localhost\r\nContent-Type: text/plain\r\n\r\n";
/** What a browser sends before what a page has chosen. */
const OF_BROWSERS = {
  "POST": `POST / HTTP/1.1\r\n${HTTP_HEADERS}`,
  "GET": `GET / HTTP/1.1\r\n${HTTP_HEADERS}`,
  "the name of a command as the method": `SET / HTTP/1.1\r\n${HTTP_HEADERS}`,
  "a long path": `GET /${"a".repeat(60_000)} HTTP/1.1\r\n${HTTP_HEADERS}`,
  "a preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a TLS handshake": "\x16\x03\x01\x02\x00\x01\x00\r\n",
  "an empty line, and a header": `\r\n${HTTP_HEADERS}`,
  "a command, and a request": `PING\r\nPOST / HTTP/1.1\r\n${HTTP_HEADERS}`,
};

Deno.test("resp: what a web page makes a browser send is not carried out", async (t) => {
  for (const [what, bytes] of Object.entries(OF_BROWSERS)) {
    await t.step(what, () =>
      withResp({ redis: { isOnly: true } }, async ({ client, connect }) => {
        const browser = await connect();
        await browser.send(bytes + "SET k v\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
        assert.match(await browser.ended(), /-ERR Protocol error: .*web page/);
        assert.equal(await client.call("DBSIZE"), 0);
      }));
  }
});

Deno.test("resp: a client may begin with a command that the server does not know", () =>
  withResp({ redis: { isOnly: true } }, async ({ client }) => {
    assert.match((await client.call("NEWER") as { error: string }).error, /unknown command/);
    await client.send("TYPO 1\r\n");
    assert.match((await client.reply() as { error: string }).error, /unknown command/);
    assert.deepEqual(await client.call("PING"), { status: "PONG" });
  }));
