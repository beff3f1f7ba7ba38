// Random orders of sending, acknowledging and returning, with and without a delay, against plain arrays.

import assert from "node:assert/strict";
import fc from "fast-check";
import { LOCAL, SHM, type TestChannel } from "../../conformance/channel/channel.ts";
import {
  ArrayQueue,
  type ReturningQueue,
  RETURNS_RUNS,
  type ReturnsMistake,
  ReturnsModel,
  type ReturnsRun,
} from "../../conformance/channel/model_returns.ts";
import { takeTurn } from "../../../lib/base/turn.ts";
import { assertProperty } from "../../support/property.ts";

/** A channel as the model sees it. */
function queueOn(channel: TestChannel, senders: number): ReturningQueue {
  const pushers = Array.from({ length: senders }, () => channel.pusher<number>());
  return {
    send: (sender, value) => assert.ok(pushers[sender].send(value)),
    open: () => channel.ackPuller<number>({ maxUnacked: 1024 }),
  };
}

for (const [transport, numRuns] of [[LOCAL, 300], [SHM, 60]] as const) {
  Deno.test(`${transport.name}: a queue returns messages as plain arrays do`, async () => {
    await assertProperty(
      fc.asyncProperty(RETURNS_RUNS, async (run: ReturnsRun) => {
        {
          using channel = transport.open(2 ** 20);
          new ReturnsModel(queueOn(channel, run.senders), run).play();
        }
        // The runtime ends the listeners of signals of a run only in a turn.
        await takeTurn();
      }),
      { numRuns },
    );
  });
}

/** The first puller's own message becomes due while the one that the other has returned is behind many. */
const OWN_IS_DUE: ReturnsRun = {
  senders: 1,
  pullers: 2,
  steps: [
    { do: "send", sender: 0, count: 2 },
    { do: "receive", puller: 0 },
    { do: "nack", puller: 0, held: 0 },
    { do: "receive", puller: 1 },
    { do: "send", sender: 0, count: 40 },
    { do: "nack", puller: 1, held: 0 },
    ...Array.from({ length: 30 }, () => ({ do: "receive", puller: 0 }) as const),
  ],
};

for (const transport of [LOCAL, SHM]) {
  Deno.test(`${transport.name}: a returned message that is not due hides none that is`, () => {
    using channel = transport.open(2 ** 20);
    new ReturnsModel(queueOn(channel, 1), OWN_IS_DUE).play();
  });
}

Deno.test("the model of returned messages accepts a queue of plain arrays", async () => {
  await assertProperty(
    fc.asyncProperty(RETURNS_RUNS, (run: ReturnsRun) => {
      new ReturnsModel(new ArrayQueue(), run).play();
      return Promise.resolve();
    }),
    { numRuns: 300 },
  );
});

const MISTAKES: Record<ReturnsMistake, RegExp> = {
  "puts a returned message in front": /overtook those that waited/,
  "delivers returned messages last": /is due, and starves/,
  "ignores the delay": /was not heeded/,
  "loses delayed messages at the close": /messages wait/,
  "delivers a held message again": /is held, and arrived again|was acknowledged, and arrived/,
  "does not count deliveries": /the deliveries of/,
  "forgets a returned message": /messages wait/,
};

for (const [mistake, found] of Object.entries(MISTAKES)) {
  Deno.test(`the model of returned messages finds a queue that ${mistake}`, () => {
    const failures: string[] = [];
    for (const run of fc.sample(RETURNS_RUNS, { numRuns: 300, seed: 1 })) {
      try {
        new ReturnsModel(new ArrayQueue(mistake as ReturnsMistake), run).play();
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    assert.ok(failures.some((message) => found.test(message)), failures[0] ?? "it was not found");
  });
}
