// A delay that a signal ends.

import assert from "node:assert/strict";
import { sleep } from "../../../lib/base/sleep.ts";
import { ManualTimers, settle } from "../../support/manual_timers.ts";

/** True if a promise is settled. */
function observe(promise: Promise<unknown>): { isSettled: boolean } {
  const state = { isSettled: false };
  promise.finally(() => state.isSettled = true);
  return state;
}

Deno.test("sleep ends after its delay, with a signal or without", async () => {
  using timers = new ManualTimers();
  const states = [sleep(100), sleep(100, new AbortController().signal)].map(observe);
  timers.advance(99);
  await settle();
  assert.deepEqual(states.map(({ isSettled }) => isSettled), [false, false]);
  timers.advance(1);
  await settle();
  assert.deepEqual(states.map(({ isSettled }) => isSettled), [true, true]);
});

Deno.test("a signal ends sleep early, and no timer stays", async () => {
  using timers = new ManualTimers();
  const controller = new AbortController();
  const sleeping = sleep(1e12, controller.signal);
  controller.abort();
  await sleeping;
  assert.equal(timers.pending, 0);
});

Deno.test("sleep returns at once when the signal has aborted before", async () => {
  using timers = new ManualTimers();
  await sleep(100, AbortSignal.abort());
  assert.deepEqual(timers.delays, []);
});
