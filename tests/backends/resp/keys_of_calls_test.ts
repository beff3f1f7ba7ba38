// COMMAND GETKEYS finds the keys that redis-server finds.

import assert from "node:assert/strict";
import { withServers } from "../../stress/redis/servers.ts";

const CALLS = [
  "LMPOP 2 a b LEFT COUNT 3",
  "BLMPOP 1 2 a b LEFT",
  "BLMOVE a b LEFT RIGHT 1",
  "BLPOP a b 1",
  "ZMPOP 1 a MIN",
  "BZMPOP 0 2 a b MAX",
  "BZPOPMIN a b 0",
  "ZUNION 2 a b WITHSCORES",
  "ZUNIONSTORE t 2 a b WEIGHTS 1 2",
  "ZINTERSTORE t 1 a",
  "ZDIFFSTORE t 3 a b c",
  "ZINTERCARD 2 a b LIMIT 1",
  "ZRANGESTORE t a 0 1",
  "XREAD COUNT 1 STREAMS a b 0 0",
  "XREADGROUP GROUP g c STREAMS a >",
  "XGROUP CREATE a g 0",
  "XINFO STREAM a",
  "GEORADIUS a 1 2 3 m STORE t",
  "GEORADIUSBYMEMBER a m 3 km STOREDIST t",
  "GEOSEARCHSTORE t a FROMMEMBER m BYRADIUS 1 m",
  "PFMERGE t a b",
  "PFCOUNT a b",
  "SORT a STORE t",
];

Deno.test("resp: the keys of calls are those that redis-server finds", () =>
  withServers(async ({ ours, theirs }) => {
    for (const call of CALLS) {
      const words = ["COMMAND", "GETKEYS", ...call.split(" ")];
      assert.deepEqual([call, await ours.call(...words)], [call, await theirs.call(...words)]);
    }
  }));
