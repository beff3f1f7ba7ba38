// Repeated attempts and the delays between them.

import assert from "node:assert/strict";
import { Backoff, retry, type RetryOptions } from "../../../lib/base/retry.ts";

const BACKOFF = { initialMs: 100, maxMs: 500 };

/** An attempt that fails some times before it succeeds. */
function failing(times: number): { attempts: number; run(): Promise<string> } {
  return {
    attempts: 0,
    run() {
      return ++this.attempts > times
        ? Promise.resolve("done")
        : Promise.reject(new Error(`failure ${this.attempts}`));
    },
  };
}

/** Options whose delays are recorded and take no time. */
function recorded(options: Partial<RetryOptions> = {}): RetryOptions & { delays: number[] } {
  const delays: number[] = [];
  return {
    backoff: BACKOFF,
    signal: new AbortController().signal,
    sleep: (delayMs) => Promise.resolve(void delays.push(delayMs)),
    delays,
    ...options,
  };
}

function assertWithin(delayMs: number, longestMs: number): void {
  assert.ok(delayMs >= longestMs / 2 && delayMs <= longestMs, `${delayMs} of ${longestMs} ms`);
}

Deno.test("delays double up to the longest, shortened by at most a half", () => {
  const backoff = new Backoff(BACKOFF);
  for (const longestMs of [100, 200, 400, 500, 500]) assertWithin(backoff.next(), longestMs);
  backoff.reset();
  assertWithin(backoff.next(), 100);
});

Deno.test("two clients do not wait for the same times", () => {
  const [one, other] = [new Backoff(BACKOFF), new Backoff(BACKOFF)];
  const delays = (backoff: Backoff) => Array.from({ length: 10 }, () => backoff.next());
  assert.notDeepEqual(delays(one), delays(other));
});

Deno.test("an attempt is repeated until it succeeds", async () => {
  const work = failing(3);
  const failures: unknown[] = [];
  const options = recorded({ onRetry: (error) => failures.push((error as Error).message) });
  assert.equal(await retry(() => work.run(), options), "done");
  assert.equal(work.attempts, 4);
  assert.deepEqual(failures, ["failure 1", "failure 2", "failure 3"]);
  assert.equal(options.delays.length, 3);
  options.delays.forEach((delayMs, i) => assertWithin(delayMs, [100, 200, 400][i]));
});

Deno.test("an attempt that succeeds at once waits for nothing", async () => {
  const options = recorded();
  assert.equal(await retry(() => failing(0).run(), options), "done");
  assert.deepEqual(options.delays, []);
});

Deno.test("the last failure is thrown when another attempt is useless", async () => {
  const work = failing(10);
  const shouldRetry = (error: unknown) => (error as Error).message !== "failure 3";
  await assert.rejects(retry(() => work.run(), recorded({ shouldRetry })), /failure 3/);
  assert.equal(work.attempts, 3);
});

Deno.test("a signal ends a long delay, and the last failure is thrown", async () => {
  const controller = new AbortController();
  const work = failing(10);
  const running = retry(() => work.run(), {
    backoff: { initialMs: 1e12, maxMs: 1e12 },
    signal: controller.signal,
    onRetry: () => queueMicrotask(() => controller.abort()),
  });
  await assert.rejects(running, /failure 1/);
  assert.equal(work.attempts, 1);
});

Deno.test("a signal that aborts during an attempt lets it succeed, and repeats none", async () => {
  for (const times of [0, 1]) {
    const controller = new AbortController();
    const work = failing(times);
    const running = retry(() => {
      controller.abort();
      return work.run();
    }, recorded({ signal: controller.signal }));
    if (times === 0) assert.equal(await running, "done");
    else await assert.rejects(running, /failure 1/);
    assert.equal(work.attempts, 1);
  }
});

Deno.test("a backoff rejects delays that do not grow", () => {
  for (const [initialMs, maxMs] of [[10, 5], [-1, 5], [NaN, 5], [1, NaN]]) {
    assert.throws(() => new Backoff({ initialMs, maxMs }), RangeError);
  }
});
