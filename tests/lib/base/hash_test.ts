// Hashes whose values stand in files and in keys: they must stay as they are.

import assert from "node:assert/strict";
import { fibonacciHash, fnv1a } from "../../../lib/base/hash.ts";

const encoder = new TextEncoder();

Deno.test("FNV-1a has its published values", () => {
  const hashes = ["", "a", "foobar"].map((text) => fnv1a(encoder.encode(text)));
  assert.deepEqual(hashes, [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

Deno.test("FNV-1a continues from the hash of the preceding bytes", () => {
  const first = fnv1a(encoder.encode("foo"));
  assert.equal(fnv1a(encoder.encode("bar"), first), fnv1a(encoder.encode("foobar")));
});

Deno.test("a Fibonacci hash has its bits, is never 0, and spreads neighbours", () => {
  assert.equal(fibonacciHash(0n, 8n), 1n);
  assert.equal(fibonacciHash(1n, 8n), 0x9en);
  assert.equal(fibonacciHash(1n, 20n), 0x9e377n);
  const hashes = Array.from({ length: 100 }, (_, i) => fibonacciHash(BigInt(i), 20n));
  assert.ok(hashes.every((hash) => hash > 0n && hash < 1n << 20n));
  assert.equal(new Set(hashes).size, 100);
});
