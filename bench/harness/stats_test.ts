import assert from "node:assert/strict";
import { SHARES } from "../../cli/benchmark/charts/report.ts";
import {
  latencyCurve,
  median,
  medianCurve,
  medianDetail,
  percentile,
  spread,
  summariseLatencies,
} from "../../cli/benchmark/stats.ts";

Deno.test("a percentile is a value that was measured", () => {
  const ascending = [10, 20, 30, 40];
  assert.equal(percentile(ascending, 0.5), 20);
  assert.equal(percentile(ascending, 0.51), 30);
  assert.equal(percentile(ascending, 0), 10);
  assert.equal(percentile(ascending, 1), 40);
  assert.throws(() => percentile([], 0.5), RangeError);
});

Deno.test("the median of an even number of values is the middle of two", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), RangeError);
});

Deno.test("a spread has the median and both ends", () => {
  assert.deepEqual(spread([5, 1, 3]), { median: 3, min: 1, max: 5 });
});

Deno.test("details keep the worst maximum and the median of the rest", () => {
  const details = [{ p50: 1, max: 10 }, { p50: 2, max: 99 }, { p50: 3, max: 20 }];
  assert.deepEqual(medianDetail(details), { p50: 2, max: 99 });
});

const THOUSAND = Float64Array.from({ length: 1000 }, (_, i) => i + 1);

Deno.test("a curve keeps a latency for each share, from the fastest sample to p99.9", () => {
  const curve = latencyCurve(THOUSAND);
  assert.equal(curve.length, SHARES.length);
  assert.equal(curve[0], 1);
  assert.equal(curve[SHARES.indexOf(0.5)], 500);
  assert.equal(curve.at(-1), 999);
  assert.deepEqual(curve, curve.toSorted((a, b) => a - b));
});

Deno.test("a curve ends where there are too few samples", () => {
  const curve = latencyCurve(THOUSAND.slice(0, 100));
  assert.equal(curve.length, SHARES.findIndex((share) => share > 0.991));
  assert.equal(curve.at(-1), 99);
});

Deno.test("the median of curves goes as far as the shortest of them", () => {
  assert.deepEqual(medianCurve([[1, 2, 3], [5, 6]]), [3, 4]);
});

Deno.test("the median of curves is taken share by share", () => {
  const flat = (ns: number) => SHARES.map(() => ns);
  assert.deepEqual(medianCurve([flat(1), flat(9), flat(2)]), flat(2));
});

Deno.test("latencies are summarised", () => {
  assert.deepEqual(summariseLatencies(THOUSAND), {
    min: 1,
    p50: 500,
    p99: 990,
    "p99.9": 999,
    max: 1000,
  });
});
