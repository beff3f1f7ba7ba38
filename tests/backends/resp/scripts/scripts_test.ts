// Scripts besides their replies: limits, the cache, and what they cannot do.

import assert from "node:assert/strict";
import { sha1 } from "../../../../backends/resp/scripts/script_text.ts";
import { embeddedRedis } from "../../../../testing/embedded_redis.ts";
import type { RespClient, WireReply } from "../../../support/resp_client.ts";
import { RespClient as Client } from "../../../support/resp_client.ts";
import { withResp } from "../../../support/resp_server.ts";

const evaluate = (client: RespClient, script: string, ...keys: string[]) =>
  client.call("EVAL", script, keys.length, ...keys);

const errorOf = (reply: WireReply) => (reply as { error: string }).error;

Deno.test("a script is executed as a whole, and its first call may be in a transaction", () =>
  withResp({}, async ({ client }) => {
    const replies = await client.pipeline([
      ["MULTI"],
      ["SET", "k", "1"],
      ["EVAL", "return redis.call('INCR', KEYS[1])", "1", "k"],
      ["EXEC"],
      ["GET", "k"],
    ]);
    assert.deepEqual(replies.at(-2), [{ status: "OK" }, 2]);
    assert.equal(replies.at(-1), "2");
  }));

Deno.test("a script without a reply is executed once", () =>
  withResp({}, async ({ client }) => {
    assert.equal(await evaluate(client, "redis.call('INCR', KEYS[1])", "n"), null);
    assert.equal(await evaluate(client, "return redis.call('GETSET', KEYS[1], 'x')", "n"), "1");
  }));

Deno.test("requests after the first script keep their order", () =>
  withResp({}, async ({ client }) => {
    const replies = await client.pipeline([
      ["EVAL", "return redis.call('SET', 'k', 'script')", "0"],
      ["SET", "k", "after"],
      ["GET", "k"],
    ]);
    assert.equal(replies.at(-1), "after");
  }));

Deno.test("scripts leave nothing for those after them", () =>
  withResp({}, async ({ client }) => {
    const leave = [
      "rawset(getmetatable('').__index or {}, 'left', 1)",
      "table.insert(string, 'left')",
      "getmetatable('').__index = nil",
      "local t = getmetatable(_G) if t then t.__index = nil end",
      "KEYS[1] = 'changed' ARGV.x = 1",
      "table.sort(redis)",
    ];
    for (const script of leave) await evaluate(client, script, "k");
    assert.equal(await evaluate(client, "return string[1] or ('x').left or 'clean'"), "clean");
    assert.equal(await evaluate(client, "return ('x'):upper() .. #KEYS"), "X0");
  }));

Deno.test("a script reaches nothing of this process", () =>
  withResp({}, async ({ client }) => {
    for (const name of ["os", "io", "debug", "package", "require", "dofile", "loadfile", "print"]) {
      const reply = errorOf(await evaluate(client, `return ${name}`));
      assert.match(reply, new RegExp(`nonexistent global variable '${name}'`));
      const loaded = errorOf(await evaluate(client, `return loadstring('return ${name}')()`));
      assert.match(loaded, /nonexistent global variable/);
    }
  }));

Deno.test("the same numbers come in each run", () =>
  withResp({}, async ({ client }) => {
    const script = "return {math.random(1000), math.random(1000), math.random(1000)}";
    assert.deepEqual(await evaluate(client, script), await evaluate(client, script));
  }));

Deno.test("a script that takes too long is ended, whatever it catches", () =>
  withResp({ redis: { scriptTimeoutMs: 50 } }, async ({ client }) => {
    const endless = [
      "while true do end",
      "while true do pcall(function() while true do end end) end",
      "local function f() return f() end return f()",
      "coroutine.wrap(function() while true do end end)()",
      "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
      "while true do redis.pcall('PING') end",
      "setmetatable({}, {__index = function() while true do end end}).x = nil return ({} == 1) or (setmetatable({}, {__index = function() while true do end end}).x)",
    ];
    for (const script of endless) {
      assert.match(errorOf(await evaluate(client, script)), /Script killed|stack overflow/, script);
      assert.equal(await evaluate(client, "return 'next'"), "next");
    }
  }));

Deno.test("a script that needs too much gets an error, and the next ones run", () =>
  withResp({ redis: { scriptTimeoutMs: 300 } }, async ({ client }) => {
    const greedy = [
      "local t = {} for i = 1, 1e9 do t[i] = ('xxxxxxxxxx'):rep(1e6) .. i end",
      "local s = ('x'):rep(2^26) return s .. s",
      "local function f() return f() + 1 end return f()",
      "local t = {} t[1] = t return t",
      "local t = {} for i = 1, 200 do t = {t} end return #cjson.encode(t)",
      "return cjson.decode(('['):rep(1e6))",
      "return cmsgpack.unpack(('\\145'):rep(1e6))",
      "return string.rep('(', 1e5):find(string.rep('(', 1e5))",
      "return loadstring('return ' .. ('('):rep(1e5))",
    ];
    for (const script of greedy) {
      await evaluate(client, script);
      assert.equal(await evaluate(client, "return 'next'"), "next", script);
    }
  }));

Deno.test("a full store refuses what needs memory, by the flags of a script", () =>
  withResp({ maxBytes: 1000 }, async ({ client }) => {
    await client.call("SET", "full", "x".repeat(300));
    const set = "return redis.call('SET', KEYS[1], string.rep('x', 300))";
    for (const key of ["a", "b", "c"]) await evaluate(client, set, key);
    assert.match(errorOf(await evaluate(client, set, "d")), /^OOM command not allowed/);
    assert.match(
      errorOf(await evaluate(client, `#!lua\n${set}`, "d")),
      /^OOM allow-oom flag is not set on the script/,
    );
    assert.equal(await evaluate(client, `#!lua flags=allow-oom\nreturn 'runs'`), "runs");
  }));

Deno.test("EVAL_RO and EVALSHA_RO write nothing", () =>
  withResp({}, async ({ client }) => {
    const write = "return redis.call('SET', KEYS[1], 1)";
    const refused = /^ERR Write commands are not allowed from read-only scripts/;
    assert.match(errorOf(await client.call("EVAL_RO", write, 1, "k")), refused);
    const id = await client.call("SCRIPT", "LOAD", write) as string;
    assert.match(errorOf(await client.call("EVALSHA_RO", id, 1, "k")), refused);
    assert.equal(await client.call("EXISTS", "k"), 0);
    assert.deepEqual(await client.call("EVALSHA", id.toUpperCase(), 1, "k"), { status: "OK" });
  }));

Deno.test("the cache of scripts", () =>
  withResp({}, async ({ client }) => {
    const id = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    assert.deepEqual(await client.call("SCRIPT", "EXISTS", id), [0]);
    assert.match(errorOf(await client.call("EVALSHA", id, 0)), /^NOSCRIPT No matching script/);
    assert.equal(await client.call("SCRIPT", "LOAD", "return 1"), id);
    assert.equal(await client.call("EVALSHA", id, 0), 1);
    assert.deepEqual(await client.call("SCRIPT", "EXISTS", id, "x"), [1, 0]);
    assert.deepEqual(await client.call("SCRIPT", "FLUSH", "ASYNC"), { status: "OK" });
    assert.match(errorOf(await client.call("EVALSHA", id, 0)), /^NOSCRIPT/);
    assert.match(
      errorOf(await client.call("SCRIPT", "LOAD", "x x")),
      /^ERR Error compiling script/,
    );
    assert.match(errorOf(await client.call("SCRIPT", "KILL")), /^NOTBUSY/);
    assert.deepEqual(await client.call("FUNCTION", "FLUSH"), { status: "OK" });
    assert.deepEqual(await client.call("FUNCTION", "LIST"), []);
  }));

Deno.test("scripts of EVAL are forgotten after 500 others, those of SCRIPT LOAD are kept", () =>
  withResp({}, async ({ client }) => {
    const kept = await client.call("SCRIPT", "LOAD", "return 'kept'") as string;
    const texts = Array.from({ length: 600 }, (_, i) => `return ${i}`);
    await client.pipeline(texts.map((text) => ["EVAL", text, "0"]));
    assert.equal(await client.call("EVALSHA", kept, 0), "kept");
    const ids = [sha1("return 0"), sha1("return 599")];
    assert.deepEqual(await client.call("SCRIPT", "EXISTS", ...ids), [0, 1]);
    assert.equal(await evaluate(client, "return 0"), 0);
    assert.equal(await evaluate(client, "return 599"), 599);
  }));

Deno.test("a script selects a database for itself", () =>
  withResp({}, async ({ client }) => {
    await evaluate(client, "redis.call('SELECT', 2) redis.call('SET', 'k', 1)");
    assert.equal(await client.call("EXISTS", "k"), 0);
    await client.call("SELECT", 2);
    assert.equal(await client.call("EXISTS", "k"), 1);
  }));

Deno.test("what a script pushes wakes a call that waits", () =>
  withResp({}, async ({ client, connect }) => {
    const other = await connect();
    await other.call("PING");
    const popped = other.call("BLPOP", "list", 0);
    while (!/blocked_clients:1/.test(await client.call("INFO", "clients") as string));
    assert.equal(await evaluate(client, "return redis.call('RPUSH', KEYS[1], 'x')", "list"), 1);
    assert.deepEqual(await popped, ["list", "x"]);
  }));

Deno.test("the times of scripts are those of the clock", () =>
  withResp({}, async ({ client, clock }) => {
    const time = "return redis.call('TIME')[1]";
    const before = Number(await evaluate(client, time));
    clock.advance({ seconds: 60 });
    assert.equal(Number(await evaluate(client, time)) - before, 60);
  }));

Deno.test("an error of the first request closes nothing, and faults apply to it", async () => {
  await using redis = await embeddedRedis();
  await using client = await Client.open(redis.port);
  redis.faults.inject("NOSCRIPT", { command: "EVALSHA" });
  assert.match(errorOf(await client.call("EVALSHA", "x", 0)), /^NOSCRIPT/);
  assert.equal(await evaluate(client, "return 5"), 5);
});
