// Timers of any length, and what they end.

import assert from "node:assert/strict";
import { startIdleInterval, startTimer, withDeadline, withTimer } from "../../../lib/base/timer.ts";
import { until } from "../../support/deadline.ts";
import { ManualTimers, settle } from "../../support/manual_timers.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

Deno.test("a timer runs once, after its delay", () => {
  using timers = new ManualTimers();
  let calls = 0;
  startTimer(100, () => calls++);
  timers.advance(99);
  assert.equal(calls, 0);
  timers.advance(1);
  timers.advance(1000);
  assert.equal(calls, 1);
});

Deno.test("a timer of a year does not run before the year is over", () => {
  using timers = new ManualTimers();
  let calls = 0;
  startTimer(365 * DAY_MS, () => calls++);
  timers.advance(365 * DAY_MS - 1);
  assert.equal(calls, 0);
  timers.advance(1);
  assert.equal(calls, 1);
  assert.equal(timers.pending, 0);
});

Deno.test("a timer without end keeps no timer of the runtime", () => {
  using timers = new ManualTimers();
  startTimer(Infinity, () => assert.fail())();
  assert.equal(timers.pending, 0);
});

Deno.test("a stopped timer does not run, however long it was to run", () => {
  using timers = new ManualTimers();
  const stop = startTimer(60 * DAY_MS, () => assert.fail());
  timers.advance(30 * DAY_MS);
  stop();
  timers.advance(60 * DAY_MS);
  assert.equal(timers.pending, 0);
});

Deno.test("withTimer calls back at the timeout and still waits for the work", async () => {
  using timers = new ManualTimers();
  const work = Promise.withResolvers<string>();
  let calls = 0;
  const result = withTimer(work.promise, 100, () => calls++);
  timers.advance(100);
  assert.equal(calls, 1);
  work.resolve("done");
  assert.equal(await result, "done");
});

Deno.test("withTimer stops its timer when the work succeeds, and when it fails", async () => {
  using timers = new ManualTimers();
  assert.equal(await withTimer(Promise.resolve(1), 100, () => assert.fail()), 1);
  await assert.rejects(
    withTimer(Promise.reject(new Error("broken")), 100, () => assert.fail()),
    /broken/,
  );
  assert.equal(timers.pending, 0);
});

Deno.test("withDeadline rejects at the timeout, and a later failure of the work is not unhandled", async () => {
  using timers = new ManualTimers();
  const work = Promise.withResolvers<void>();
  const result = withDeadline(work.promise, 100, () => new Error("too late"));
  timers.advance(100);
  await assert.rejects(result, /too late/);
  work.reject(new Error("later"));
  await settle();
});

Deno.test("withDeadline returns what is there in time", async () => {
  using timers = new ManualTimers();
  assert.equal(await withDeadline(Promise.resolve(7), 100, () => new Error("too late")), 7);
  assert.equal(timers.pending, 0);
});

Deno.test("an idle interval ticks again and again, and not after it was stopped", async () => {
  let [ticks, laterTicks] = [0, 0];
  const stop = startIdleInterval(1, () => {
    if (++ticks === 3) stop();
  });
  await until(() => ticks === 3, "three ticks");
  const stopLater = startIdleInterval(1, () => laterTicks++);
  await until(() => laterTicks > 3, "the ticks of another interval");
  stopLater();
  assert.equal(ticks, 3);
});
