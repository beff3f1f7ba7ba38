// The elements of a list, compared with an array.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type ListEnd, ListValue } from "../../../backends/store/list_value.ts";
import { ENTRY_BYTES } from "../../../backends/store/memory_quota.ts";
import { assertProperty } from "../../support/property.ts";
import { cpuMs } from "../../support/cpu_clock.ts";

type Change = (list: ListValue, model: string[]) => void;

const element = fc.constantFrom("a", "b", "c", "", "long".repeat(20));
const end = fc.constantFrom<ListEnd>("left", "right");
const index = fc.nat(40);

const push: fc.Arbitrary<Change> = fc.tuple(end, fc.array(element, { maxLength: 9 })).map(
  ([end, elements]) => (list, model) => {
    for (const each of elements) {
      list.push(end, each);
      if (end === "left") model.unshift(each);
      else model.push(each);
    }
  },
);
const pop: fc.Arbitrary<Change> = fc.tuple(end, fc.nat(9)).map(([end, count]) => (list, model) => {
  for (let left = Math.min(count, model.length); left > 0; left--) {
    assert.equal(list.pop(end), end === "left" ? model.shift() : model.pop());
  }
});
const insert: fc.Arbitrary<Change> = fc.tuple(index, element).map(
  ([index, element]) => (list, model) => {
    const at = index % (model.length + 1);
    list.insert(at, element);
    model.splice(at, 0, element);
  },
);
const set: fc.Arbitrary<Change> = fc.tuple(index, element).map(
  ([index, element]) => (list, model) => {
    if (model.length === 0) return;
    list.set(index % model.length, element);
    model[index % model.length] = element;
  },
);
const keep: fc.Arbitrary<Change> = fc.tuple(index, index).map(([start, count]) => (list, model) => {
  list.keep(start, start + count);
  model.splice(0, model.length, ...model.slice(start, start + count));
});
const remove: fc.Arbitrary<Change> = fc.tuple(end, element, fc.integer({ min: 1, max: 5 })).map(
  ([end, element, most]) => (list, model) => {
    const removed = list.removeEqual(element, most, end);
    for (let left = removed; left > 0; left--) {
      model.splice(end === "left" ? model.indexOf(element) : model.lastIndexOf(element), 1);
    }
    assert.ok(removed === most || !model.includes(element));
  },
);

Deno.test("a list is as an array, and counts its bytes", () => {
  const changes = fc.array(fc.oneof(push, push, pop, insert, set, keep, remove));
  assertProperty(fc.property(changes, (all) => {
    const list = new ListValue();
    const model: string[] = [];
    for (const change of all) {
      change(list, model);
      assert.deepEqual([...list.values()], model);
      const bytes = model.reduce((sum, each) => sum + each.length + ENTRY_BYTES, 0);
      assert.deepEqual([list.size, list.entries, list.bytes], [model.length, model.length, bytes]);
    }
    assert.deepEqual([...list.clone().values()], model);
    assert.equal(list.indexOf("a"), model.indexOf("a"));
  }));
});

Deno.test("both ends of a long list take constant time", () => {
  const list = new ListValue();
  const startMs = cpuMs();
  for (let i = 0; i < 300_000; i++) list.push(i % 2 === 0 ? "left" : "right", "x");
  while (!list.isEmpty) list.pop("left");
  assert.ok(cpuMs() - startMs < 5000);
});
