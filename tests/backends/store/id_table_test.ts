// Values by stream id, compared with a map that is sorted anew each time.

import assert from "node:assert/strict";
import fc from "fast-check";
import { IdTable } from "../../../backends/store/id_table.ts";
import { FIRST_ID, LAST_ID, StreamId } from "../../../backends/store/stream_id.ts";
import { assertProperty } from "../../support/property.ts";

const id = fc.tuple(fc.bigInt(1n, 12n), fc.bigInt(0n, 3n)).map(([ms, n]) => new StreamId(ms, n));
const change = fc.tuple(id, fc.boolean());

Deno.test("a table of ids is as a sorted map", () => {
  const property = fc.property(
    fc.array(change, { maxLength: 200, size: "max" }),
    id,
    id,
    (changes, from, to) => {
      const table = new IdTable<string>();
      const model = new Map<string, StreamId>();
      for (const [id, isAdded] of changes) {
        if (isAdded) {
          table.set(id, `value of ${id}`);
          model.set(id.toString(), id);
        } else assert.equal(table.delete(id) !== undefined, model.delete(id.toString()));
      }
      const sorted = [...model.values()].sort((a, b) => a.compare(b));
      const expected = sorted.map((id) => [id, `value of ${id}`]);
      assert.deepEqual([...table.entries()], expected);
      assert.deepEqual([...table.reversed(FIRST_ID, LAST_ID)], expected.toReversed());
      assert.deepEqual([table.firstId, table.lastId], [sorted[0], sorted.at(-1)]);
      assert.equal(table.size, sorted.length);
      const between = sorted.filter((id) => id.compare(from) >= 0 && id.compare(to) <= 0);
      assert.deepEqual(table.range(from, to).map(([id]) => id).toArray(), between);
      assert.deepEqual(table.reversed(from, to).map(([id]) => id).toArray(), between.toReversed());
      for (const id of sorted) assert.equal(table.get(id), `value of ${id}`);
    },
  );
  assertProperty(property);
});

Deno.test("a stream of entries that come and go takes a bounded time and room", () => {
  const table = new IdTable<number>();
  for (let i = 1; i <= 200_000; i++) {
    table.set(new StreamId(BigInt(i), 0n), i);
    if (i > 100) table.delete(table.firstId!);
  }
  assert.equal(table.size, 100);
  assert.equal(table.firstId!.ms, 199_901n);
});

Deno.test("ids have neighbours, but for the first one and the last one", () => {
  const max = 2n ** 64n - 1n;
  assert.equal(new StreamId(1n, max).next()!.toString(), "2-0");
  assert.equal(new StreamId(2n, 0n).previous()!.toString(), `1-${max}`);
  assert.deepEqual([LAST_ID.next(), FIRST_ID.previous()], [undefined, undefined]);
});
