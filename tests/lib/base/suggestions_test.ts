// Suggestions for mistyped names of options.

import assert from "node:assert/strict";
import { suggestOption } from "../../../lib/base/suggestions.ts";

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
