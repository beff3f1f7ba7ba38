// How calls of one script are divided into batches.

import assert from "node:assert/strict";
import { ScriptBatch, ScriptLane } from "../../../backends/redis/script_batch.ts";

/** Adds calls to a lane; returns the batches that it begins. */
function add(lane: ScriptLane<number>, calls: number): ScriptBatch<number>[] {
  const begun: ScriptBatch<number>[] = [];
  for (let call = 0; call < calls; call++) {
    let batch = lane.take();
    if (batch === undefined) begun.push(lane.open = batch = new ScriptBatch());
    void batch.add(() => []);
  }
  return begun;
}

const sizes = (batches: ScriptBatch<number>[]) => batches.map(({ size }) => size);

Deno.test("a batch takes at most half of the calls that have no replies, and at least four", () => {
  const lane = new ScriptLane<number>();
  assert.deepEqual(sizes(add(lane, 3)), [3]);
  lane.open = undefined;
  // Those that wait already count as well.
  assert.deepEqual(sizes(add(lane, 13)), [4, 8, 1]);
});

Deno.test("a batch of very many calls has sixteen", () => {
  const batches = add(new ScriptLane<number>(), 200);
  assert.equal(batches.reduce((sum, { size }) => sum + size, 0), 200);
  assert.deepEqual(sizes(batches.slice(4, -1)), Array(batches.length - 5).fill(16));
});

Deno.test("as many calls as before are divided in two, whenever their replies come", () => {
  const lane = new ScriptLane<number>();
  let waiting = add(lane, 16);
  for (let turn = 0; turn < 20; turn++) {
    const [answered, ...others] = waiting;
    lane.open = undefined;
    lane.end(answered);
    waiting = [...others, ...add(lane, answered.size)];
    assert.equal(waiting.reduce((sum, { size }) => sum + size, 0), 16);
    for (const { size } of waiting) assert.ok(size <= 8, `${size}`);
  }
});
