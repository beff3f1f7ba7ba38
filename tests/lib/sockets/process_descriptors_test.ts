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

Deno.test("with few descriptors left, a socket or a state opens, or fails with an error to catch", async () => {
  for (let left = 1; left <= 12; left++) {
    await inScratch(async ({ path: dir, spawn }) => {
      const child = spawn({
        program: "few_descriptors.ts",
        flags: ["-A"],
        args: [dir, `${left}`],
        under: ["sh", "-c", 'ulimit -n 120; exec "$0" "$@"'],
      });
      for (const outcome of await child.result() as string[]) {
        assert.match(outcome, /^(?:opened|ShmConnectionError)$/, `with ${left} descriptors`);
      }
      await child.ended();
    });
  }
});
