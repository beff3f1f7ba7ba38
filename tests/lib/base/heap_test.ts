import assert from "node:assert/strict";
import fc from "fast-check";
import { Heap } from "../../../lib/base/heap.ts";
import { assertProperty } from "../../support/property.ts";

Deno.test("a heap does what a sorted array does", () => {
  const action = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant("pop" as const));
  assertProperty(
    fc.property(fc.array(fc.integer({ max: 50 })), fc.array(action), (first, actions) => {
      const heap = new Heap<number>((a, b) => a - b, first);
      const model = first.toSorted((a, b) => a - b);
      for (const each of actions) {
        if (each === "pop") assert.equal(heap.pop(), model.shift());
        else {
          heap.push(each);
          model.push(each);
          model.sort((a, b) => a - b);
        }
        assert.equal(heap.peek(), model[0]);
        assert.equal(heap.length, model.length);
      }
      assert.deepEqual(heap.items.toSorted((a, b) => a - b), model);
    }),
  );
});
