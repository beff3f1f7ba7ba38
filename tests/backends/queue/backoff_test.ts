import assert from "node:assert/strict";
import { DEFAULT_BACKOFF, retryDelayMs, secondsOf } from "../../../backends/queue/backoff.ts";
import { collectLog } from "../../support/log_records.ts";

const attempts = [1, 2, 3, 4, 5];

Deno.test("backoff: a fixed delay is always the same", () => {
  const seconds = attempts.map((n) => secondsOf({ type: "fixed", seconds: 3 }, n));
  assert.deepEqual(seconds, [3, 3, 3, 3, 3]);
});

Deno.test("backoff: an exponential delay doubles up to its maximum, by default an hour", () => {
  const policy = { type: "exponential", seconds: 2, maxSeconds: 20 } as const;
  assert.deepEqual(attempts.map((n) => secondsOf(policy, n)), [2, 4, 8, 16, 20]);
  assert.equal(secondsOf({ type: "exponential", seconds: 1 }, 30), 3600);
  assert.equal(secondsOf({ type: "exponential", seconds: 1 }, Number.MAX_SAFE_INTEGER), 3600);
  assert.equal(secondsOf({ type: "exponential", seconds: 0 }, 5), 0);
});

Deno.test("backoff: jitter draws a part of the delay at random", () => {
  const policy = { type: "fixed", seconds: 10, jitter: 0.5 } as const;
  const drawn = [0, 0.5, 0.999].map((random) => secondsOf(policy, 1, () => random));
  assert.deepEqual(drawn, [10, 7.5, 10 * (1 - 0.5 * 0.999)]);
});

Deno.test("backoff: a function that fails is logged, and the default takes its place", async () => {
  const failing = [
    () => NaN,
    () => -1,
    () => Infinity,
    () => "1" as unknown as number,
    () => {
      throw new Error("from backoff");
    },
  ];
  const records = await collectLog(() => {
    for (const decide of failing) {
      assert.equal(retryDelayMs(decide, 2, undefined), 1000 * secondsOf(DEFAULT_BACKOFF, 2));
    }
  });
  const errors = records.filter(({ level }) => level === "error");
  assert.equal(errors.length, failing.length);
  assert.equal(retryDelayMs((n, error) => n + Number(error), 2, 0.5), 2500);
});
