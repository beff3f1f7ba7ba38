// The allocator of space for big messages.

import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockAllocator } from "../../../lib/channel/block_allocator.ts";
import { assertProperty } from "../../support/property.ts";

function heapOf(...regions: [offset: number, bytes: number][]): BlockAllocator {
  const heap = new BlockAllocator();
  for (const [offset, bytes] of regions) heap.addRegion(offset, bytes);
  return heap;
}

Deno.test("an allocator without a region has no space", () => {
  assert.equal(heapOf().allocate(8), -1);
});

Deno.test("blocks fill a region from its start, rounded up to 8 bytes", () => {
  const heap = heapOf([64, 64]);
  assert.equal(heap.allocate(1), 64);
  assert.equal(heap.allocate(9), 72);
  assert.equal(heap.allocate(40), 88);
  assert.equal(heap.allocate(1), -1);
});

Deno.test("a freed block is used again", () => {
  const heap = heapOf([64, 64]);
  const [first, second] = [heap.allocate(32), heap.allocate(32)];
  assert.equal(heap.allocate(8), -1);
  heap.free(first);
  assert.equal(heap.allocate(40), -1);
  assert.equal(heap.allocate(32), first);
  heap.free(second);
  heap.free(first);
  assert.equal(heap.allocate(64), 64);
});

Deno.test("a block does not reach over two regions, even where they touch", () => {
  const heap = heapOf([64, 64], [128, 64]);
  assert.equal(heap.allocate(100), -1);
  assert.equal(heap.allocate(64), 64);
  assert.equal(heap.allocate(64), 128);
});

Deno.test("freeing what is not in use does nothing", () => {
  const heap = heapOf([64, 64]);
  heap.free(64);
  assert.equal(heap.allocate(64), 64);
  heap.free(72);
  assert.equal(heap.allocate(8), -1);
});

interface Used {
  offset: number;
  bytes: number;
}

const REGIONS = [[4096, 4096], [8192, 512], [65536, 20_000]] as const;

function assertBlock({ offset, bytes }: Used, used: readonly Used[]): void {
  assert.equal(offset % 8, 0);
  assert.ok(REGIONS.some(([at, size]) => offset >= at && offset + bytes <= at + size));
  for (const other of used) {
    assert.ok(offset + bytes <= other.offset || other.offset + other.bytes <= offset, "overlap");
  }
}

/** True if some gap between the blocks of a region is large enough. */
function hasGap(used: readonly Used[], bytes: number): boolean {
  const size = Math.ceil(bytes / 8) * 8;
  return REGIONS.some(([at, length]) => {
    let from = at;
    const inside = used.filter(({ offset }) => offset >= at && offset < at + length);
    for (const block of inside.toSorted((a, b) => a.offset - b.offset)) {
      if (block.offset - from >= size) return true;
      from = block.offset + Math.ceil(block.bytes / 8) * 8;
    }
    return at + length - from >= size;
  });
}

Deno.test("random blocks never overlap, and fit whenever there is a gap", () => {
  const step = fc.oneof(
    fc.record({ allocate: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ free: fc.nat(30) }),
  );
  assertProperty(fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
    const heap = heapOf(...REGIONS.map(([at, size]): [number, number] => [at, size]));
    const used: Used[] = [];
    for (const each of steps) {
      if ("free" in each) {
        const [freed] = used.splice(each.free % (used.length || 1), 1);
        if (freed) heap.free(freed.offset);
        continue;
      }
      const offset = heap.allocate(each.allocate);
      assert.equal(offset >= 0, hasGap(used, each.allocate));
      if (offset < 0) continue;
      assertBlock({ offset, bytes: each.allocate }, used);
      used.push({ offset, bytes: each.allocate });
    }
  }));
});
