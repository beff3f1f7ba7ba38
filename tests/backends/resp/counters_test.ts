// Numbers that were counted up or down are stored as numbers, which no client can tell.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFloat64, smallInteger } from "../../../backends/resp/commands/numbers.ts";
import { assertProperty } from "../../support/property.ts";
import { type Engine, respEngine } from "../../support/resp_engine.ts";

/** Each begins with the counter in the key `k`. */
const CALLS: readonly string[][] = [
  ["GET", "k"],
  ["MGET", "k"],
  ["GETDEL", "k"],
  ["GETSET", "k", "x"],
  ["GETEX", "k", "EX", "5"],
  ["SET", "k", "x", "GET"],
  ["STRLEN", "k"],
  ["GETRANGE", "k", "0", "-2"],
  ["GETRANGE", "k", "1", "1"],
  ["APPEND", "k", "7"],
  ["SETRANGE", "k", "1", "x"],
  ["INCRBY", "k", "-3"],
  ["DECRBY", "k", "9223372036854775807"],
  ["INCRBYFLOAT", "k", "0.5"],
  ["GETBIT", "k", "3"],
  ["SETBIT", "k", "3", "1"],
  ["BITCOUNT", "k"],
  ["BITPOS", "k", "1"],
  ["BITFIELD", "k", "INCRBY", "u8", "0", "1"],
  ["BITOP", "NOT", "d", "k"],
  ["LCS", "k", "k"],
  ["PFADD", "k", "x"],
  ["TYPE", "k"],
  ["DUMP", "k"],
  ["OBJECT", "ENCODING", "k"],
  ["MEMORY", "USAGE", "k"],
  ["COPY", "k", "d"],
  ["RENAME", "k", "d"],
  ["MOVE", "k", "1"],
  ["SORT", "l", "BY", "*", "GET", "*"],
  ["HSET", "k", "f", "v"],
];
const NUMBERS = ["0", "1", "9", "10", "100", "-1", "-10", "999999", "9007199254740991"];

/** The reply to a call and what is stored after it, as clients of all protocols see it. */
function after(engine: Engine, call: readonly string[]): unknown[] {
  engine.call("RPUSH", "l", "k");
  const result = engine.callAll(call);
  // Both are the same on the wire.
  const reply = typeof result === "number" ? BigInt(result) : result;
  const stored = ["k", "d"].map((key) => [engine.call("GET", key), engine.call("PTTL", key)]);
  const kind = engine.call("TYPE", "k");
  const text = kind instanceof Object && "text" in kind && kind.text === "string"
    ? engine.store.strings.get("k")
    : undefined;
  return [reply, stored, text, engine.store.usedBytes];
}

for (const number of NUMBERS) {
  Deno.test(`resp: ${number} is the same whether it was set or counted`, () => {
    for (const call of CALLS) {
      const [set, counted] = [respEngine(), respEngine()];
      set.call("SET", "k", number);
      counted.call("INCRBY", "k", number);
      assert.deepEqual(after(counted, call), after(set, call), call.join(" "));
    }
  });
}

Deno.test("resp: numbers are read by their digits as by the rules of Redis", () => {
  const texts = fc.stringMatching(/^[+-]?0{0,3}\d{0,17}(\.\d{0,3})?(e\d)?$/);
  assertProperty(fc.property(texts, (text) => {
    const isSmall = text.length <= 15 && /^(?:0|-?[1-9]\d*)$/.test(text);
    assert.equal(smallInteger(text), isSmall ? Number(text) : undefined);
    const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e\d+)?$/.test(text);
    assert.equal(parseFloat64(text), isNumber ? Number(text) : undefined);
  }));
});
