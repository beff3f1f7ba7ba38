import assert from "node:assert/strict";
import { compare, type Measure, show, verdictOf } from "./compare.ts";

const GETS: Measure = { name: "gets", unit: "a second", target: 8 };
const PUSH: Measure = { name: "push", unit: "us", target: 0.6 };
const PLAN = { isQuick: true, runs: 3 };

const contestant = (name: string, figure: number, more = {}) => ({
  name,
  run: () => Promise.resolve(figure),
  ...more,
});

Deno.test("the target of a measure is for ours, and a contestant may have another one", async () => {
  const rows = await compare("t", [GETS, PUSH], [
    contestant("other", 10),
    contestant("ours", 75, { isOurs: true }),
    contestant("client", 20, { targets: { gets: 2 } }),
  ], PLAN);
  const verdicts = rows.map((row) => [row.measure.name, row.name, verdictOf(row)]);
  assert.deepEqual(verdicts, [
    ["gets", "other", undefined],
    ["gets", "ours", "missed"],
    ["gets", "client", "met"],
    ["push", "other", undefined],
    ["push", "ours", "missed"],
    ["push", "client", undefined],
  ]);
  assert.match(show(rows[1]), /7\.50x \(missed: at least 8x\)$/);
  assert.match(show(rows[2]), /2\.00x \(met: at least 2x\)$/);
  assert.match(show(rows[4]), /7\.50x \(missed: at most 0\.6x\)$/);
});
