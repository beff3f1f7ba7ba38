// Words of requests that a client has chosen to share a bucket in the engine's tables.

import assert from "node:assert/strict";
import { collidingTexts, timeRatio } from "../../support/collisions.ts";
import { respEngine } from "../../support/resp_engine.ts";

const COUNT = 8000;
const CHOSEN = collidingTexts(COUNT);
const OTHERS = CHOSEN.map((_, i) => `name ${i}`.padEnd(10));

const withValues = (texts: string[]) => texts.flatMap((text) => [text, "1"]);

/** Requests with many words, each as a client sends it. */
const REQUESTS: Record<string, (texts: string[]) => string[][]> = {
  "SCRIPT EXISTS": (texts) => [["SCRIPT", "EXISTS", ...texts]],
  "COMMAND INFO": (texts) => [["COMMAND", "INFO", ...texts]],
  "COMMAND DOCS": (texts) => [["COMMAND", "DOCS", ...texts]],
  "commands": (texts) => texts.map((text) => [text]),
  "subcommands": (texts) => texts.map((text) => ["CLIENT", text]),
  "options": (texts) => texts.map((text) => ["SET", "k", "v", text]),
  "operators": (texts) => texts.map((text) => ["BITOP", text, "d", "k"]),
  "users": (texts) => texts.map((text) => ["ACL", "GETUSER", text]),
  "EVALSHA": (texts) => texts.map((text) => ["EVALSHA", text, "0"]),
  "CONFIG GET": (texts) => [["CONFIG", "GET", ...texts]],
  "CONFIG SET": (texts) => texts.map((text) => ["CONFIG", "SET", text, "1"]),
  "PUBSUB NUMSUB": (texts) => [["PUBSUB", "NUMSUB", ...texts]],
  "SUBSCRIBE": (texts) => [["SUBSCRIBE", ...texts], ["UNSUBSCRIBE", ...texts]],
  "WATCH": (texts) => [["WATCH", ...texts], ["UNWATCH"]],
  "MSET": (texts) => [["MSET", ...withValues(texts)], ["MGET", ...texts], ["DEL", ...texts]],
  "HSET": (texts) => [["HSET", "h", ...withValues(texts)], ["HDEL", "h", ...texts]],
  "SADD": (texts) => [["SADD", "s", ...texts], ["SMISMEMBER", "s", ...texts]],
  "ZADD": (texts) => [["ZADD", "z", ...texts.flatMap((text) => ["1", text])]],
  "SUNION": (texts) => [["SUNION", ...texts], ["PFCOUNT", ...texts]],
  "groups": (texts) => [
    ["XADD", "x", "*", "f", "v"],
    ...texts.map((text) => ["XGROUP", "CREATE", "x", text, "0"]),
  ],
  "consumers": (texts) => [
    ["XGROUP", "CREATE", "y", "g", "0", "MKSTREAM"],
    ...texts.map((text) => ["XGROUP", "CREATECONSUMER", "y", "g", text]),
  ],
  "BLPOP": (texts) => [["BLPOP", ...texts, "1"]],
};

for (const [name, requests] of Object.entries(REQUESTS)) {
  Deno.test(`resp: words that are chosen to collide take no longer than others: ${name}`, () => {
    const ratio = timeRatio(
      (texts: string[]) => {
        const engine = respEngine();
        // As from the network: the engine has not seen these strings yet.
        const fresh = texts.map((text) => ` ${text}`.slice(1));
        for (const words of requests(fresh)) engine.callAll(words);
      },
      CHOSEN,
      OTHERS,
    );
    assert.ok(ratio < 12, `${ratio} times as long`);
  });
}

Deno.test("resp: BITOP takes time that is linear in what it reads, and any number of keys", () => {
  const engine = respEngine();
  engine.call("SET", "k", "x".repeat(1_000_000));
  assert.equal(
    engine.callAll(["BITOP", "OR", "d", ...Array(200_000).fill("none"), "k"]),
    1_000_000,
  );
  const ratio = timeRatio(
    (count: number) => void engine.callAll(["BITOP", "XOR", "d", ...Array(count).fill("k")]),
    40,
    4,
  );
  assert.ok(ratio < 45, `${ratio} times as long for ten times as many`);
});
