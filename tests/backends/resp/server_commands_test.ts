// Commands of the server and of connections.

import assert from "node:assert/strict";
import { redisServer } from "../../../testing/redis_server.ts";
import { RespClient, type WireReply } from "../../support/resp_client.ts";
import { type RespFixture, withResp } from "../../support/resp_server.ts";

const OK = { status: "OK" };

/** Waits until a client of the server waits. */
async function blocked({ server, connect }: RespFixture): Promise<void> {
  const other = await connect();
  while (server.resp.service.blocked.size === 0) await other.call("PING");
  other.close();
}

Deno.test("resp: CLIENT shows and closes connections", () =>
  withResp({}, async ({ client, connect }) => {
    const id = await client.call("CLIENT", "ID") as number;
    assert.deepEqual(await client.call("CLIENT", "SETNAME", "one"), OK);
    assert.equal(await client.call("CLIENT", "GETNAME"), "one");
    assert.deepEqual(await client.call("CLIENT", "SETNAME", "a b"), {
      error: "ERR Client names cannot contain spaces, newlines or special characters.",
    });
    assert.deepEqual(await client.call("CLIENT", "SETINFO", "LIB-NAME", "test"), OK);
    const other = await connect();
    await other.call("SELECT", 3);
    const list = String(await client.call("CLIENT", "LIST"));
    assert.match(list, new RegExp(`^id=${id} addr=127.0.0.1:.* name=one .* lib-name=test `, "m"));
    assert.match(list, /^id=\d+ .* db=3 .* cmd=select /m);
    const address = /id=\d+ addr=(\S+) .* db=3/.exec(list)![1];
    assert.deepEqual(await client.call("CLIENT", "KILL", address), OK);
    await other.ended();
    assert.deepEqual(await client.call("CLIENT", "KILL", address), { error: "ERR No such client" });
    await connect().then((third) => third.call("PING"));
    assert.equal(await client.call("CLIENT", "KILL", "TYPE", "normal"), 1);
    assert.equal(await client.call("CLIENT", "KILL", "ID", id, "SKIPME", "no"), 1);
    await client.ended();
  }));

Deno.test("resp: CLIENT REPLY switches replies off, and skips one", () =>
  withResp({}, async ({ client }) => {
    const requests = [["CLIENT", "REPLY", "OFF"], ["SET", "a", "1"], ["CLIENT", "REPLY", "ON"]];
    const skipped = [["CLIENT", "REPLY", "SKIP"], ["SET", "b", "2"], ["GET", "b"]];
    for (const words of [...requests, ...skipped]) {
      await client.send(
        `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join("")}`,
      );
    }
    assert.deepEqual(await client.reply(), OK);
    assert.equal(await client.reply(), "2");
  }));

Deno.test("resp: CLIENT PAUSE lets commands wait by the server's clock, or until UNPAUSE", () =>
  withResp({}, async (fixture) => {
    const { client, clock, connect, server } = fixture;
    const other = await connect();
    await other.call("CLIENT", "PAUSE", 1000, "WRITE");
    assert.equal(await client.call("GET", "k"), null);
    const first = client.call("SET", "k", "v");
    while (server.resp.service.blocked.size === 0) await other.call("GET", "k");
    assert.equal(await other.call("GET", "k"), null);
    clock.advance(1000);
    assert.deepEqual(await first, OK);
    await other.call("CLIENT", "PAUSE", 1000);
    const second = client.call("GET", "k");
    while (server.resp.service.blocked.size === 0) await new Promise((go) => setTimeout(go, 0));
    await other.call("CLIENT", "UNPAUSE");
    assert.equal(await second, "v");
  }));

Deno.test("resp: CLIENT UNBLOCK ends the wait of another connection", () =>
  withResp({}, async (fixture) => {
    const { client, connect } = fixture;
    const waiting = await connect();
    const id = await waiting.call("CLIENT", "ID") as number;
    assert.equal(await client.call("CLIENT", "UNBLOCK", id), 0);
    for (
      const [how, expected] of [
        ["TIMEOUT", { null: "array" }],
        ["ERROR", { error: "UNBLOCKED client unblocked via CLIENT UNBLOCK" }],
      ] as const
    ) {
      const reply = waiting.call("BLPOP", "list", 0);
      await blocked(fixture);
      assert.equal(await client.call("CLIENT", "UNBLOCK", id, how), 1);
      assert.deepEqual(await reply, expected);
    }
  }));

Deno.test("resp: a connection that waits and is closed takes nothing", () =>
  withResp({}, async (fixture) => {
    const { client, connect, server } = fixture;
    const waiting = await connect();
    const reply = waiting.call("BLPOP", "list", 0).catch(() => undefined);
    await blocked(fixture);
    waiting.close();
    await reply;
    while (server.resp.service.blocked.size > 0) await client.call("PING");
    assert.equal(await client.call("RPUSH", "list", "x"), 1);
    assert.equal(await client.call("LLEN", "list"), 1);
  }));

Deno.test("resp: requests behind one that waits are executed after it", () =>
  withResp({}, async (fixture) => {
    const { client, connect } = fixture;
    await client.send("*3\r\n$5\r\nBLPOP\r\n$1\r\nl\r\n$1\r\n0\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n");
    await blocked(fixture);
    await (await connect()).call("RPUSH", "l", "v");
    assert.deepEqual(await client.reply(), ["l", "v"]);
    assert.equal(await client.reply(), "x");
  }));

Deno.test("resp: CONFIG reads and sets parameters, all or none", () =>
  withResp({}, async ({ client }) => {
    assert.deepEqual(await client.call("CONFIG", "GET", "maxmemory-p*"), [
      "maxmemory-policy",
      "noeviction",
    ]);
    assert.deepEqual(await client.call("CONFIG", "SET", "maxmemory", "1mb", "hz", "20"), OK);
    assert.deepEqual(await client.call("CONFIG", "GET", "maxmemory", "hz"), [
      "maxmemory",
      "1048576",
      "hz",
      "20",
    ]);
    assert.deepEqual(await client.call("CONFIG", "SET", "hz", "30", "foo", "1"), {
      error: "ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
    });
    assert.deepEqual(await client.call("CONFIG", "GET", "hz"), ["hz", "20"]);
    assert.match(
      JSON.stringify(await client.call("CONFIG", "SET", "hz", "x")),
      /CONFIG SET failed/,
    );
  }));

Deno.test("resp: INFO counts calls, errors and what is unknown", () =>
  withResp({}, async ({ server, client }) => {
    await client.call("SET", "k", "v");
    await client.call("LPUSH", "k", "x");
    await client.call("NOSUCH", "x");
    await client.call("CONFIG", "NOSUCH");
    const info = String(await client.call("INFO", "all"));
    assert.match(info, /^db0:keys=1,expires=0/m);
    assert.match(info, /^cmdstat_lpush:calls=1,.*failed_calls=1/m);
    assert.match(info, /^errorstat_WRONGTYPE:count=1/m);
    assert.match(info, /^unknown_commands:2/m);
    assert.match(info, /^maxmemory_policy:noeviction/m);
    const { commands } = server.getStats();
    assert.equal(commands["redis set"], 1);
    assert.equal(commands["redis nosuch (unknown)"], 1);
    // Other servers of the store show them, such as the dashboard.
    const [shown] = [...server.store.connectionStats].map((source) => source.snapshot().commands);
    assert.deepEqual(shown, commands);
    assert.deepEqual(server.getStats().unknownRedisCommands, { nosuch: 1, "config|nosuch": 1 });
    await client.call("CONFIG", "RESETSTAT");
    assert.match(String(await client.call("INFO", "stats")), /^unknown_commands:0/m);
  }));

Deno.test("resp: users, modules and clusters are what there is", () =>
  withResp({ redis: { users: { anna: "one", default: "two" } } }, async ({ client }) => {
    assert.deepEqual(await client.call("AUTH", "anna", "one"), OK);
    assert.equal(await client.call("ACL", "WHOAMI"), "anna");
    assert.deepEqual(await client.call("ACL", "USERS"), ["default", "anna"]);
    assert.match(
      JSON.stringify(await client.call("ACL", "LIST")),
      /user anna on #hidden ~\* &\* \+@all/,
    );
    assert.deepEqual(await client.call("MODULE", "LIST"), []);
    const error = "ERR This instance has cluster support disabled";
    assert.deepEqual(await client.call("CLUSTER", "INFO"), { error });
    assert.deepEqual(await client.call("READONLY"), { error });
  }));

Deno.test("resp: SLOWLOG keeps commands that took long", () =>
  withResp({}, async ({ client }) => {
    assert.equal(await client.call("SLOWLOG", "LEN"), 0);
    await client.call("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "2");
    for (const key of ["a", "b", "x".repeat(200)]) await client.call("SET", key, "v");
    const calls = await client.call("SLOWLOG", "GET") as WireReply[][];
    assert.equal(calls.length, 2);
    const [, , , words] = calls[0];
    assert.deepEqual((words as string[])[1], `${"x".repeat(128)}... (72 more bytes)`);
    await client.call("SLOWLOG", "RESET");
    assert.ok(await client.call("SLOWLOG", "LEN") as number <= 1);
  }));

Deno.test("resp: a version lacks the commands that came later", () =>
  withResp({ redis: { version: "6.2.0" } }, async ({ client }) => {
    assert.match(
      JSON.stringify(await client.call("EXPIRETIME", "k")),
      /unknown command 'EXPIRETIME'/,
    );
    assert.match(
      JSON.stringify(await client.call("CLIENT", "NO-EVICT", "on")),
      /unknown subcommand/,
    );
    assert.deepEqual(await client.call("COMMAND", "INFO", "expiretime"), [null]);
    assert.match(String(await client.call("INFO")), /redis_version:6\.2\.0/);
  }));

Deno.test("resp: the time is that of the clock", () =>
  withResp({}, async ({ client, clock }) => {
    const [seconds] = await client.call("TIME") as string[];
    assert.equal(Number(seconds), Math.floor(clock.now() / 1000));
    clock.advance({ hours: 1 });
    assert.equal(Number((await client.call("TIME") as string[])[0]), Number(seconds) + 3600);
    await client.call("SET", "k", "v");
    clock.advance({ seconds: 7 });
    assert.equal(await client.call("OBJECT", "IDLETIME", "k"), 7);
  }));

Deno.test("resp: a watched key that another protocol changes, or that expires, ends the transaction", () =>
  withResp({}, async ({ server, client, clock }) => {
    const attempt = async (change: () => void) => {
      await client.call("WATCH", "k");
      change();
      await client.call("MULTI");
      assert.deepEqual(await client.call("SET", "k", "mine"), { status: "QUEUED" });
      return await client.call("EXEC");
    };
    assert.deepEqual(await attempt(() => {}), [OK]);
    assert.deepEqual(await attempt(() => server.store.strings.set("k", "other")), {
      null: "array",
    });
    await client.call("PEXPIRE", "k", 10);
    assert.deepEqual(await attempt(() => clock.advance(10)), { null: "array" });
    assert.equal(await client.call("GET", "k"), null);
    assert.deepEqual(await attempt(() => server.store.strings.set("l", "other")), [OK]);
  }));

Deno.test("resp: what another protocol stores lets a call go on that waits", () =>
  withResp({}, async (fixture) => {
    const { server, client } = fixture;
    await client.call("RPUSH", "list", "x");
    await client.call("LPOP", "list");
    const reply = client.call("BLPOP", "list", 0);
    await blocked(fixture);
    server.store.strings.set("list", "a string does not");
    server.store.deleteKey("list");
    server.resp.local.call(["RPUSH", "list", "y"]);
    assert.deepEqual(await reply, ["list", "y"]);
  }));

Deno.test("resp: what DUMP writes redis-server restores, and the other way round", async () => {
  await using real = await redisServer();
  await using theirs = await RespClient.open(real.port);
  await withResp({}, async ({ client: ours }) => {
    const fill = [
      ["SET", "text", "hello \xff\x00"],
      ["SET", "number", "12345"],
      ["SET", "long", "abc".repeat(500)],
      ["HSET", "hash", "a", "1", "b", "x".repeat(100), "c", "70000"],
      ["SADD", "numbers", "1", "2", "-70000", "9007199254740993"],
      ["SADD", "texts", "a", "b", "\xff"],
      ["RPUSH", "list", "a", "1", "x".repeat(300)],
      ["ZADD", "zset", "1.5", "a", "-inf", "b", "3", "c"],
    ];
    for (const words of fill) {
      const key = words[1];
      for (const [from, to] of [[ours, theirs], [theirs, ours]] as const) {
        await from.call("FLUSHALL");
        await to.call("FLUSHALL");
        await from.call(...words);
        const dumped = await from.call("DUMP", key) as string;
        assert.deepEqual(await to.call("RESTORE", key, 0, dumped), OK, `${key} ${from === ours}`);
        const read = {
          text: ["GET"],
          number: ["GET"],
          long: ["GET"],
          hash: ["HMGET"],
          numbers: ["SORT"],
          texts: ["SORT"],
          list: ["LRANGE"],
          zset: ["ZRANGE"],
        }[key]!;
        const more = {
          hash: ["a", "b", "c"],
          texts: ["ALPHA"],
          list: ["0", "-1"],
          zset: ["0", "-1", "WITHSCORES"],
        }[key] ?? [];
        assert.deepEqual(
          await to.call(...read, key, ...more),
          await from.call(...read, key, ...more),
        );
      }
    }
    const broken = await ours.call("DUMP", "zset");
    assert.match(
      JSON.stringify(await ours.call("RESTORE", "k", 0, `${broken}x`)),
      /checksum are wrong/,
    );
  });
});
