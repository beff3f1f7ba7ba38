// Requests that arrive together are read before they are executed, and their keys are looked ahead to.

import assert from "node:assert/strict";
import fc from "fast-check";
import { EmbeddedServer } from "../../../backends/tcp/mod.ts";
import { MIN_ENTRIES } from "../../../backends/store/lookahead.ts";
import { RequestParser } from "../../../backends/resp/protocol/request_parser.ts";
import { ErrorReply } from "../../../backends/resp/protocol/reply.ts";
import { latin1Bytes } from "../../../backends/store/latin1.ts";
import { assertProperty } from "../../support/property.ts";
import { requestBytes, RespClient } from "../../support/resp_client.ts";
import { withResp } from "../../support/resp_server.ts";

const LIMITS = { maxArguments: 8, maxBulkBytes: 1000, maxRequestBytes: 4000, fault: "invalid" };
const words = fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 5 });
const requests = fc.oneof(
  { weight: 8, arbitrary: words.map((each) => requestBytes(each.map(asBytes))) },
  ...["*0\r\n", "PING\r\n", "\r\n", 'ECHO "a b"\n'].map((text) => fc.constant(latin1Bytes(text))),
);
/** What no parser reads ends most streams. */
const ends = fc.constantFrom(
  "",
  "*1\r\n:1\r\n",
  "*9\r\n",
  "*1\r\n$1001\r\n",
  'ECHO "\r\n',
  "*2\r\n$1",
);

function asBytes(text: string): string {
  return text.replace(/[^\0-\xff]/g, "?");
}

/** All that a parser returns for bytes that arrive in pieces. */
function readAll(
  pieces: readonly Uint8Array[],
  before: (parser: RequestParser) => void,
): unknown[] {
  const parser = new RequestParser(LIMITS);
  const read: unknown[] = [];
  try {
    for (const piece of pieces) {
      parser.append(piece);
      for (;;) {
        before(parser);
        const request = parser.next();
        if (request === undefined) break;
        read.push([request, parser.isLine]);
      }
    }
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error;
    read.push(error.text);
  }
  read.push(parser.length);
  return read;
}

Deno.test("resp: requests are the same whether they are read ahead or not", () => {
  const samples = fc.tuple(fc.array(requests, { maxLength: 60 }), ends, fc.array(fc.nat(300)));
  assertProperty(fc.property(samples, ([list, end, cuts]) => {
    const bytes = new Uint8Array([...list.flatMap((each) => [...each]), ...latin1Bytes(end)]);
    const pieces: Uint8Array[] = [];
    for (let [at, i] = [0, 0]; at < bytes.length; i++) {
      const size = 1 + (cuts[i] ?? bytes.length);
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    const expected = readAll(pieces, () => {});
    assert.deepEqual(readAll(pieces, (parser) => void parser.readAhead()), expected);
  }));
});

Deno.test("resp: what was read ahead and not returned counts as received", () => {
  const parser = new RequestParser(LIMITS);
  const one = requestBytes(["GET", "key"]);
  for (let i = 0; i < 5; i++) parser.append(one);
  assert.equal(parser.readAhead().length, 5);
  assert.equal(parser.length, 5 * one.length);
  assert.deepEqual(parser.next(), ["GET", "key"]);
  assert.deepEqual(parser.readAhead(), []);
  assert.equal(parser.length, 4 * one.length);
  parser.close();
  assert.equal(parser.length, 0);
});

const KEYS = 10;
const keys = fc.nat(KEYS - 1).map((i) => `key:${i}`);
const parts = fc.nat(5).map((i) => `part:${i}`);
const values = fc.constantFrom("1", "-7", "x", "9007199254740993");
const commands = fc.oneof(
  fc.tuple(fc.constantFrom("GET", "DEL", "INCR", "TYPE", "TTL", "HGETALL", "ZCARD"), keys),
  fc.tuple(fc.constantFrom("SET", "APPEND", "EXPIRE", "SADD", "LPUSH"), keys, values),
  fc.tuple(fc.constantFrom("HGET", "ZSCORE", "SISMEMBER", "HDEL"), keys, parts),
  fc.tuple(fc.constant("HSET"), keys, parts, values),
  fc.tuple(fc.constant("ZADD"), keys, fc.nat(100).map(String), parts),
  fc.tuple(fc.constant("SELECT"), fc.nat(1).map(String)),
  fc.constantFrom(["FLUSHDB"], ["PING"], ["NONE", "x"], ["GET"], ["MULTI"], ["EXEC"], [
    "ZADD",
    "z",
  ]),
);

/** More keys, fields and members than need no look ahead. */
async function fill(client: RespClient): Promise<void> {
  const numbers = Array.from({ length: MIN_ENTRIES + 10 }, (_, i) => i);
  await client.call("MSET", ...numbers.flatMap((i) => [`key:${i + KEYS / 2}`, `${i}`]));
  await client.call("HSET", "key:0", ...numbers.flatMap((i) => [`part:${i + 2}`, `${i}`]));
  await client.call("ZADD", "key:1", ...numbers.flatMap((i) => [`${i}`, `part:${i + 2}`]));
  await client.call("SADD", "key:2", ...numbers.map((i) => `part:${i + 2}`));
}

Deno.test("resp: replies are the same whether commands arrive together or one by one", async () => {
  await using servers = new AsyncDisposableStack();
  const connect = async () => {
    const server = servers.use(new EmbeddedServer({ port: 0 }));
    return servers.use(await RespClient.open(await server.start()));
  };
  const [together, single] = [await connect(), await connect()];
  const samples = fc.array(commands, { minLength: 40, maxLength: 80 });
  await assertProperty(
    fc.asyncProperty(samples, async (list) => {
      for (const client of [together, single]) {
        await client.pipeline([["DISCARD"], ["FLUSHALL"], ["SELECT", "0"]]);
        await fill(client);
      }
      const expected: unknown[] = [];
      for (const each of list) expected.push(await single.call(...each));
      assert.deepEqual(await together.pipeline(list.map((each) => [...each])), expected);
    }),
    { numRuns: 10 },
  );
});

Deno.test("resp: requests that were read ahead wait for a call that waits, and are executed after it", () =>
  withResp({}, async ({ client, connect }) => {
    await fill(client);
    const other = await connect();
    const replies = other.pipeline([["GET", "key:9"], ["BLPOP", "list", "0"], ["DEL", "key:9"]]);
    assert.equal(await client.call("EXISTS", "key:9"), 1);
    await client.call("RPUSH", "list", "a");
    assert.deepEqual(await replies, ["4", ["list", "a"], 1]);
  }));
