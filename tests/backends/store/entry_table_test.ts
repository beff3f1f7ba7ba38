// Tables of entries that keep their order, and are read in parts.

import assert from "node:assert/strict";
import fc from "fast-check";
import { EntryTable, type TableEntry } from "../../../backends/store/entry_table.ts";
import { assertProperty } from "../../support/property.ts";

const entry = (key: string): TableEntry => ({ key, order: 0, place: 0 });
const keys = fc.integer({ min: 0, max: 60 }).map(String);
const changes = fc.array(fc.tuple(fc.boolean(), keys), { maxLength: 200 });

function change(table: EntryTable<TableEntry>, [isAdded, key]: [boolean, string]): void {
  if (!isAdded) table.delete(key);
  else if (!table.has(key)) table.add(entry(key));
}

Deno.test("a table is as a map that keeps the order", () => {
  assertProperty(fc.property(changes, (list) => {
    const table = new EntryTable<TableEntry>();
    const model = new Set<string>();
    for (const each of list) {
      change(table, each);
      if (each[0]) model.add(each[1]);
      else model.delete(each[1]);
    }
    assert.deepEqual(table.values().map(({ key }) => key).toArray(), [...model]);
    if (model.size > 0) assert.ok(model.has(table.random().key));
  }));
});

Deno.test("a scan has every entry that stays, whatever is added and removed meanwhile", () => {
  const property = fc.property(
    changes,
    fc.array(changes),
    fc.integer({ min: 1, max: 20 }),
    (first, later, count) => {
      const table = new EntryTable<TableEntry>();
      for (const each of first) change(table, each);
      const staying = new Set(table.values().map(({ key }) => key));
      const seen = new Set<string>();
      let [cursor, parts] = [0, 0];
      do {
        const part = table.scan(cursor, count);
        for (const { key } of part.entries) seen.add(key);
        for (const each of later[parts++] ?? []) {
          change(table, each);
          if (!each[0]) staying.delete(each[1]);
        }
        cursor = part.cursor;
      } while (cursor !== 0);
      assert.ok(staying.isSubsetOf(seen));
    },
  );
  assertProperty(property);
});

Deno.test("entries that are added and removed meanwhile keep no other from being read once", () => {
  const property = fc.property(changes, fc.array(changes, { maxLength: 30 }), (first, later) => {
    const table = new EntryTable<TableEntry>();
    for (const each of first) change(table, each);
    const staying = new Set(table.values().map(({ key }) => key));
    const seen: number[] = [];
    const keysSeen = new Set<string>();
    for (const { key, order } of table.values()) {
      assert.ok(table.has(key));
      seen.push(order);
      keysSeen.add(key);
      for (const each of later[seen.length - 1] ?? []) {
        change(table, each);
        if (!each[0]) staying.delete(each[1]);
      }
    }
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(staying.isSubsetOf(keysSeen));
  });
  assertProperty(property);
});

Deno.test("entries whose keys have one hash are found and removed one by one", () => {
  const table = new EntryTable<TableEntry>();
  // Of so many keys, some share one of the 2^24 hashes.
  const all = Array.from({ length: 20_000 }, (_, i) => `key ${i}`);
  for (const key of all) table.add(entry(key));
  for (const key of all) assert.equal(table.get(key)?.key, key);
  for (const key of all.filter((_, i) => i % 2 === 0)) assert.equal(table.delete(key)?.key, key);
  for (const [i, key] of all.entries()) assert.equal(table.has(key), i % 2 === 1);
  assert.equal(table.size, all.length / 2);
});
