// OBJECT IDLETIME tells which commands use a key, by the clock of the server.

import assert from "node:assert/strict";
import { embeddedRedis, SteppableClock } from "../../../testing/mod.ts";
import { RespClient } from "../../support/resp_client.ts";

const SEED = [
  ["SET", "string", "v"],
  ["RPUSH", "list", "a"],
  ["HSET", "hash", "f", "v"],
  ["ZADD", "zset", 1, "m"],
  ["SADD", "set", "m"],
];
const USES = [
  "GET string",
  "MGET other string",
  "STRLEN string",
  "SETNX string x",
  "GETEX string",
  "APPEND string x",
  "DUMP string",
  "COPY string copy",
  "EXPIRE string 10000",
  "PERSIST string",
  "TOUCH string",
  "LRANGE list 0 -1",
  "RPUSH list b",
  "SORT list ALPHA",
  "HGET hash f",
  "HSET hash f w",
  "ZSCORE zset m",
  "ZUNION 2 zset set",
  "SISMEMBER set m",
];
const NO_USES = ["EXISTS", "TYPE", "TTL", "PTTL", "OBJECT ENCODING", "MEMORY USAGE"];

Deno.test("resp: commands that use a key end its idle time, and others do not", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  redis.seed(SEED);
  const idle = (key: string) => redis.command("OBJECT", "IDLETIME", key);
  for (const call of USES) {
    const words = call.split(" ");
    const [key] = words.slice(1).filter((word) => SEED.some(([, name]) => name === word));
    clock.advance({ seconds: 100 });
    assert.equal(idle(key), 100, call);
    redis.command(...words);
    assert.equal(idle(key), 0, call);
    redis.seed(SEED);
  }
  clock.advance({ seconds: 100 });
  for (const call of NO_USES) redis.command(...call.split(" "), "string");
  assert.equal(idle("string"), 100);
});

Deno.test("resp: reading a key with CLIENT NO-TOUCH is no use of it, except by TOUCH", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  await using client = await RespClient.open(redis.port);
  redis.seed(SEED);
  clock.advance({ seconds: 100 });
  await client.call("CLIENT", "NO-TOUCH", "ON");
  await client.call("GET", "string");
  assert.equal(redis.command("OBJECT", "IDLETIME", "string"), 100);
  await client.call("TOUCH", "string");
  assert.equal(redis.command("OBJECT", "IDLETIME", "string"), 0);
  clock.advance({ seconds: 100 });
  await client.call("CLIENT", "NO-TOUCH", "OFF");
  await client.call("GET", "string");
  assert.equal(redis.command("OBJECT", "IDLETIME", "string"), 0);
});

Deno.test("resp: RESTORE sets an idle time, which goes on by the clock", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  await using client = await RespClient.open(redis.port);
  await client.call("SET", "string", "v");
  const dumped = await client.call("DUMP", "string") as string;
  await client.call("RESTORE", "copy", 0, dumped, "IDLETIME", 1000);
  clock.advance({ hours: 400 * 24 });
  assert.equal(await client.call("OBJECT", "IDLETIME", "copy"), 1000 + 400 * 86_400);
  await client.call("GET", "copy");
  assert.equal(await client.call("OBJECT", "IDLETIME", "copy"), 0);
});
