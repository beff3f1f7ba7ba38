// Sums of the first numbers of an array, compared with sums that are made anew each time.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PrefixSums } from "../../../backends/store/prefix_sums.ts";
import { assertProperty } from "../../support/property.ts";

const numbers = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 40 });
const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 9 }));

Deno.test("prefix sums follow their numbers", () => {
  assertProperty(fc.property(numbers, fc.array(change), (initial, changes) => {
    const sums = new PrefixSums(initial);
    const model = [...initial];
    for (const [place, by] of changes) {
      sums.add(place % model.length, by);
      model[place % model.length] += by;
    }
    let before = 0;
    for (const [index, number] of model.entries()) {
      assert.equal(sums.before(index), before);
      assert.deepEqual(sums.find(before), { index, rest: 0 });
      assert.deepEqual(sums.find(before + number - 1), { index, rest: number - 1 });
      before += number;
    }
    assert.equal(sums.find(before).index, model.length);
  }));
});
