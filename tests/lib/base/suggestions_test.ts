// Suggestions for mistyped names of options.

import assert from "node:assert/strict";
import { nearest, suggestOption } from "../../../lib/base/suggestions.ts";

Deno.test("a word that is not typed to its end means the one that begins so", () => {
  const names = ["pub", "sub", "push", "pull", "req", "rep", "replay", "stat", "top"];
  const cases = {
    pul: "pull",
    pus: "push",
    pu: "pub",
    repl: "replay",
    repla: "replay",
    sta: "stat",
  };
  for (const [given, meant] of Object.entries(cases)) assert.equal(nearest(given, names), meant);
  assert.equal(nearest("", names), undefined);
});

Deno.test("suggestions know other spellings, units, mistakes and parts", () => {
  const names = [
    "ttlSeconds",
    "timeoutMs",
    "capacityBytes",
    "serverUrl",
    "ack",
    "maxUnacked",
    "host",
  ];
  const cases = {
    ttl_seconds: "ttlSeconds",
    "ttl-seconds": "ttlSeconds",
    TTLSeconds: "ttlSeconds",
    ttl: "ttlSeconds",
    ttlMs: "ttlSeconds",
    timeout: "timeoutMs",
    timeout_seconds: "timeoutMs",
    timeoutSec: "timeoutMs",
    timeOut: "timeoutMs",
    capacity: "capacityBytes",
    url: "serverUrl",
    ackk: "ack",
    hostname: "host",
    maxUnaked: "maxUnacked",
  };
  for (const [given, meant] of Object.entries(cases)) {
    assert.equal(suggestOption(given, names), meant, given);
  }
  for (const given of ["colour", "callback", "x", ""]) {
    assert.equal(suggestOption(given, names), undefined);
  }
});
