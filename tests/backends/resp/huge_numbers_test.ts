// Numbers and requests that are far too large: each gets a reply at once, and none ends the server.

import assert from "node:assert/strict";
import { ErrorReply } from "../../../backends/resp/protocol/reply.ts";
import { respEngine } from "../../support/resp_engine.ts";
import { cpuMs } from "../../support/cpu_clock.ts";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const CALLS = [
  `LPOP list ${MAX}`,
  `LRANGE list ${MIN} ${MAX}`,
  `LTRIM list ${MIN} ${MAX}`,
  `LINDEX list ${MIN}`,
  `LSET list ${MAX} x`,
  `LREM list ${MIN} none`,
  `LPOS list x RANK ${MIN} COUNT ${MAX} MAXLEN ${MAX}`,
  `LMPOP ${MAX} list LEFT`,
  `LMPOP 1 none LEFT COUNT ${MAX}`,
  `BLMPOP 0.01 ${MAX} list LEFT`,
  `BLPOP none 1e300`,
  `ZRANGE zset ${MIN} ${MAX}`,
  `ZRANGE zset -inf +inf BYSCORE LIMIT ${MAX} ${MAX}`,
  `ZRANGE zset -inf +inf BYSCORE LIMIT ${MIN} ${MIN}`,
  `ZRANDMEMBER zset ${MIN}`,
  `ZRANDMEMBER zset -${MAX} WITHSCORES`,
  `ZRANDMEMBER zset ${MAX}`,
  `ZUNION ${MAX} zset`,
  `ZINTERCARD 1 zset LIMIT ${MAX}`,
  `ZMPOP ${MAX} zset MIN COUNT ${MAX}`,
  `ZSCAN zset ${MAX} COUNT ${MAX}`,
  `ZADD zset 1e308 a`,
  `ZINCRBY zset 1e308 a`,
  `XADD stream MAXLEN ~ ${MAX} LIMIT ${MAX} 5-5 f v`,
  `XADD stream 18446744073709551616-1 f v`,
  `XRANGE stream - + COUNT ${MAX}`,
  `XREAD COUNT ${MAX} STREAMS stream 0`,
  `XREAD BLOCK ${MAX} STREAMS stream 0`,
  `XGROUP CREATE stream g 0 ENTRIESREAD ${MAX}`,
  `XREADGROUP GROUP g c COUNT ${MAX} STREAMS stream >`,
  `XPENDING stream g IDLE ${MAX} - + ${MAX}`,
  `XCLAIM stream g c ${MAX} 5-5 IDLE ${MAX} RETRYCOUNT ${MAX}`,
  `XCLAIM stream g c 0 5-5 TIME ${MAX}`,
  `XAUTOCLAIM stream g c 0 0 COUNT ${MAX}`,
  `XAUTOCLAIM stream g c 0 0 COUNT 500000000000000000`,
  `XINFO STREAM stream FULL COUNT ${MAX}`,
  `XSETID stream 18446744073709551615-18446744073709551615 ENTRIESADDED ${MAX}`,
  `XADD stream * f v`,
  `GEOSEARCH geo FROMLONLAT 0 0 BYRADIUS 1e308 km COUNT ${MAX}`,
  `GEOADD geo 1e308 1 m`,
];

Deno.test("resp: huge numbers in commands of lists, sorted sets and streams are harmless", () => {
  const { call, connect } = respEngine();
  call("RPUSH", "list", "a", "b");
  call("ZADD", "zset", 1, "a", 2, "b");
  call("GEOADD", "geo", 1, 1, "m");
  for (const words of CALLS) {
    const startMs = cpuMs();
    const reply = connect().call(...words.split(" "));
    assert.ok(cpuMs() - startMs < 1000, words);
    assert.ok(!(reply instanceof ErrorReply) || !/the server failed/.test(reply.text), words);
  }
  assert.equal(call("PING", "still here"), "still here");
});

Deno.test("resp: requests with very many words are carried out", () => {
  const { call, callAll } = respEngine();
  const words = Array.from({ length: 400_000 }, (_, i) => String(i));
  for (const first of [["RPUSH", "list"], ["ZADD", "zset"], ["XADD", "stream", "*"]]) {
    const reply = callAll(first.concat(words));
    assert.ok(reply !== undefined && !(reply instanceof ErrorReply), first[0]);
  }
  for (const words of ["DUMP stream", "XINFO STREAM stream FULL", "SORT list STORE sorted"]) {
    assert.ok(!(call(...words.split(" ")) instanceof ErrorReply), words);
  }
  assert.equal(call("ZUNIONSTORE", "union", 2, "zset", "zset"), 200_000);
});
