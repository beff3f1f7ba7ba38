// Tables of entries that keep their order, and are read in parts.

import assert from "node:assert/strict";
import fc from "fast-check";
import { EntryTable, type TableEntry } from "../../../backends/store/entry_table.ts";
import { assertProperty } from "../../support/property.ts";

const entry = (key: string): TableEntry => ({ key, order: 0, place: 0, next: undefined });
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
