// Scripts that take long: other clients are told, and may end them. Also on a real server.

import assert from "node:assert/strict";
import { embeddedRedis, redisServer } from "../../../../testing/mod.ts";
import { until } from "../../../support/deadline.ts";
import { requestBytes, RespClient, type WireReply } from "../../../support/resp_client.ts";
import { withResp } from "../../../support/resp_server.ts";

const SERVERS = {
  "embedded redis": embeddedRedis,
  "redis-server": () => redisServer(),
};
const LIMIT = ["CONFIG", "SET", "lua-time-limit", "20"];
const BUSY =
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

const errorOf = (reply: WireReply) => (reply as { error: string }).error;

/** Waits until a client is told that the server is busy. */
const untilBusy = (client: RespClient) =>
  until(async () => errorOf(await client.call("PING")) === BUSY, "a busy server");

for (const [name, start] of Object.entries(SERVERS)) {
  Deno.test(`${name}: SCRIPT KILL ends a script that takes long`, async () => {
    await using redis = await start();
    await using client = await RespClient.open(redis.port);
    await using other = await RespClient.open(redis.port);
    await client.call(...LIMIT);
    await client.call("SET", "k", "v");
    for (const script of ["while true do end", "while true do pcall(redis.call, 'GET', 'k') end"]) {
      const ended = client.call("EVAL", script, 0);
      await untilBusy(other);
      assert.equal(errorOf(await other.call("GET", "k")), BUSY);
      assert.deepEqual(await other.call("MULTI"), { status: "OK" });
      assert.equal(errorOf(await other.call("GET", "k")), BUSY);
      assert.deepEqual(await other.call("DISCARD"), { status: "OK" });
      assert.deepEqual(await other.call("SCRIPT", "KILL"), { status: "OK" });
      assert.match(errorOf(await ended), /^ERR Error running script|Script killed by user/);
      assert.equal(await other.call("GET", "k"), "v");
      assert.match(errorOf(await other.call("SCRIPT", "KILL")), /^NOTBUSY /);
    }
  });

  Deno.test(`${name}: a script that takes long has its reply, and writes once`, async () => {
    await using redis = await start();
    await using client = await RespClient.open(redis.port);
    await using other = await RespClient.open(redis.port);
    await client.call(...LIMIT);
    const script = `
      local n = 0
      while n < 2e7 do n = n + 1 end
      redis.call('INCR', KEYS[1])
      for i = 1, 100 do redis.call('RPUSH', KEYS[2], ARGV[1]) end
      return { redis.call('GET', KEYS[1]), n, redis.call('LLEN', KEYS[2]) }`;
    const replies = client.pipeline([
      ["EVAL", script, "2", "count", "list", "x"],
      ["INCR", "count"],
    ]);
    await untilBusy(other);
    assert.deepEqual(await replies, [["1", 2e7, 100], 2]);
    assert.deepEqual(await other.call("PING"), { status: "PONG" });
  });
}

/** It takes long before it writes, and never ends. */
const ENDLESS = `
  local n = 0
  while n < 3e6 do n = n + 1 end
  redis.call('INCR', KEYS[1])
  while true do end`;

Deno.test("a script that has written is not killed", () =>
  withResp({}, async ({ server, client, connect }) => {
    const other = await connect();
    await client.call("CONFIG", "SET", "lua-time-limit", 1);
    await client.send(requestBytes(["EVAL", ENDLESS, "1", "count"]));
    await untilBusy(other);
    await until(() => server.resp.local.call(["GET", "count"]) === "1", "what it writes");
    assert.match(errorOf(await other.call("SCRIPT", "KILL")), /^UNKILLABLE Sorry/);
    client.close();
    await until(async () => errorOf(await other.call("PING")) === undefined, "a free server");
    assert.equal(await other.call("GET", "count"), "1");
  }));

Deno.test("a script of a client that is gone is ended", () =>
  withResp({}, async ({ client, connect }) => {
    const other = await connect();
    await client.call(...LIMIT);
    await client.send(requestBytes(["EVAL", "while true do end", "0"]));
    await untilBusy(other);
    client.close();
    await until(async () => errorOf(await other.call("PING")) === undefined, "a free server");
  }));

Deno.test("a server that stops ends its script", () =>
  withResp({}, async ({ server, client, connect }) => {
    const other = await connect();
    await client.call(...LIMIT);
    await client.send(requestBytes(["EVAL", "while true do end", "0"]));
    await untilBusy(other);
    await server.stop();
  }));

Deno.test("a script in a transaction is not interrupted, and ends after its time", () =>
  withResp({ redis: { scriptTimeoutMs: 2000 } }, async ({ client }) => {
    await client.call(...LIMIT);
    const replies = await client.pipeline([
      ["MULTI"],
      ["EVAL", "local n = 0 while n < 2e6 do n = n + 1 end return n", "0"],
      ["EVAL", "while true do end", "0"],
      ["EXEC"],
    ]);
    const [slow, endless] = replies[3] as WireReply[];
    assert.equal(slow, 2e6);
    assert.match(errorOf(endless), /Script killed by user/);
  }));
