// Scripts that are damaged at random get an error, and the next ones run.

import assert from "node:assert/strict";
import fc from "fast-check";
import { withResp } from "../../../support/resp_server.ts";
import { withSeed } from "../../../support/seed.ts";
import { CASES } from "./cases.ts";

const RUNS = 1500;
const SCRIPTS = Object.values(CASES).flat();
const PIECES = [
  ...[
    "(",
    ")",
    "{",
    "}",
    "end",
    "function",
    "local",
    "return",
    "while true do",
    "..",
    "=",
    "#",
    "'",
  ],
  ...["[[", "]]", "--", "nil", "1e9", "('x'):rep(1e5)", "setmetatable", "getmetatable", "_G", "\0"],
  ...["pcall", "error", "coroutine.wrap", "coroutine.yield()", "unpack", "collectgarbage", "\xff"],
  ...["redis.call", "cjson.decode", "load", "loadstring", "next", "table.sort", "KEYS", "ARGV"],
];

/** Some changes to a script: a piece put in, some characters taken out, or the rest of another script. */
const damaged = fc.tuple(
  fc.constantFrom(...SCRIPTS),
  fc.array(
    fc.tuple(fc.nat(100), fc.nat(5), fc.constantFrom(...PIECES, ...SCRIPTS, "")),
    { minLength: 1, maxLength: 4 },
  ),
).map(([script, changes]) =>
  changes.reduce(
    (text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length),
    script,
  )
);

Deno.test("damaged scripts do no harm", () =>
  withSeed((seed) =>
    withResp({ redis: { scriptTimeoutMs: 50 } }, async ({ client }) => {
      const property = fc.asyncProperty(damaged, async (script) => {
        const reply = JSON.stringify(await client.call("EVAL", script, 2, "k1", "k2", "10", "x"));
        assert.doesNotMatch(reply, /interpreter of scripts|server failed/);
      });
      await fc.assert(property, { seed, numRuns: RUNS });
      const check = "return ('x'):upper() .. #KEYS .. tostring(10 / 2)";
      assert.equal(await client.call("EVAL", check, 1, "k"), "X15");
    })
  ));
