// Hashes of byte strings.

import assert from "node:assert/strict";
import { textHash } from "../../../lib/base/text_hash.ts";

Deno.test("texts that differ in one character, in their order or in their length differ", () => {
  const texts = [
    ...["", "\0", "\0\0", "a", "a\0", "\0a", "ab", "ba", "\xff", "\xff\xff"],
    ...Array.from({ length: 2000 }, (_, i) => `key:${String(i).padStart(12, "0")}`),
    ...Array.from({ length: 2000 }, (_, i) => String(i)),
    ..."xyz".split("").map((end) => "a".repeat(8192) + end),
    ..."xyz".split("").map((end) => "a".repeat(8191) + end),
  ];
  const hashes = new Set(texts.map(textHash));
  // Of some millions of hashes, four thousand texts share a few at most.
  assert.ok(hashes.size >= texts.length - 20, `${texts.length - hashes.size} are shared`);
  for (const hash of hashes) assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 24);
});

Deno.test("a text has one hash, however it was made", () => {
  const joined = ["key:", "1234", "567890"].join("");
  assert.equal(textHash(joined), textHash(`xkey:1234567890`.slice(1)));
});
