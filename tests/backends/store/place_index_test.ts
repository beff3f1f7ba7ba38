// The index of tables: places by hashes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PlaceIndex } from "../../../backends/store/place_index.ts";
import { HASH_BITS } from "../../../lib/base/text_hash.ts";
import { assertProperty } from "../../support/property.ts";

const LAST_HASH = 2 ** HASH_BITS - 1;
/** Few hashes, at both ends of the slots: many places share one, and runs of slots go on at the begin. */
const hashes = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: LAST_HASH - 3, max: LAST_HASH }),
  fc.integer({ min: 0, max: LAST_HASH }),
);
const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), hashes), { maxLength: 300 });

function placesOf(index: PlaceIndex, hash: number): number[] {
  const places: number[] = [];
  for (let slot = index.find(hash); slot !== -1; slot = index.findNext(slot)) {
    places.push(index.placeAt(slot));
  }
  return places.sort((a, b) => a - b);
}

function remove(index: PlaceIndex, hash: number, place: number): void {
  let slot = index.find(hash);
  while (index.placeAt(slot) !== place) slot = index.findNext(slot);
  index.remove(slot);
}

Deno.test("an index finds the places of each hash, and those of no other", () => {
  assertProperty(fc.property(steps, (list) => {
    let index = new PlaceIndex();
    let model: { readonly hash: number; readonly place: number }[] = [];
    for (const [kind, hash] of list) {
      const found = kind === 0 ? model.find((each) => each.hash === hash) : undefined;
      if (found !== undefined) {
        remove(index, hash, found.place);
        model = model.filter((each) => each !== found);
      } else {
        const place = (model.at(-1)?.place ?? -1) + 1;
        index.add(hash, place);
        model.push({ hash, place });
      }
    }
    const check = () => {
      for (const hash of new Set(list.map(([, each]) => each))) {
        const expected = model.filter((each) => each.hash === hash).map(({ place }) => place);
        assert.deepEqual(placesOf(index, hash), expected);
      }
    };
    check();
    index = index.moved((place) => place * 2);
    model = model.map(({ hash, place }) => ({ hash, place: place * 2 }));
    check();
  }));
});
