// The members of a sorted set, compared with an array that is sorted anew each time.

import assert from "node:assert/strict";
import fc from "fast-check";
import { SortedSetValue } from "../../../backends/store/sorted_set_value.ts";
import { assertProperty } from "../../support/property.ts";

const member = fc.integer({ min: 0, max: 40 }).map((number) => `m${number}`);
const score = fc.constantFrom(-Infinity, -1.5, 0, -0, 1, 2, 1e300, Infinity);
const change = fc.tuple(member, fc.option(score));

function sorted(model: ReadonlyMap<string, number>): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => x === y ? (a < b ? -1 : 1) : x - y);
}

Deno.test("a sorted set has its members in the order of scores and bytes", () => {
  assertProperty(fc.property(fc.array(change, { maxLength: 150 }), (changes) => {
    const set = new SortedSetValue();
    const model = new Map<string, number>();
    for (const [key, value] of changes) {
      if (value === null) assert.equal(set.delete(key), model.delete(key));
      else {
        assert.equal(set.set(key, value), !model.has(key));
        model.set(key, value + 0);
      }
    }
    const expected = sorted(model);
    const pairs = set.slice(0, set.size).map(({ key, score }) => [key, score]);
    assert.deepEqual(pairs, expected);
    for (const [rank, [key, value]] of expected.entries()) {
      assert.equal(set.rank(key), rank);
      assert.equal(set.score(key), value);
      assert.deepEqual(set.slice(rank, rank + 1).map((entry) => entry.key), [key]);
      const below = expected.filter(([, other]) => other < value).length;
      assert.equal(set.countBefore((entry) => entry.score < value), below);
    }
    assert.deepEqual(
      set.clone().slice(0, set.size).map(({ key }) => key),
      expected.map(([k]) => k),
    );
    for (const [key] of expected) set.delete(key);
    assert.deepEqual([set.bytes, set.isEmpty], [new SortedSetValue().bytes, true]);
  }));
});

Deno.test("a large sorted set finds ranks and ranges without going through it", () => {
  const set = new SortedSetValue();
  const count = 50_000;
  for (let i = 0; i < count; i++) set.set(`m${i}`, (i * 7919) % count);
  let steps = 0;
  const counted = set.countBefore(({ score }) => {
    steps++;
    return score < count / 2;
  });
  assert.equal(counted, count / 2);
  assert.ok(steps < 1000, `${steps} steps`);
  assert.deepEqual(set.slice(count - 2, count).map(({ score }) => score), [count - 2, count - 1]);
});

Deno.test("ranks stay right while chunks are split, joined and removed", () => {
  const property = fc.property(fc.infiniteStream(fc.nat(2 ** 30)), (numbers) => {
    const set = new SortedSetValue();
    const model = new Map<string, number>();
    const check = () => {
      const expected = sorted(model);
      assert.deepEqual(set.slice(0, set.size).map(({ key }) => key), expected.map(([key]) => key));
      for (let rank = 0; rank < expected.length; rank += 97) {
        assert.equal(set.rank(expected[rank][0]), rank);
        const part = set.slice(rank, rank + 700).map(({ key }) => key);
        assert.deepEqual(part, expected.slice(rank, rank + 700).map(([key]) => key));
      }
    };
    const draw = (most: number) => numbers.next().value! % most;
    for (const share of [0.9, 0.1, 0.9, 0]) {
      for (let i = 0; i < 4000; i++) {
        const key = `m${draw(3000)}`;
        if (draw(1000) < share * 1000) {
          const score = draw(500);
          set.set(key, score);
          model.set(key, score);
        } else {
          set.delete(key);
          model.delete(key);
        }
        if (i % 200 === 0) assert.equal(set.countBefore(() => true), model.size);
      }
      check();
    }
  });
  assertProperty(property, { numRuns: 3 });
});
