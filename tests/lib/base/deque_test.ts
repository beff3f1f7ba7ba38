// A queue in memory, beside an array.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Deque } from "../../../lib/base/deque.ts";
import { assertProperty } from "../../support/property.ts";

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("push"), item: fc.integer() }) },
    { weight: 4, arbitrary: fc.constant({ do: "shift", item: 0 }) },
    { weight: 1, arbitrary: fc.constant({ do: "drain", item: 0 }) },
  ),
  { maxLength: 200 },
);

Deno.test("any sequence of calls has the results that an array has", () => {
  assertProperty(fc.property(steps, (calls) => {
    const deque = new Deque<number>();
    const model: number[] = [];
    for (const { do: name, item } of calls) {
      if (name === "push") {
        deque.push(item);
        model.push(item);
      } else if (name === "shift") assert.equal(deque.shift(), model.shift());
      else assert.deepEqual(deque.drain(), model.splice(0));
      assert.equal(deque.length, model.length);
      assert.equal(deque.first, model[0]);
    }
  }));
});

Deno.test("an undefined item counts as an item", () => {
  const deque = new Deque<undefined>();
  deque.push(undefined);
  assert.equal(deque.length, 1);
  assert.equal(deque.shift(), undefined);
  assert.equal(deque.length, 0);
});
