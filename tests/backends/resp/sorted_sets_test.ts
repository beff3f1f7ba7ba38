// Commands of sorted sets. The differential test compares their replies with those of a real server; here is
// what it cannot see: several clients, waiting by the clock, names of changes, and memory.

import assert from "node:assert/strict";
import { OUT_OF_MEMORY } from "../../../backends/resp/engine/errors.ts";
import { DoubleReply, NULL_ARRAY, type Reply } from "../../../backends/resp/protocol/reply.ts";
import { respEngine } from "../../support/resp_engine.ts";

/** A reply with plain numbers in place of scores. */
function plain(reply: Reply | undefined): unknown {
  if (reply instanceof DoubleReply) return reply.value;
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

Deno.test("resp: members of a sorted set have the order of their scores", () => {
  const { call } = respEngine();
  assert.equal(call("ZADD", "set", 2, "b", 1, "a", 2, "\xff\x00", "inf", "z"), 4);
  assert.deepEqual(call("ZRANGE", "set", 0, -1), ["a", "b", "\xff\x00", "z"]);
  assert.deepEqual(call("ZRANGE", "set", "(1", "+inf", "BYSCORE", "LIMIT", 1, 1), ["\xff\x00"]);
  assert.deepEqual(plain(call("ZRANGE", "set", 0, 0, "REV", "WITHSCORES")), ["z", Infinity]);
  assert.deepEqual([call("ZRANK", "set", "z"), call("ZREVRANK", "set", "z")], [3, 0]);
  assert.deepEqual(plain(call("ZRANK", "set", "b", "WITHSCORE")), [1, 2]);
  assert.deepEqual(plain(call("ZPOPMAX", "set")), ["z", Infinity]);
  assert.equal(call("ZREMRANGEBYSCORE", "set", 2, 2), 2);
  assert.deepEqual(plain(call("ZMPOP", 1, "set", "MIN")), ["set", [["a", 1]]]);
  assert.equal(call("EXISTS", "set"), 0);
});

Deno.test("resp: those that wait for members get them in the order of their calls", () => {
  const { call, connect } = respEngine();
  const clients = [connect(), connect(), connect()];
  assert.equal(clients[0].call("BZPOPMIN", "other", "set", 0), undefined);
  assert.equal(clients[1].call("BZPOPMAX", "set", 0), undefined);
  assert.equal(clients[2].call("BZMPOP", 0, 1, "set", "MIN", "COUNT", 5), undefined);
  assert.equal(call("ZADD", "set", 1, "a", 2, "b", 3, "c", 4, "d"), 4);
  assert.deepEqual(clients.map((client) => client.taken().map(plain)), [
    [["set", "a", 1]],
    [["set", "d", 4]],
    [["set", [["b", 2], ["c", 3]]]],
  ]);
});

Deno.test("resp: a stored result and a renamed key end a wait for members", () => {
  const { call, connect } = respEngine();
  const [first, second] = [connect(), connect()];
  first.call("BZPOPMIN", "stored", 0);
  second.call("BZPOPMIN", "renamed", 0);
  call("ZADD", "set", 1, "a");
  call("ZUNIONSTORE", "stored", 1, "set");
  call("RENAME", "set", "renamed");
  assert.deepEqual(plain(first.taken()), [["stored", "a", 1]]);
  assert.deepEqual(plain(second.taken()), [["renamed", "a", 1]]);
});

Deno.test("resp: the clock ends a wait for members", () => {
  const { clock, connect } = respEngine();
  for (const words of [["BZPOPMIN", "set", "2"], ["BZMPOP", "2", "1", "set", "MIN"]]) {
    const client = connect();
    client.call(...words);
    clock.advance({ milliseconds: 1999 });
    assert.deepEqual(client.taken(), []);
    clock.advance(1);
    assert.deepEqual(client.taken(), [NULL_ARRAY]);
  }
});

Deno.test("resp: changes of sorted sets have the names of Redis", () => {
  const { call, events } = respEngine();
  call("ZADD", "a", 1, "x", 2, "y", 3, "z", 4, "u", 5, "v", 6, "w");
  call("ZADD", "a", 1, "x");
  call("ZINCRBY", "a", 1, "x");
  call("ZREM", "a", "w");
  call("ZREMRANGEBYRANK", "a", 4, 4);
  call("ZREMRANGEBYSCORE", "a", 4, 4);
  call("ZPOPMAX", "a");
  call("ZUNIONSTORE", "b", 1, "a");
  call("ZINTERSTORE", "b", 1, "a");
  call("ZDIFFSTORE", "b", 2, "a", "none");
  call("ZRANGESTORE", "b", "a", 0, -1);
  call("ZDIFFSTORE", "b", 2, "a", "a");
  call("ZPOPMIN", "a", 9);
  assert.deepEqual(events, [
    ...["zadd a", "zincr a", "zrem a", "zremrangebyrank a", "zremrangebyscore a", "zpopmax a"],
    ...["zunionstore b", "zinterstore b", "zdiffstore b", "zrangestore b", "del b"],
    ...["zpopmin a", "del a"],
  ]);
});

Deno.test("resp: what does not fit is not stored, and what was stored is given back", () => {
  const { call, store } = respEngine({ maxBytes: 50_000 });
  const before = store.stats().bytes;
  for (let i = 0; i < 100; i++) call("ZADD", "set", i, `member ${i}`);
  assert.equal(call("ZCARD", "set"), 100);
  assert.equal(call("ZUNIONSTORE", "copy", 1, "set"), OUT_OF_MEMORY);
  call("DEL", "set");
  assert.equal(store.stats().bytes, before);
});
