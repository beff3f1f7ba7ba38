import assert from "node:assert/strict";
import fc from "fast-check";
import { closestWord, editDistance } from "../../../lib/base/edit_distance.ts";
import { assertProperty } from "../../support/property.ts";

Deno.test("the distance of two words is the number of letters to change", () => {
  const distances = [["", "", 0], ["", "abc", 3], ["abc", "", 3], [
    "timeoutMs",
    "timeoutms",
    1,
  ]] as const;
  for (const [from, to, distance] of distances) assert.equal(editDistance(from, to), distance);
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("capacity", "capcaity"), 2);
});

Deno.test("distances are symmetric, and never longer than a way through a third word", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  assertProperty(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
      assert.ok(editDistance(a, b) >= Math.abs(a.length - b.length));
    }),
  );
});

Deno.test("the closest word is the first of those with the smallest distance", () => {
  assert.equal(closestWord("pup", ["sub", "pub", "pop"], 2), "pub");
  assert.equal(closestWord("pub", ["sub", "pub"], 1), "pub");
  assert.equal(closestWord("publish", ["sub"], 2), undefined);
  assert.equal(closestWord("x", [], 2), undefined);
});
