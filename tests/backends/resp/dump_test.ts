// DUMP and RESTORE: what a real server has dumped is restored here, and the other way, for each form in which
// Redis keeps a kind of value.

import assert from "node:assert/strict";
import { crc64 } from "../../../backends/resp/commands/crc64.ts";
import type { RespClient } from "../../support/resp_client.ts";
import { withServers } from "../../stress/redis/servers.ts";
import { respEngine } from "../../support/resp_engine.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i * i - 500));
const texts = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => `text ${i} `.padEnd(length, "\xff\x00"));
const scores = (members: string[]) => members.flatMap((member, i) => [String(i * 1.5 - 9), member]);
const INTEGERS = ["0", "127", "128", "-1", "4095", "-4096", "4096", "32767", "-32768", "32768"]
  .concat("8388607", "-8388608", "2147483647", "-2147483648", "2147483648", "-9007199254740993");

/** Commands that fill a key, and a command that reads all of it. */
const VALUES: Readonly<Record<string, [string[][], string[]]>> = {
  "a text": [[["SET", "key", "hello"]], ["GET", "key"]],
  "a number": [[["SET", "key", "12345"]], ["GET", "key"]],
  "a long text": [[["SET", "key", "abc".repeat(5000)]], ["GET", "key"]],
  "a text that is compressed very much": [[["SET", "key", "abc".repeat(500_000)]], ["GET", "key"]],
  "a text that is compressed a little": [[["SET", "key", texts(3000, 20).join("")]], [
    "GET",
    "key",
  ]],
  "a short list": [[["RPUSH", "key", ...INTEGERS, ...texts(5, 70)]], ["LRANGE", "key", "0", "-1"]],
  "a long list": [[["RPUSH", "key", ...numbers(3000), ...texts(9, 5000)]], [
    "LRANGE",
    "key",
    "0",
    "-1",
  ]],
  "a list with a huge element": [[["RPUSH", "key", "a", "y".repeat(20_000)]], [
    "LRANGE",
    "key",
    "0",
    "-1",
  ]],
  "a set of small numbers": [[["SADD", "key", ...numbers(100)]], ["SORT", "key"]],
  "a set of large numbers": [[["SADD", "key", ...INTEGERS, "9223372036854775807"]], [
    "SORT",
    "key",
    "ALPHA",
  ]],
  "a set of texts": [[["SADD", "key", ...texts(300, 20)]], ["SORT", "key", "ALPHA"]],
  "a short hash": [[["HSET", "key", ...texts(20, 30)]], ["HGETALL", "key"]],
  "a long hash": [[["HSET", "key", ...texts(20, 100)]], ["HGET", "key", texts(1, 100)[0]]],
  "a short sorted set": [[["ZADD", "key", ...scores(texts(20, 30))]], [
    "ZRANGE",
    "key",
    "0",
    "-1",
    "WITHSCORES",
  ]],
  "a long sorted set": [[["ZADD", "key", "inf", "max", ...scores(texts(300, 30))]], [
    "ZRANGE",
    "key",
    "0",
    "-1",
    "WITHSCORES",
  ]],
  "an empty stream": [[["XGROUP", "CREATE", "key", "g", "$", "MKSTREAM"]], [
    "XINFO",
    "STREAM",
    "key",
  ]],
  "entries of a stream": [
    [
      ...numbers(250).map((n, i) => ["XADD", "key", `${i + 1}-${i % 3}`, "f", n, "g", "x"]),
      ["XADD", "key", "1000-18446744073709551615", "other", "y".repeat(5000)],
      ["XDEL", "key", "5-1", "200-1", "1-0"],
    ],
    ["XRANGE", "key", "-", "+"],
  ],
  "a stream with groups": [
    [
      ...numbers(9).map((n, i) => ["XADD", "key", `${i + 1}-1`, "f", n]),
      ["XGROUP", "CREATE", "key", "g", "0"],
      ["XGROUP", "CREATE", "key", "empty", "3-1", "ENTRIESREAD", "3"],
      ["XREADGROUP", "GROUP", "g", "c1", "COUNT", "3", "STREAMS", "key", ">"],
      ["XREADGROUP", "GROUP", "g", "c2", "COUNT", "2", "STREAMS", "key", ">"],
      ["XACK", "key", "g", "2-1"],
      ["XDEL", "key", "3-1"],
      ["XCLAIM", "key", "g", "c1", "0", "1-1", "5-1", "TIME", "1000", "RETRYCOUNT", "7"],
    ],
    ["XINFO", "STREAM", "key", "FULL"],
  ],
};

/** Removes what depends on how a server keeps a stream, and the times of the calls. */
function stable(reply: unknown): unknown {
  return JSON.parse(JSON.stringify(reply), (_, value) => {
    if (typeof value === "number" && value > 1e11) return "a time";
    if (!Array.isArray(value) || !value.includes("radix-tree-keys")) return value;
    return value.toSpliced(value.indexOf("radix-tree-keys"), 4);
  });
}

Deno.test("resp: servers restore what the other one has dumped", (t) =>
  withServers(async ({ ours, theirs }) => {
    const exchange = async (from: RespClient, to: RespClient, name: string) => {
      const [commands, read] = VALUES[name];
      for (const client of [from, to]) await client.call("FLUSHALL");
      for (const reply of await from.pipeline(commands)) {
        assert.ok(!JSON.stringify(reply).includes('"error"'));
      }
      const expected = stable(await from.call(...read));
      const bytes = await from.call("DUMP", "key") as string;
      assert.deepEqual(await to.call("RESTORE", "key", 0, bytes, "REPLACE"), { status: "OK" });
      assert.deepEqual(stable(await to.call(...read)), expected);
      assert.deepEqual(await to.call("TYPE", "key"), await from.call("TYPE", "key"));
    };
    for (const name of Object.keys(VALUES)) {
      await t.step(name, async () => {
        await exchange(ours, theirs, name);
        await exchange(theirs, ours, name);
        await exchange(ours, ours, name);
      });
    }
  }));

/** A byte string with another byte at a place, and its checksum at the end if it should have one. */
function damaged(bytes: string, at: number, byte: number, isChecked: boolean): string {
  const text = bytes.slice(0, at) + String.fromCharCode(byte) + bytes.slice(at + 1);
  if (!isChecked) return text;
  const body = text.slice(0, -8);
  const sum = crc64(body);
  const codes = Array.from({ length: 8 }, (_, i) => Number(sum >> BigInt(8 * i) & 0xffn));
  return body + String.fromCharCode(...codes);
}

Deno.test("resp: a dump that is damaged is refused, or restored as something else", () => {
  const { call } = respEngine();
  call("RPUSH", "list", "a", "b");
  call("SADD", "set", "1", "2");
  call("ZADD", "zset", "1", "a", "inf", "b");
  for (const id of ["1-1", "1-2", "300-1"]) call("XADD", "stream", id, "f", "v");
  call("XGROUP", "CREATE", "stream", "g", "0");
  call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">");
  // A list and a set in the packed forms of redis-server.
  const packed = ["\x12\x01\x02\x0d\x0d\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff"]
    .concat("\x0b\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x02\x00")
    .map((body) => damaged(`${body}\x0a\x00${"\0".repeat(8)}`, 0, body.charCodeAt(0), true));
  const dumps = ["list", "set", "zset", "stream"].map((key) => call("DUMP", key) as string);
  for (const bytes of [...dumps, ...packed]) {
    assert.equal(JSON.stringify(call("RESTORE", "copy", 0, bytes, "REPLACE")), '{"text":"OK"}');
    for (let at = 0; at < bytes.length; at++) {
      const lost = call(
        "RESTORE",
        "copy",
        0,
        damaged(bytes, at, bytes.charCodeAt(at) ^ 0x55, false),
      );
      assert.match(JSON.stringify(lost), /BUSYKEY|checksum are wrong/);
      for (const byte of [0, 1, 0x40, 0x7f, 0x80, 0x81, 0xc3, 0xe0, 0xf0, 0xf1, 0xf4, 0xff]) {
        const reply = call("RESTORE", "copy", 0, damaged(bytes, at, byte, true), "REPLACE");
        assert.match(JSON.stringify(reply), /"OK"|Bad data format|checksum are wrong/);
        if (call("TYPE", "copy") !== undefined) call("DUMP", "copy");
      }
    }
  }
});
