// A process without a free descriptor: what a call has done is not reported as an error.

import assert from "node:assert/strict";
import { inScratch } from "../../support/scratch.ts";

Deno.test("a call that has done its work does not fail because no descriptor is left", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ program: "without_descriptors.ts", flags: ["-A"], args: [dir] });
    const outcomes = await child.result() as Record<string, string>;
    const { state, wakes, ...calls } = outcomes;
    assert(Number(wakes) > 0, "the wake-ups that failed are counted");
    assert.equal(state, "0");
    assert.equal(Object.keys(calls).length, 17);
    for (const [call, outcome] of Object.entries(calls)) assert.equal(outcome, "1", call);
    await child.ended();
  }));
