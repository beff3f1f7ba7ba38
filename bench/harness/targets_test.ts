import assert from "node:assert/strict";
import { NAMES } from "./contestants.ts";
import type { Results } from "./results.ts";
import { verdicts } from "./targets.ts";
import type { Row } from "./types.ts";

const SKIPPED = { skipped: "not part of this test" };

/** A round trip of ours that takes `ratio` times as long as that of the C ring. */
function resultsOf(ratio: number): Results {
  const row = (contestant: string, factor: number): Row => ({
    workload: "roundtrip/64B",
    contestant,
    unit: "ns",
    runs: [],
    value: { median: 500 * factor, min: 500 * factor, max: 500 * factor },
    ratio: { median: factor, min: factor, max: factor },
  });
  return {
    rows: [row(NAMES.cSpin, 1), row(NAMES.ours, ratio)],
    idleShare: 0.5,
    memoryBytes: SKIPPED,
    memoryObjects: SKIPPED,
    many: SKIPPED,
    starts: SKIPPED,
    instructions: SKIPPED,
  };
}

function verdictOf(results: Results, start: string) {
  return verdicts(results).find(({ target }) => target.startsWith(start))?.verdict;
}

Deno.test("a target is met or missed by its median, and skipped without a figure", () => {
  assert.equal(verdictOf(resultsOf(1.4), "round trip, 64 B: at most 1.5x"), "met");
  assert.equal(verdictOf(resultsOf(1.6), "round trip, 64 B: at most 1.5x"), "missed");
  assert.equal(verdictOf(resultsOf(1.4), "idle CPU"), "missed");
  assert.equal(verdictOf(resultsOf(1.4), "memory"), "skipped");
});
