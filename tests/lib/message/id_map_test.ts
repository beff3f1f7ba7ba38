// Maps of message ids that others choose.

import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_ID } from "../../../lib/message/gemstone.ts";
import { IdMap } from "../../../lib/message/id_map.ts";
import { assertProperty } from "../../support/property.ts";
import { collidingIds, timeRatio } from "../../support/collisions.ts";

Deno.test("a map of ids behaves as a map", () => {
  const ids = fc.oneof(fc.bigInt(0n, MAX_ID), fc.constantFrom(0n, 1n, 2n ** 32n, MAX_ID));
  assertProperty(
    fc.property(fc.array(fc.tuple(ids, fc.boolean(), fc.nat())), (calls) => {
      const map = new IdMap<number>();
      const model = new Map<bigint, number>();
      for (const [id, isAdded, value] of calls) {
        assert.equal(map.get(id), model.get(id));
        if (isAdded) {
          map.set(id, value);
          model.set(id, value);
        } else {
          map.delete(id);
          model.delete(id);
        }
        assert.equal(map.get(id), model.get(id));
        assert.equal(map.size, model.size);
      }
    }),
  );
});

Deno.test("ids chosen to share a bucket take no longer than others", () => {
  const chosen = collidingIds(20_000);
  const others = chosen.map((_, i) => BigInt(i) << 22n);
  const fill = (given: bigint[]) => {
    const map = new IdMap<number>();
    for (const id of given) map.set(id, 1);
  };
  const ratio = timeRatio(fill, chosen, others);
  assert.ok(ratio < 20, `${ratio} times as long`);
});
