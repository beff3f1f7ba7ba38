// Functions of Lua that take as long as a script wants: the limits of time hold within one call of them. Patterns
// have the results of redis-server.

import assert from "node:assert/strict";
import fc from "fast-check";
import { withServers } from "../../../stress/redis/servers.ts";
import { until } from "../../../support/deadline.ts";
import { requestBytes, type WireReply } from "../../../support/resp_client.ts";
import { withResp } from "../../../support/resp_server.ts";
import { withSeed } from "../../../support/seed.ts";

const TEXT = "local text = ('a'):rep(3e4) ";
const PATTERN = "'.-.-.-.-.-b'";
/** Scripts that would take years. */
const ENDLESS: Readonly<Record<string, string>> = {
  "string.find": `${TEXT} return string.find(text, ${PATTERN})`,
  "string.match": `${TEXT} return text:match('(.-)(.-)(.-)(.-)b')`,
  "string.gsub": `${TEXT} return text:gsub(${PATTERN}, 'x')`,
  "string.gmatch": `${TEXT} for part in text:gmatch(${PATTERN}) do return part end`,
  "balanced brackets": "return ('('):rep(1e6):find('%b()x')",
  "many anchors": `${TEXT} return text:find('^' .. ('a*'):rep(50) .. 'b')`,
  "a protected call": `${TEXT} while true do pcall(string.find, text, ${PATTERN}) end`,
  "a coroutine": `${TEXT} return coroutine.wrap(function() return text:find(${PATTERN}) end)()`,
  "texts with one hash": "local t = {} for i = 1, 1e6 do t[i] = ('y'):rep(1000) .. i end return #t",
};

const errorOf = (reply: WireReply) => (reply as { error: string }).error;

for (const [name, script] of Object.entries(ENDLESS)) {
  Deno.test(`others are told of a call that does not end, and end it: ${name}`, () =>
    withResp({}, async ({ client, connect }) => {
      const other = await connect();
      await client.call("CONFIG", "SET", "lua-time-limit", "20");
      const ended = client.call("EVAL", script, 0);
      await until(async () => /^BUSY/.test(errorOf(await other.call("PING"))), "a busy server");
      assert.deepEqual(await other.call("SCRIPT", "KILL"), { status: "OK" });
      assert.match(errorOf(await ended), /Script killed by user/);
      assert.equal(await other.call("EVAL", "return ('aab'):find('a-b')", 0), 1);
    }));
}

Deno.test("a call that does not end is ended after the time of its script, also in a transaction", () =>
  withResp({ redis: { scriptTimeoutMs: 200 } }, async ({ client }) => {
    const endless = ENDLESS["a protected call"];
    assert.match(errorOf(await client.call("EVAL", endless, 0)), /Script killed by user/);
    const replies = await client.pipeline([
      ["MULTI"],
      ["EVAL", `redis.call('SET', KEYS[1], 'v') ${endless}`, "1", "k"],
      ["EVAL", "return redis.call('GET', KEYS[1])", "1", "k"],
      ["EXEC"],
    ]);
    const [ended, next] = replies[3] as WireReply[];
    assert.match(errorOf(ended), /Script killed by user/);
    assert.equal(next, "v");
  }));

Deno.test("a call that does not end is ended with its client", () =>
  withResp({}, async ({ client, connect }) => {
    const other = await connect();
    await client.call("CONFIG", "SET", "lua-time-limit", "20");
    await client.send(requestBytes(["EVAL", ENDLESS["string.find"], "0"]));
    await until(async () => /^BUSY/.test(errorOf(await other.call("PING"))), "a busy server");
    client.close();
    await until(async () => errorOf(await other.call("PING")) === undefined, "a free server");
  }));

const pattern = fc.array(
  fc.constantFrom(
    ...["a", "b", ".", "%a", "%d", "%s", "%w", "%p", "%x", "%z", "%%", "[ab]", "[^a]", "[a-c1-3]"],
    ...[
      "*",
      "+",
      "-",
      "?",
      "^",
      "$",
      "(",
      ")",
      "()",
      "%1",
      "%2",
      "%b()",
      "%f[%w]",
      "[]]",
      "[",
      "%",
    ],
  ),
  { maxLength: 7 },
).map((parts) => parts.join(""));
const subject = fc.array(fc.constantFrom("a", "b", "c", "1", " ", "(", ")", "%", "\0", "\xff"), {
  maxLength: 12,
}).map((parts) => parts.join(""));
const replacement = fc.array(fc.constantFrom("x", "%0", "%1", "%%", "%"), { maxLength: 3 })
  .map((parts) => parts.join(""));

/** Everything that takes a pattern. */
const ALL = `
  local text, pattern, replacement, from = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
  local results = {}
  local function add(...)
    for i = 1, select('#', ...) do results[#results + 1] = tostring((select(i, ...))) end
  end
  add(pcall(string.find, text, pattern, from))
  add(pcall(string.find, text, pattern, from, true))
  add(pcall(string.match, text, pattern, from))
  add(pcall(string.gsub, text, pattern, replacement))
  add(pcall(string.gsub, text, pattern, replacement, from))
  add(pcall(string.gsub, text, pattern, { a = 'table', [1] = 2 }))
  add(pcall(string.gsub, text, pattern, function(...) return (...) and select('#', ...) end))
  add(pcall(function() for first, second in text:gmatch(pattern) do add(first, second) end end))
  return results`;

Deno.test("patterns have the results of redis-server", () =>
  withSeed((seed) =>
    withServers(async ({ ours, theirs }) => {
      const property = fc.asyncProperty(
        subject,
        pattern,
        replacement,
        fc.integer({ min: -4, max: 4 }),
        async (...given) => {
          const words = ["EVAL", ALL, "0", ...given.map(String)];
          const [actual, expected] = [await ours.call(...words), await theirs.call(...words)];
          assert.deepEqual(actual, expected);
        },
      );
      await fc.assert(property, { seed, numRuns: 1000 });
    })
  ));
