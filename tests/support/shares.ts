/**
 * How pullers share: the same tests for processes and for workers.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ReceiveMode } from "./programs/actions.ts";
import { type OnStage, peerAs, type Stage } from "./patterns.ts";
import type { Peer } from "./peer.ts";
import { untilDrained, untilWaiting } from "./segment.ts";
import { Stopwatch } from "./stopwatch.ts";

const PULLERS = 4;
const MESSAGES = 4000;
/** The largest share is at most this part of the mean above the smallest. */
const TOLERANCE = 0.05;
const TRIES = 3;

/** Messages between pauses of a millisecond; all at once without a number. */
const PACES: Record<string, number | undefined> = { "a burst": undefined, "a steady flow": 5 };

/** Defines the tests. */
export function defineShareTests(who: string, onStage: OnStage): void {
  for (const mode of ["sync", "async"] as const) {
    for (const [flow, perPause] of Object.entries(PACES)) {
      Deno.test(`${who}: four waiting pullers (${mode}) get equal shares of ${flow}`, () =>
        retryUnequalShares(() => onStage((stage) => equalShares(stage, mode, perPause))));
    }
  }
  Deno.test(`${who}: a slow puller does not hold up the others`, () => onStage(slowPuller));
  Deno.test(`${who}: what a leaving puller did not take goes to the rest`, () =>
    onStage(closingPuller));
}

/**
 * A puller that the kernel does not schedule loses turns, because the others do not wait for it. On a busy
 * machine that happens, but not three times in a row.
 */
async function retryUnequalShares(test: () => Promise<void>): Promise<void> {
  for (let triesLeft = TRIES - 1;; triesLeft--) {
    try {
      return await test();
    } catch (error) {
      if (triesLeft === 0 || !(error instanceof UnequalShares)) throw error;
    }
  }
}

/** A puller got too few messages. */
class UnequalShares extends Error {}

async function startPullers(stage: Stage, mode: ReceiveMode): Promise<Peer[]> {
  const pullers = await Promise.all(
    Array.from({ length: PULLERS }, () => peerAs(stage, "puller")),
  );
  for (const puller of pullers) {
    await puller.start({ do: "receive", id: "puller", mode, isCounted: true });
  }
  await untilWaiting(stage.location, PULLERS);
  return pullers;
}

/** Each puller that takes a "stop" leaves the next one to another. */
async function stopPullers(stage: Stage, pusher: Peer, pullers: Peer[]): Promise<number[]> {
  await untilDrained(stage.location);
  await pusher.execute({ do: "send", id: "pusher", values: pullers.map(() => "stop") });
  return await Promise.all(pullers.map((puller) => puller.result<number>()));
}

async function equalShares(
  stage: Stage,
  mode: ReceiveMode,
  perPause: number | undefined,
): Promise<void> {
  const pullers = await startPullers(stage, mode);
  const pusher = await peerAs(stage, "pusher");
  const flow = { do: "sendRange", id: "pusher", producer: 0, count: MESSAGES, perPause } as const;
  await pusher.start(flow);
  assert.equal(await pusher.result(), MESSAGES);
  const shares = await stopPullers(stage, pusher, pullers);
  assert.equal(shares.reduce((a, b) => a + b), MESSAGES);
  const spread = Math.max(...shares) - Math.min(...shares);
  const most = TOLERANCE * MESSAGES / PULLERS;
  if (spread <= most) return;
  throw new UnequalShares(`the shares ${shares} differ by ${spread}, more than ${most}`);
}

async function slowPuller(stage: Stage): Promise<void> {
  const slow = await peerAs(stage, "puller");
  await slow.start({ do: "receive", id: "puller", mode: "sync", workMs: 50, isCounted: true });
  const quick = await Promise.all([0, 1].map(() => peerAs(stage, "puller")));
  for (const puller of quick) {
    await puller.start({ do: "receive", id: "puller", mode: "sync", isCounted: true });
  }
  await untilWaiting(stage.location, 3);
  const pusher = await peerAs(stage, "pusher");
  const watch = new Stopwatch(pusher, slow, ...quick);
  await pusher.execute({ do: "sendRange", id: "pusher", producer: 0, count: 2000 });
  await untilDrained(stage.location);
  const tookMs = watch.elapsedMs;
  const [shareOfSlow, ...shares] = await stopPullers(stage, pusher, [slow, ...quick]);
  assert.equal(shareOfSlow + shares[0] + shares[1], 2000);
  // Had it got a third of the messages, it alone would have been busy for 33 seconds.
  assert.ok(shareOfSlow < 100, `the slow puller took ${shareOfSlow} messages`);
  assert.ok(tookMs < RECOVERY_BOUND_MS, `2000 messages took ${tookMs} ms`);
}

/** Ten times what others may be held up by one who stopped. */
const RECOVERY_BOUND_MS = 1000;

async function closingPuller(stage: Stage): Promise<void> {
  const pusher = await peerAs(stage, "pusher");
  await pusher.execute({ do: "sendRange", id: "pusher", producer: 0, count: 1000 });
  const leaving = await peerAs(stage, "puller");
  const first = await leaving.execute<unknown[]>({
    do: "receive",
    id: "puller",
    mode: "sync",
    count: 300,
  });
  const staying = await peerAs(stage, "puller");
  await staying.start({ do: "receive", id: "puller", mode: "async", count: 700 });
  await leaving.execute({ do: "close" });
  const rest = await staying.result<unknown[]>();
  assert.deepEqual([...first, ...rest], Array.from({ length: 1000 }, (_, n) => ({ p: 0, n })));
}
