// Commands of streams. The differential test compares their replies with those of a real server; here is
// what it cannot see: several clients, waiting and idle times by the clock, names of changes, and memory.

import assert from "node:assert/strict";
import { OUT_OF_MEMORY } from "../../../backends/resp/engine/errors.ts";
import {
  ErrorReply,
  MapReply,
  NULL_ARRAY,
  type Reply,
} from "../../../backends/resp/protocol/reply.ts";
import { respEngine } from "../../support/resp_engine.ts";

/** A reply with objects in place of maps, and numbers with fractions as they are. */
function plain(reply: Reply | undefined): unknown {
  if (reply instanceof MapReply) {
    const items = reply.items.map(plain);
    return Object.fromEntries(
      Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]),
    );
  }
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

Deno.test("resp: ids of entries follow the clock, and never go back", () => {
  const { call, clock } = respEngine();
  const nowMs = clock.now();
  assert.equal(call("XADD", "s", "*", "f", "1"), `${nowMs}-0`);
  assert.equal(call("XADD", "s", "*", "f", "2"), `${nowMs}-1`);
  clock.advance({ seconds: 60 });
  assert.equal(call("XADD", "s", "*", "f", "3"), `${nowMs + 60_000}-0`);
  assert.equal(call("XADD", "s", "99999999999999-5", "f", "4"), "99999999999999-5");
  assert.equal(call("XADD", "s", "*", "f", "5"), "99999999999999-6");
});

Deno.test("resp: readers of a stream all get what comes after their call", () => {
  const { call, connect } = respEngine();
  call("XADD", "s", "1-1", "f", "old");
  const [first, second, third] = [connect(), connect(), connect()];
  assert.equal(first.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$"), undefined);
  assert.equal(second.call("XREAD", "BLOCK", 0, "STREAMS", "other", "s", "0", "$"), undefined);
  assert.notEqual(third.call("XREAD", "BLOCK", 0, "STREAMS", "s", "0"), undefined);
  call("MULTI");
  call("XADD", "s", "2-1", "f", "new");
  call("XADD", "s", "2-2", "f", "newer");
  call("EXEC");
  const expected = [[["s", [["2-1", ["f", "new"]], ["2-2", ["f", "newer"]]]]]];
  assert.deepEqual([first.taken(), second.taken()], [expected, expected]);
});

Deno.test("resp: the last entry of a stream is read by itself", () => {
  const { call } = respEngine();
  const read = ["XREAD", "BLOCK", 0, "STREAMS", "s", "+"];
  assert.notEqual(call("XADD", "s", "1-1", "f", "x"), null);
  call("XADD", "s", "2-0", "f", "y");
  assert.deepEqual(call(...read), [["s", [["2-0", ["f", "y"]]]]]);
});

Deno.test("resp: each entry of a stream goes to one consumer that waits", () => {
  const { call, connect } = respEngine();
  call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  const [first, second] = [connect(), connect()];
  const read = (
    name: string,
  ) => ["XREADGROUP", "GROUP", "g", name, "COUNT", 1, "BLOCK", 0, "STREAMS", "s", ">"];
  first.call(...read("first"));
  second.call(...read("second"));
  call("XADD", "s", "1-1", "f", "x");
  assert.deepEqual(first.taken(), [[["s", [["1-1", ["f", "x"]]]]]]);
  assert.deepEqual(second.taken(), []);
  call("XADD", "s", "2-1", "f", "y");
  assert.deepEqual(second.taken(), [[["s", [["2-1", ["f", "y"]]]]]]);
  assert.deepEqual(call("XPENDING", "s", "g"), [2, "1-1", "2-1", [["first", "1"], [
    "second",
    "1",
  ]]]);
});

Deno.test("resp: the clock ends a wait for entries", () => {
  const { call, clock, connect } = respEngine();
  call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  for (
    const words of [
      ["XREAD", "BLOCK", "1000", "STREAMS", "s", "$"],
      ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "1000", "STREAMS", "s", ">"],
    ]
  ) {
    const client = connect();
    client.call(...words);
    clock.advance(999);
    assert.deepEqual(client.taken(), []);
    clock.advance(1);
    assert.deepEqual(client.taken(), [NULL_ARRAY]);
  }
});

Deno.test("resp: a consumer that waits learns that its group is gone", () => {
  const { call, connect } = respEngine();
  for (const words of [["XGROUP", "DESTROY", "s", "g"], ["DEL", "s"]]) {
    call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    const client = connect();
    client.call("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">");
    call(...words);
    const [reply] = client.taken();
    assert.ok(reply instanceof ErrorReply && reply.text.startsWith("NOGROUP No such key 's'"));
  }
});

Deno.test("resp: idle times of entries and consumers pass by the clock", () => {
  const { call, clock } = respEngine();
  call("XADD", "s", "1-1", "f", "x");
  call("XGROUP", "CREATE", "s", "g", "0");
  call("XREADGROUP", "GROUP", "g", "first", "STREAMS", "s", ">");
  clock.advance({ seconds: 30 });
  assert.deepEqual(call("XPENDING", "s", "g", "-", "+", 9), [["1-1", "first", 30_000, 1]]);
  assert.deepEqual(call("XPENDING", "s", "g", "IDLE", 30_001, "-", "+", 9), []);
  assert.deepEqual(call("XAUTOCLAIM", "s", "g", "second", 30_001, "0"), ["0-0", [], []]);
  assert.deepEqual(call("XAUTOCLAIM", "s", "g", "second", 30_000, "0"), [
    "0-0",
    [["1-1", ["f", "x"]]],
    [],
  ]);
  clock.advance({ seconds: 1 });
  assert.deepEqual(call("XPENDING", "s", "g", "-", "+", 9), [["1-1", "second", 1000, 2]]);
  assert.deepEqual(plain(call("XINFO", "CONSUMERS", "s", "g")), [
    { name: "first", pending: 0, idle: 31_000, inactive: 31_000 },
    { name: "second", pending: 1, idle: 1000, inactive: 1000 },
  ]);
  call("XCLAIM", "s", "g", "first", 0, "1-1", "IDLE", 5000, "RETRYCOUNT", 7, "JUSTID");
  assert.deepEqual(call("XPENDING", "s", "g", "-", "+", 9), [["1-1", "first", 5000, 7]]);
});

Deno.test("resp: a consumer that gets nothing exists since version 7.2 of Redis", () => {
  for (const [version, count] of [["7.0.15", 0], ["7.2.0", 1]] as const) {
    const { call } = respEngine({ version });
    call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    const consumers = plain(call("XINFO", "CONSUMERS", "s", "g")) as { inactive: number }[];
    assert.equal(consumers.length, count);
    if (count > 0) assert.equal(consumers[0].inactive, -1);
  }
});

Deno.test("resp: changes of streams have the names of Redis", () => {
  const { call, events } = respEngine();
  call("XADD", "s", "1-1", "f", "x");
  call("XADD", "s", "MAXLEN", 1, "2-1", "f", "x");
  call("XTRIM", "s", "MAXLEN", 1);
  call("XGROUP", "CREATE", "s", "g", "0");
  call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
  call("XACK", "s", "g", "2-1");
  call("XGROUP", "CREATECONSUMER", "s", "g", "d");
  call("XGROUP", "DELCONSUMER", "s", "g", "d");
  call("XGROUP", "SETID", "s", "g", "$");
  call("XSETID", "s", "9-9");
  call("XDEL", "s", "2-1");
  call("XGROUP", "DESTROY", "s", "g");
  assert.deepEqual(events, [
    ...["xadd s", "xadd s", "xtrim s", "xgroup-create s", "xgroup-createconsumer s"],
    ...["xgroup-createconsumer s", "xgroup-delconsumer s", "xgroup-setid s", "xsetid s", "xdel s"],
    "xgroup-destroy s",
  ]);
});

Deno.test("resp: entries, groups and what is pending count for the memory of the store", () => {
  const { call, store } = respEngine({ maxBytes: 100_000 });
  const before = store.stats().bytes;
  call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  const empty = store.stats().bytes;
  assert.ok(empty > before);
  for (let i = 1; i <= 20; i++) call("XADD", "s", `${i}-1`, "field", "x".repeat(100));
  const filled = store.stats().bytes;
  call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
  assert.ok(store.stats().bytes > filled + 20 * 100);
  call("XACK", "s", "g", ...Array.from({ length: 20 }, (_, i) => `${i + 1}-1`));
  call("XGROUP", "DELCONSUMER", "s", "g", "c");
  assert.equal(store.stats().bytes, filled);
  call("XTRIM", "s", "MAXLEN", 0);
  assert.equal(store.stats().bytes, empty);
  assert.equal(call("XADD", "s", "*", "field", "x".repeat(100_000)), OUT_OF_MEMORY);
  for (let i = 1; i < 130; i++) call("XADD", "s", "*", "f", "v".repeat(300));
  const pending = call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
  assert.equal(pending, OUT_OF_MEMORY);
  assert.deepEqual(call("XPENDING", "s", "g"), [0, null, null, NULL_ARRAY]);
  const read = ["XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "s", ">"];
  assert.ok(!(call(...read) instanceof ErrorReply));
  call("DEL", "s");
  assert.equal(store.stats().bytes, before);
});
