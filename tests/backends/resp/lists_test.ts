// Commands of lists. The differential test compares their replies with those of a real server; here is what
// it cannot see: several clients, waiting by the clock, names of changes, and memory.

import assert from "node:assert/strict";
import { NULL_ARRAY } from "../../../backends/resp/protocol/reply.ts";
import { WRONG_TYPE } from "../../../backends/resp/engine/errors.ts";
import { respEngine } from "../../support/resp_engine.ts";

Deno.test("resp: both ends of a list give and take", () => {
  const { call } = respEngine();
  assert.equal(call("RPUSH", "list", "b", "c", "\xff\x00"), 3);
  assert.equal(call("LPUSH", "list", "a", "_"), 5);
  assert.deepEqual(call("LRANGE", "list", 0, -1), ["_", "a", "b", "c", "\xff\x00"]);
  assert.equal(call("LPOP", "list"), "_");
  assert.deepEqual(call("RPOP", "list", 2), ["\xff\x00", "c"]);
  assert.equal(call("LINSERT", "list", "AFTER", "a", "between"), 3);
  assert.deepEqual(call("LPOS", "list", "b", "RANK", -1, "COUNT", 0), [2]);
  assert.equal(call("LPOS", "list", "b", "RANK", "-9223372036854775808"), 2);
  assert.equal(call("LPOS", "list", "b", "RANK", "-9223372036854775807"), null);
  assert.equal(call("LREM", "list", 0, "b"), 1);
  const popped = call("LMPOP", 2, "none", "list", "RIGHT", "COUNT", 9);
  assert.deepEqual(popped, ["list", ["between", "a"]]);
  assert.equal(call("LMPOP", 1, "list", "LEFT"), NULL_ARRAY);
});

Deno.test("resp: those that wait for elements get them in the order of their calls", () => {
  const { call, connect } = respEngine();
  const clients = [connect(), connect(), connect()];
  assert.equal(clients[0].call("BLPOP", "other", "list", 0), undefined);
  assert.equal(clients[1].call("BRPOP", "list", 0), undefined);
  assert.equal(clients[2].call("BLMPOP", 0, 1, "list", "LEFT", "COUNT", 5), undefined);
  assert.equal(call("RPUSH", "list", "1", "2", "3", "4"), 4);
  const replies = clients.map((client) => client.taken());
  assert.deepEqual(replies, [[["list", "1"]], [["list", "4"]], [["list", ["2", "3"]]]]);
  assert.equal(call("LLEN", "list"), 0);
});

Deno.test("resp: what one that waits moves lets the next one go on", () => {
  const { call, connect } = respEngine();
  const [mover, popper] = [connect(), connect()];
  popper.call("BLPOP", "to", 0);
  mover.call("BLMOVE", "from", "to", "LEFT", "RIGHT", 0);
  call("RPUSH", "from", "x");
  assert.deepEqual([mover.taken(), popper.taken()], [["x"], [["to", "x"]]]);
  assert.equal(call("LLEN", "to"), 0);
});

Deno.test("resp: the clock ends a wait for elements", () => {
  const { call, clock, connect } = respEngine();
  const commands = [
    ["BLPOP", "list", "1.5"],
    ["BRPOP", "list", "1.5"],
    ["BLMPOP", "1.5", "1", "list", "LEFT"],
    ["BLMOVE", "list", "to", "LEFT", "LEFT", "1.5"],
    ["BRPOPLPUSH", "list", "to", "1.5"],
  ];
  for (const words of commands) {
    const client = connect();
    client.call(...words);
    clock.advance(1499);
    assert.deepEqual(client.taken(), []);
    clock.advance(1);
    assert.deepEqual(client.taken(), [NULL_ARRAY], words[0]);
  }
  assert.equal(call("RPUSH", "list", "x"), 1);
});

Deno.test("resp: a key of another kind does not end a wait", () => {
  const { call, connect } = respEngine();
  const waiting = connect();
  waiting.call("BLPOP", "key", 0);
  call("SET", "key", "text");
  assert.deepEqual(waiting.taken(), []);
  assert.equal(connect().call("BLPOP", "key", 0), WRONG_TYPE);
  call("DEL", "key");
  call("LPUSH", "key", "x");
  assert.deepEqual(waiting.taken(), [["key", "x"]]);
});

Deno.test("resp: a key of another kind keeps no other key from ending a wait", () => {
  const { call, connect } = respEngine();
  const [popper, mover] = [connect(), connect()];
  popper.call("BLPOP", "text", "list", 0);
  mover.call("BLMOVE", "from", "text", "LEFT", "LEFT", 0);
  call("SET", "text", "x");
  call("RPUSH", "list", "1");
  assert.deepEqual(popper.taken(), [["list", "1"]]);
  call("RPUSH", "from", "2");
  assert.deepEqual(mover.taken(), [WRONG_TYPE]);
  assert.deepEqual(call("LRANGE", "from", 0, -1), ["2"]);
});

Deno.test("resp: those that wait see what a transaction has left", () => {
  const { call, connect } = respEngine();
  const waiting = connect();
  waiting.call("BLPOP", "list", 0);
  for (const words of [["MULTI"], ["RPUSH", "list", "1"], ["LPUSH", "list", "0"]]) call(...words);
  assert.deepEqual(waiting.taken(), []);
  call("EXEC");
  assert.deepEqual(waiting.taken(), [["list", "0"]]);
});

Deno.test("resp: changes of lists have the names of Redis", () => {
  const { call, events } = respEngine();
  call("RPUSH", "a", "1", "2", "3", "4", "5");
  call("LSET", "a", 0, "x");
  call("LINSERT", "a", "BEFORE", "x", "y");
  call("LREM", "a", 0, "none");
  call("LREM", "a", 0, "y");
  call("LTRIM", "a", 0, 2);
  call("LMOVE", "a", "b", "LEFT", "RIGHT");
  call("RPOP", "a", 2);
  call("LPUSHX", "none", "x");
  assert.deepEqual(events, [
    ...["rpush a", "lset a", "linsert a", "lrem a", "ltrim a"],
    ...["rpush b", "lpop a", "rpop a", "del a"],
  ]);
});

Deno.test("resp: lists count for the memory of the store", () => {
  const { call, store } = respEngine({ maxBytes: 100_000 });
  const before = store.stats().bytes;
  const element = "x".repeat(1000);
  let replies = 0;
  while (call("RPUSH", "list", element) === ++replies);
  assert.ok(replies > 50 && replies < 100, String(replies));
  assert.match(JSON.stringify(call("LSET", "list", 0, "x".repeat(90_000))), /OOM/);
  call("LTRIM", "list", 1, 0);
  assert.equal(store.stats().bytes, before);
});
