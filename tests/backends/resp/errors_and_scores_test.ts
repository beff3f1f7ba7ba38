// Errors of odd arguments, and scores as texts, beside those of redis-server.

import assert from "node:assert/strict";
import { doubleText } from "../../../backends/resp/protocol/reply.ts";
import { withServers } from "../../stress/redis/servers.ts";
import { respEngine } from "../../support/resp_engine.ts";

const CALLS = [
  ...["1e30", "inf", "9223372036854776", "-1", "x"].flatMap((timeout) => [
    `BLPOP list ${timeout}`,
    `BLMOVE list other LEFT LEFT ${timeout}`,
    `BRPOPLPUSH list other ${timeout}`,
    `BZPOPMIN zset ${timeout}`,
    `BLMPOP ${timeout} 1 list LEFT`,
    `BZMPOP ${timeout} 1 zset MIN`,
  ]),
  "XADD stream 5-18446744073709551615 f v",
  "XADD stream 5-* f v",
  "XADD stream 4-* f v",
  "XADD stream 6-* f v",
  "XADD last 18446744073709551615-18446744073709551615 f v",
  "XADD last 18446744073709551615-* f v",
];
const SCORES = ["1e17", "-1e17", "1e16", "123456789012345678", "123456789012345678901", "1e21"];
const FRACTIONS = ["0.1", "1e-5", "1.5e300", "3.3", "12345678.12345678", "-0"];

Deno.test("resp: odd arguments get the errors of redis-server", () =>
  withServers(async ({ ours, theirs }) => {
    for (const call of CALLS) {
      const words = call.split(" ");
      assert.deepEqual([call, await ours.call(...words)], [call, await theirs.call(...words)]);
    }
  }));

Deno.test("resp: a scan has the scores that redis-server writes, in both forms of the set", () =>
  withServers(async ({ ours, theirs }) => {
    for (const [i, score] of [...SCORES, ...FRACTIONS].entries()) {
      for (const server of [ours, theirs]) {
        await server.call("ZADD", `packed${i}`, score, "m");
        await server.call("ZADD", `large${i}`, score, "m", 1, "x".repeat(65));
      }
      for (const words of [["ZSCAN", `packed${i}`, 0], ["ZSCAN", `large${i}`, 0, "MATCH", "m"]]) {
        const shown = [score, ...words];
        assert.deepEqual([shown, await ours.call(...words)], [shown, await theirs.call(...words)]);
      }
    }
  }));

Deno.test("resp: since version 7.2 of Redis a score has the fewest digits that stand for it", () => {
  const texts: Record<string, string> = {
    "1e17": "100000000000000000",
    "4611686018427387904": "4611686018427387904",
    "1e19": "1e+19",
    "123456789012345680000": "123456789012345680000",
    "0.1": "0.1",
    "0.000001": "0.000001",
    "1e-7": "1e-7",
    "-1234.5": "-1234.5",
    "0.00123": "0.00123",
    "12345678.12345678": "1.234567812345678e+7",
    "-inf": "-inf",
  };
  const { call } = respEngine();
  for (const [score, text] of Object.entries(texts)) {
    if (score !== "-inf") assert.equal(doubleText(Number(score)), text);
    call("ZADD", `set${score}`, score, "m");
    assert.deepEqual(call("ZSCAN", `set${score}`, 0), ["0", ["m", text]]);
  }
});
