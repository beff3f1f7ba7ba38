// Random sizes, capacities and interleavings against plain arrays.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { LocalHandle } from "../../../mod.ts";
import {
  LOCAL,
  SHM,
  type TestChannel,
  type TestTransport,
} from "../../conformance/channel/channel.ts";
import { type Model, type Run, RUNS } from "../../conformance/channel/model.ts";
import { BroadcastModel } from "../../conformance/channel/model_broadcast.ts";
import { QueueModel } from "../../conformance/channel/model_queue.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import * as layout from "../../../wasm/layout.ts";
import { sleep } from "../../support/deadline.ts";
import { assertProperty } from "../../support/property.ts";

/** Steps between two checks of the header. */
const CHECK_INTERVAL = 25;

/** A failure is reported then at the latest, as far as it is minimized. */
const SHRINKING_MS = 60_000;

/** A receiver that works off a long backlog updates the header at the end of its turn. */
async function play(model: Model): Promise<void> {
  for (const [at, step] of model.run.steps.entries()) {
    model.step(step);
    if (at % CHECK_INTERVAL !== 0) continue;
    await Promise.resolve();
    model.check();
  }
  model.finish();
}

function testModel(
  name: string,
  transport: TestTransport,
  numRuns: number,
  Kind: typeof QueueModel | typeof BroadcastModel,
): void {
  Deno.test(`${transport.name}: ${name} does what plain arrays do`, async () => {
    await assertProperty(
      fc.asyncProperty(RUNS, async (run: Run) => {
        using channel = transport.open(run.capacity);
        await play(new Kind(channel, run));
        // The runtime ends the signal listeners of closed sockets when its event loop has a turn.
        await sleep(0);
      }),
      { numRuns, interruptAfterTimeLimit: SHRINKING_MS },
    );
  });
}

testModel("a queue", LOCAL, 500, QueueModel);
testModel("a broadcast", LOCAL, 500, BroadcastModel);
testModel("a queue", SHM, 100, QueueModel);
testModel("a broadcast", SHM, 100, BroadcastModel);

/** Moves a new channel's first lane to where it would be after years. */
function age(channel: TestChannel, capacity: number, position: bigint, count: bigint): void {
  const view = new DataView((channel.target as LocalHandle).memory.buffer);
  const lane = controlOffset(capacity) + layout.CONTROL_LANES;
  for (const at of [layout.LANE_HEAD, layout.LANE_TAIL]) {
    view.setBigUint64(lane + at, position, true);
  }
  for (const at of [layout.LANE_COUNT, layout.LANE_TAIL_COUNT]) {
    view.setBigUint64(lane + at, count, true);
  }
}

const POSITIONS = fc.record({
  position: fc.tuple(fc.constantFrom(2n ** 32n, 2n ** 53n, 2n ** 54n, 2n ** 62n), fc.nat(1500))
    .map(([base, before]) => base - BigInt(before * 8)),
  count: fc.tuple(fc.constantFrom(2n ** 32n, 2n ** 53n), fc.nat(100))
    .map(([base, before]) => base - BigInt(before)),
});

function testAged(
  name: string,
  first: (channel: TestChannel) => Disposable,
  Kind: typeof QueueModel | typeof BroadcastModel,
): void {
  Deno.test(`${name} goes on beyond 2^32 and 2^53`, async () => {
    await assertProperty(
      fc.asyncProperty(RUNS, POSITIONS, async (run: Run, { position, count }) => {
        using channel = LOCAL.open(run.capacity);
        first(channel)[Symbol.dispose]();
        age(channel, run.capacity, position, count);
        await play(new Kind(channel, run, position));
      }),
      { numRuns: 200, interruptAfterTimeLimit: SHRINKING_MS },
    );
  });
}

testAged("a queue", (channel) => channel.puller({ codec: "raw" }), QueueModel);
testAged("a broadcast", (channel) => channel.subscriber({ codec: "raw" }), BroadcastModel);

for (const transport of [LOCAL, SHM]) {
  Deno.test(`${transport.name}: a view in a backlog updates the header, as a receive does`, async () => {
    using channel = transport.open(64 * 1024);
    const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
    const puller = channel.puller<Uint8Array>({ codec: "raw" });
    pusher.sendMany(Array.from({ length: 200 }, () => new Uint8Array(8)));
    for (let taken = 0; taken < layout.PROMPT_TAIL_FLUSHES; taken++) puller.tryRecv();
    const { tail } = channel.totals();
    puller.recvView()![Symbol.dispose]();
    await Promise.resolve();
    assert.equal(channel.totals().tail, tail + 24n);
  });
}
