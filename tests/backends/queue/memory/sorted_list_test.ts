// Lists that stay sorted, compared with sorted arrays.

import assert from "node:assert/strict";
import { SortedList } from "../../../../backends/queue/memory/sorted_list.ts";
import { Random } from "../../../support/random.ts";
import { withSeed } from "../../../support/seed.ts";
import { cpuMs } from "../../../support/cpu_clock.ts";

Deno.test("a sorted list has what was added and not removed, in its order", () =>
  withSeed((seed) => {
    for (let round = 0; round < 20; round++) {
      const random = new Random(seed, round);
      const list = new SortedList<number>((a, b) => a - b);
      const model = new Set<number>();
      const range = random.pick([10, 1000, 10_000]);
      // Some grow, some stay, and some are emptied.
      const share = random.pick([0.3, 0.5, 0.9]);
      for (let step = 0; step < 5000; step++) {
        const item = random.below(range);
        if (random.chance(share)) {
          if (!model.has(item)) list.add(item);
          model.add(item);
        } else {
          const removed = random.chance(0.3) ? list.first ?? item : item;
          assert.equal(list.remove(removed), model.delete(removed));
        }
        assert.equal(list.length, model.size);
      }
      const sorted = [...model].sort((a, b) => a - b);
      assert.deepEqual([...list.values()], sorted);
      assert.deepEqual([...list.reversed()], sorted.toReversed());
      assert.equal(list.first, sorted[0]);
      for (const item of sorted) assert.ok(list.remove(item));
      assert.equal(list.first, undefined);
    }
  }));

Deno.test("a long list is filled and emptied from its front in little time", () => {
  const COUNT = 400_000;
  const list = new SortedList<number>((a, b) => a - b);
  const startMs = cpuMs();
  for (let item = 0; item < COUNT; item++) list.add(item);
  while (list.first !== undefined) list.remove(list.first);
  // One array would move 80 billion items.
  const elapsedMs = cpuMs() - startMs;
  assert.ok(elapsedMs < 10_000, `${elapsedMs} ms`);
});
