// Maps and sets of texts that others choose.

import assert from "node:assert/strict";
import fc from "fast-check";
import { mapKey, TextMap, TextSet } from "../../../lib/base/text_map.ts";
import { assertProperty } from "../../support/property.ts";
import { collidingTexts, timeRatio } from "../../support/collisions.ts";

const marks = Array.from({ length: 0x20 }, (_, i) => String.fromCharCode(0x80 + i));
const texts = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    "",
    "0",
    "007",
    "4294967295",
    "__proto__",
    ...marks,
    ...marks.map((m) => `${m}1`),
  ),
  fc.string({ unit: "binary" }),
);

Deno.test("a map of texts behaves as a map, whatever its texts are", () => {
  assertProperty(
    fc.property(fc.array(fc.tuple(texts, fc.boolean(), fc.nat())), (calls) => {
      const map = new TextMap<number>();
      const set = new TextSet();
      const model = new Map<string, number>();
      for (const [text, isAdded, value] of calls) {
        assert.equal(map.has(text), model.has(text));
        assert.equal(set.has(text), model.has(text));
        if (isAdded) {
          map.set(text, value);
          set.add(text);
          model.set(text, value);
        } else {
          const wasThere = model.delete(text);
          assert.equal(map.delete(text), wasThere);
          assert.equal(set.delete(text), wasThere);
        }
      }
      assert.deepEqual([...map], [...model]);
      assert.deepEqual([...set], [...model.keys()]);
      assert.equal(map.size, model.size);
      assert.equal(set.size, model.size);
    }),
  );
});

Deno.test("long texts have keys of their own", () => {
  const long = "x".repeat(20_000);
  const keys = [long, `${long}x`, `${long}y`, `${long}\ud800`, `${long}\ufffd`].map(mapKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(mapKey(long), mapKey("x".repeat(20_000)));
});

Deno.test("texts chosen to share a bucket take no longer than others", () => {
  const chosen = collidingTexts(30_000);
  const others = chosen.map((_, i) => `text ${i}`);
  const fill = (given: string[]) => {
    const map = new TextMap<number>();
    const set = new TextSet();
    for (const text of given) {
      map.set(text, 1);
      set.add(text);
    }
  };
  const ratio = timeRatio(fill, chosen, others);
  assert.ok(ratio < 20, `${ratio} times as long`);
  const long = Array.from({ length: 300 }, (_, i) => `${"x".repeat(17_000)}${i % 10}${i}`);
  const longRatio = timeRatio(
    (given) => void new Set(given.map(mapKey)),
    long.map((text) => text.padEnd(17_010)),
    long.map((text, i) => text.padEnd(17_010 + i)),
  );
  assert.ok(longRatio < 20, `${longRatio} times as long`);
});
