// Permits, and the calls that wait for them.

import assert from "node:assert/strict";
import { Semaphore } from "../../../lib/base/semaphore.ts";
import { ManualTimers, settle } from "../../support/manual_timers.ts";

Deno.test("permits are taken until none is left", () => {
  const semaphore = new Semaphore(3);
  assert.equal(semaphore.tryAcquire(2), true);
  assert.equal(semaphore.tryAcquire(2), false);
  assert.equal(semaphore.available, 1);
  assert.equal(semaphore.tryAcquire(), true);
  assert.equal(semaphore.tryAcquire(), false);
});

Deno.test("released permits go to the waiting calls in their order", async () => {
  const semaphore = new Semaphore(0);
  const order: number[] = [];
  const calls = [1, 2, 3].map((n) => semaphore.acquire(undefined).then(() => order.push(n)));
  for (let i = 0; i < 3; i++) semaphore.release();
  await Promise.all(calls);
  assert.deepEqual(order, [1, 2, 3]);
  assert.equal(semaphore.available, 0);
  semaphore.release();
  assert.equal(semaphore.available, 1);
});

Deno.test("a wait ends with false at its timeout, and takes no permit afterwards", async () => {
  using timers = new ManualTimers();
  const semaphore = new Semaphore(0);
  const acquired = semaphore.acquire({ timeoutMs: 100 });
  timers.advance(100);
  assert.equal(await acquired, false);
  semaphore.release();
  assert.equal(semaphore.available, 1);
});

Deno.test("a granted permit stops the timer of its wait", async () => {
  using timers = new ManualTimers();
  const semaphore = new Semaphore(0);
  const acquired = semaphore.acquire({ timeoutMs: 100 });
  semaphore.release();
  assert.equal(await acquired, true);
  assert.equal(timers.pending, 0);
});

Deno.test("a signal ends a wait with its reason, and the next call gets the permit", async () => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const ended = semaphore.acquire({ signal: controller.signal });
  const next = semaphore.acquire(undefined);
  controller.abort(new Error("enough"));
  await assert.rejects(ended, /enough/);
  semaphore.release();
  assert.equal(await next, true);
});

Deno.test("a signal that aborted before the call ends its wait, and keeps no free permit back", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(new Semaphore(0).acquire({ signal }), /enough/);
  assert.equal(await new Semaphore(1).acquire({ signal }), true);
});

Deno.test("rejectAll ends every wait, and leaves the permits as they are", async () => {
  const semaphore = new Semaphore(0);
  const calls = [1, 2].map(() => semaphore.acquire(undefined));
  semaphore.rejectAll(new Error("closed"));
  await Promise.all(calls.map((call) => assert.rejects(call, /closed/)));
  await settle();
  assert.equal(semaphore.available, 0);
});
