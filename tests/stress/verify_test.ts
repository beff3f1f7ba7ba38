import assert from "node:assert/strict";
import { LOST, REPLIED } from "./requesting.ts";
import {
  CLOSED,
  DONE,
  type Entry,
  HANDLED,
  OPENED,
  RECEIVED,
  REQUESTED,
  RETURNED,
  SENT,
} from "./journal.ts";
import { fill, fillAborted, make, sizeOf, verify } from "./message.ts";
import { leastOf } from "./delays.ts";
import { openingsOf } from "./recovery.ts";
import type { Record } from "./round.ts";
import type { Part } from "./task.ts";
import { verifyAck } from "./verify_ack.ts";
import { verifyBroadcast } from "./verify_broadcast.ts";
import { noHistory, verifyHistory } from "./verify_history.ts";
import { verifyQueue } from "./verify_queue.ts";
import { verifyRequests } from "./verify_requests.ts";

// A check that accepts everything would accept every run.

const SENDER = 256;
const RECEIVER = 512;

function entry(
  kind: number,
  stream: number,
  a: number,
  b: number,
  begin: number,
  end = begin + 1,
): Entry {
  return { kind, deliveries: 0, stream, a, b, begin, end };
}

function record(part: Part, entries: Entry[], more: Partial<Record> = {}): Record {
  return {
    part,
    name: part,
    entries,
    stops: [],
    killedAt: undefined,
    deadAt: undefined,
    inFlight: { limit: 0, began: 0 },
    missed: 0,
    openStream: entries[0]?.stream ?? -1,
    ...more,
  };
}

const sent = (first: number, count: number, begin: number, end?: number) =>
  entry(SENT, SENDER, first, count, begin, end);
const received = (sequence: number, begin: number, end?: number) =>
  entry(RECEIVED, RECEIVER, SENDER, sequence, begin, end);
const opened = (stream: number, begin: number) => entry(OPENED, stream, 0, 0, begin);

const sender = (part: "pusher" | "publisher") => record(part, [opened(SENDER, 0), sent(0, 3, 10)]);
const receiver = (part: "puller" | "subscriber", sequences: number[], more?: Partial<Record>) =>
  record(part, [opened(RECEIVER, 0), ...sequences.map((n, i) => received(n, 20 + 10 * i))], more);

const verifyRound = (...records: Record[]) => verifyQueue(records, new Map());

Deno.test("a round in which every message is taken once passes", () => {
  const verdict = verifyRound(sender("pusher"), receiver("puller", [0, 1, 2]));
  assert.deepEqual(verdict, { delivered: 3, takenByDead: 0, positions: new Map([[SENDER, 3]]) });
});

Deno.test("a committed message that was never received is found", () => {
  assert.throws(
    () => verifyRound(sender("pusher"), receiver("puller", [0, 2])),
    /1 of 256 was committed/,
  );
});

Deno.test("a dead puller accounts for at most the messages that it was taking", () => {
  const dead = (limit: number, began: number, deadAt: number) =>
    record("puller", [opened(RECEIVER + 256, 0)], {
      killedAt: deadAt,
      deadAt,
      inFlight: { limit, began },
    });
  const puller = receiver("puller", [0, 2]);
  assert.equal(verifyRound(sender("pusher"), puller, dead(1, 15, 40)).takenByDead, 1);
  assert.throws(() => verifyRound(sender("pusher"), puller, dead(0, 15, 40)), /never received/);
  assert.throws(() => verifyRound(sender("pusher"), puller, dead(1, 500, 600)), /never received/);
  const poor = receiver("puller", [2]);
  assert.throws(
    () => verifyRound(sender("pusher"), poor, dead(1, 15, 40)),
    /never received; 2 are missing/,
  );
});

Deno.test("a message that is delivered twice is found", () => {
  const other = record("puller", [entry(RECEIVED, RECEIVER + 256, SENDER, 1, 30)]);
  assert.throws(
    () => verifyRound(sender("pusher"), receiver("puller", [0, 1, 2]), other),
    /message 1 of 256 was delivered twice/,
  );
});

Deno.test("messages in the wrong order are found, also between pullers", () => {
  assert.throws(
    () => verifyRound(sender("pusher"), receiver("puller", [0, 2, 1])),
    /message 1 of 256 was taken .* after a later one/,
  );
  const late = record("puller", [entry(RECEIVED, RECEIVER + 256, SENDER, 0, 500)]);
  assert.throws(
    () => verifyRound(sender("pusher"), receiver("puller", [1, 2]), late),
    /message 0 of 256 was taken .* after a later one/,
  );
});

Deno.test("a message that was not committed is found", () => {
  assert.throws(
    () => verifyRound(sender("pusher"), receiver("puller", [0, 1, 2, 3])),
    /message 3 of 256 was delivered, and only 0 to 2 were sent/,
  );
});

Deno.test("of a send that a kill interrupted, all messages or the first ones may arrive", () => {
  const killed = record("pusher", [opened(SENDER, 0), sent(0, 1, 10), sent(1, 4, 12, 0)], {
    killedAt: 15,
    deadAt: 16,
  });
  for (const arrived of [[0], [0, 1], [0, 1, 2, 3, 4]]) {
    assert.equal(verifyRound(killed, receiver("puller", arrived)).delivered, arrived.length);
  }
  assert.throws(() => verifyRound(killed, receiver("puller", [])), /0 of 256 was committed/);
  assert.throws(() => verifyRound(killed, receiver("puller", [0, 2])), /1 of 256 was committed/);
});

/** The record of a puller with `ack`: its messages, one after the other. */
const acknowledger = (
  stream: number,
  deeds: [sequence: number, deliveries: number, end?: "done" | "returned" | "in doubt"][],
  more?: Partial<Record>,
) =>
  record(
    "acknowledger",
    [
      opened(stream, 0),
      ...deeds.flatMap(([sequence, deliveries, end], at) => {
        const begin = (stream === RECEIVER ? 20 : 100) + 10 * at;
        const got = { ...entry(RECEIVED, stream, SENDER, sequence, begin), deliveries };
        if (end === undefined) return [got];
        const kind = end === "returned" ? RETURNED : DONE;
        const until = end === "in doubt" ? 0 : begin + 3;
        return [got, entry(kind, stream, SENDER, sequence, begin + 2, until)];
      }),
    ],
    more,
  );
const verifyUnacked = (...pullers: Record[]) =>
  verifyAck([sender("pusher"), ...pullers], new Map());
const OTHER = RECEIVER + 256;

Deno.test("every message is acknowledged once, whatever happened before", () => {
  const all = acknowledger(RECEIVER, [[0, 1, "done"], [1, 1, "returned"], [2, 1, "done"]]);
  const verdict = verifyUnacked(all, acknowledger(OTHER, [[1, 2, "done"]]));
  assert.deepEqual(verdict, {
    delivered: 3,
    redelivered: 1,
    doubled: 0,
    positions: new Map([[SENDER, 3]]),
  });
  assert.throws(() => verifyUnacked(all), /message 1 of 256 .* never acknowledged/);
  assert.throws(
    () => verifyUnacked(acknowledger(RECEIVER, [[0, 1, "done"], [2, 1, "done"]])),
    /message 1 of 256 was committed, delivered 0 times/,
  );
});

Deno.test("a message that a socket has not settled is redelivered only when the socket is gone", () => {
  const holds: Parameters<typeof acknowledger>[1] = [[0, 1, "done"], [1, 1], [2, 1, "done"]];
  const other = acknowledger(OTHER, [[1, 2, "done"]]);
  assert.throws(() => verifyUnacked(acknowledger(RECEIVER, holds), other), /still holds 1 of 256/);
  assert.equal(verifyUnacked(acknowledger(RECEIVER, holds, DEAD), other).redelivered, 1);
});

Deno.test("a message is done twice only if a puller died while it received it", () => {
  const all = acknowledger(RECEIVER, [[0, 1, "done"], [1, 1, "done"], [2, 1, "done"]]);
  const again = acknowledger(OTHER, [[1, 2, "done"]]);
  const inFlight = { limit: 1, began: 5 };
  const died = acknowledger(OTHER + 256, [], { ...DEAD, inFlight });
  assert.throws(() => verifyUnacked(all, again), /1 messages were done twice, and 0 pullers died/);
  assert.equal(verifyUnacked(all, again, died).doubled, 1);
  const late = acknowledger(OTHER, [[2, 1, "done"], [1, 2]], { killedAt: 190, deadAt: 191 });
  const first = acknowledger(RECEIVER, [[0, 1, "done"], [1, 1, "done"]]);
  assert.throws(() => verifyUnacked(first, late), /1 messages were done twice/);
});

Deno.test("an acknowledgement that a kill interrupted may have happened or not", () => {
  const doubt = acknowledger(RECEIVER, [[0, 1, "done"], [1, 1, "done"], [2, 1, "in doubt"]], DEAD);
  assert.equal(verifyUnacked(doubt).delivered, 3);
  assert.equal(verifyUnacked(doubt, acknowledger(OTHER, [[2, 2, "done"]])).doubled, 0);
});

Deno.test("a wrong count of deliveries is found", () => {
  const rest = acknowledger(RECEIVER, [[0, 1, "done"], [1, 1, "returned"], [2, 1, "done"]]);
  const second = (deliveries: number) => acknowledger(OTHER, [[1, deliveries, "done"]]);
  assert.throws(() => verifyUnacked(rest, second(1)), /with the counts 1 to .*, 1 to/);
  assert.throws(() => verifyUnacked(rest, second(0)), /with the counts 1 to .*, 0 to/);
  assert.throws(() => verifyUnacked(rest, second(3)), /1 deliveries were counted without a record/);
  const died = acknowledger(OTHER + 256, [], { ...DEAD, inFlight: { limit: 1, began: 5 } });
  assert.equal(verifyUnacked(rest, second(3), died).redelivered, 1);
});

Deno.test("of a message that was done twice, each of the two has its own counts", () => {
  const first = acknowledger(RECEIVER, [
    [0, 1, "done"],
    [1, 1, "returned"],
    [1, 2, "done"],
    [1, 2, "done"],
    [2, 1, "done"],
  ]);
  const died = acknowledger(OTHER, [], { ...DEAD, inFlight: { limit: 1, began: 5 } });
  assert.throws(() => verifyUnacked(first), /1 messages were done twice, and 0 pullers died/);
  assert.equal(verifyUnacked(first, died).doubled, 1);
});

Deno.test("first deliveries are in order, redeliveries need not be", () => {
  const verifyOne = (deeds: Parameters<typeof acknowledger>[1]) =>
    verifyUnacked(acknowledger(RECEIVER, deeds));
  assert.throws(
    () => verifyOne([[0, 1, "done"], [2, 1, "done"], [1, 1, "done"]]),
    /message 1 of 256 was taken .* after a later one/,
  );
  verifyOne([[0, 1, "done"], [1, 1, "returned"], [2, 1, "done"], [1, 2, "done"]]);
  assert.throws(() => verifyOne([[0, 1, "done"], [1, 1, "done"], [2, 1, "done"], [3, 1, "done"]]));
});

Deno.test("openings count, except the first of a process, unfinished ones, and stopped processes", () => {
  const entries = [opened(SENDER, 0), entry(OPENED, SENDER + 1, 0, 0, 10, 1500)];
  const unfinished = entry(OPENED, SENDER + 2, 0, 0, 2000, 0);
  assert.deepEqual(openingsOf([record("pusher", [...entries, unfinished])]), [1490]);
  const stops = [{ from: 5, until: 1400 }];
  assert.deepEqual(openingsOf([record("pusher", entries, { stops })]), []);
});

Deno.test("of a time only what the machine may have taken in one as long is not counted", () => {
  const samples = [[0, 0], [100, 0], [1000, 0], [1100, 700], [1200, 800], [3000, 800], [3100, 900]]
    .map(([atMs, delayedMs]) => ({ atMs, delayedMs }));
  assert.equal(leastOf(1500, []), 1500);
  assert.equal(leastOf(1500, samples.slice(0, 1)), 1500);
  assert.equal(leastOf(1500, samples), 700);
  assert.equal(leastOf(2200, samples), 1300);
  assert.equal(leastOf(3500, samples), 2600);
  assert.equal(leastOf(500, samples), 0);
});

const NEWS = { positions: new Map(), missed: new Map() };

Deno.test("a subscriber must count the messages that it does not get", () => {
  const verifyNews = (sequences: number[], missed: number) =>
    verifyBroadcast([sender("publisher"), receiver("subscriber", sequences, { missed })], NEWS);
  // The subscriber attached first: all three are for it.
  const first = [opened(SENDER, 8), sent(0, 3, 10)];
  const publisher = record("publisher", first);
  const verifyAll = (sequences: number[], missed: number) =>
    verifyBroadcast([publisher, receiver("subscriber", sequences, { missed })], NEWS);
  assert.equal(verifyAll([0, 1, 2], 0).delivered, 3);
  assert.equal(verifyAll([0, 2], 1).missed, 1);
  assert.equal(verifyAll([], 3).missed, 3);
  assert.throws(() => verifyAll([0, 2], 0), /counts 0 messages as missed, and 1 to 1 are/);
  assert.throws(() => verifyAll([0, 1], 0), /counts 0 messages as missed, and 1 to 1 are/);
  assert.throws(() => verifyAll([0, 1, 2], 1), /counts 1 messages as missed, and 0 to 0 are/);
  assert.throws(() => verifyNews([0, 2, 1], 0), /got message 1 of 256 after 2/);
  assert.throws(() => verifyNews([0, 1, 2, 3], 0), /message 3 of 256 was delivered/);
});

Deno.test("a subscriber gets no message that was sent before it attached", () => {
  const late = record("subscriber", [opened(RECEIVER, 100), received(1, 120)]);
  assert.throws(
    () => verifyBroadcast([sender("publisher"), late], NEWS),
    /sent before it attached/,
  );
});

Deno.test("a subscriber that got nothing is checked as well", () => {
  const idle = record("subscriber", [], { openStream: RECEIVER });
  const positions = new Map([[SENDER, 0]]);
  assert.throws(
    () => verifyBroadcast([record("publisher", [sent(0, 3, 10)]), idle], { ...NEWS, positions }),
    /counts 0 messages as missed, and 3 to 3 are/,
  );
});

Deno.test("a late subscriber gets or misses all that was ever sent, if it asks for all", () => {
  const all = RECEIVER;
  const some = RECEIVER + 1;
  const late = (stream: number, sequences: number[], missed: number) =>
    record("latecomer", [
      opened(stream, 100),
      ...sequences.map((n) => entry(RECEIVED, stream, SENDER, n, 120 + n)),
    ], { missed });
  const verify = (...subscribers: Record[]) =>
    verifyHistory([sender("publisher"), ...subscribers], noHistory());
  const { state } = verify(late(all, [0, 1, 2], 0));
  assert.equal(verify(late(all, [1, 2], 1)).missed, 1);
  assert.equal(verify(late(all, [], 3)).missed, 3);
  assert.equal(verify(late(some, [2], 0), late(all, [2], 2)).delivered, 2);
  const COUNTS = /counts \d messages as missed, and \d to \d are/;
  assert.throws(() => verify(late(all, [1, 2], 0)), COUNTS);
  assert.throws(() => verify(late(all, [0, 2], 0)), COUNTS);
  assert.throws(() => verify(late(some, [0, 2], 0)), COUNTS);
  assert.throws(() => verify(late(all, [0, 1, 2], 1)), COUNTS);
  assert.throws(() => verify(late(all, [0, 2, 1], 0)), /got message 1 of 256 after 2/);
  assert.throws(() => verify(late(all, [0, 1, 1, 2], 0)), /got message 1 of 256 after 1/);
  assert.throws(() => verify(late(all, [3], 0)), /message 3 of 256, which was never sent/);
  // In the next round the publisher has ended, and what it sent is still there.
  const next = (...subscribers: Record[]) => verifyHistory(subscribers, state);
  assert.equal(next(late(all + 4, [0, 1, 2], 0)).delivered, 3);
  assert.throws(() => next(late(all + 4, [1, 2], 0)), COUNTS);
  assert.equal(next(record("latecomer", [], { openStream: all })).delivered, 0);
});

const asked = (outcome: number, end?: number) => entry(REQUESTED, SENDER, 0, outcome, 10, end);
const handled = (stream: number, end?: number) => entry(HANDLED, stream, SENDER, 0, 12, end);
const requester = (request: Entry) => record("requester", [request]);
const replier = (handling: Entry, more?: Partial<Record>) =>
  record("replier", [handling], { name: `replier ${handling.stream}`, ...more });
const DEAD = { killedAt: 15, deadAt: 16 };

Deno.test("a request that is handled twice, never ends, or gets a reply from no replier is found", () => {
  const once = replier(handled(1));
  assert.equal(verifyRequests([requester(asked(REPLIED)), once]).replied, 1);
  assert.throws(
    () => verifyRequests([requester(asked(REPLIED)), once, replier(handled(2))]),
    /request 0 of 256 was handled by replier 1 and by replier 2/,
  );
  assert.throws(() => verifyRequests([requester(asked(0, 0)), once]), /never ended/);
  assert.throws(() => verifyRequests([requester(asked(REPLIED))]), /was never handled/);
  assert.throws(() => verifyRequests([once]), /which was never sent/);
});

Deno.test("a request is lost only with a dead replier that had not replied to it", () => {
  const lost = requester(asked(LOST, 40));
  const verdict = verifyRequests([lost, replier(handled(1, 0), DEAD)]);
  assert.deepEqual(verdict, { replied: 0, lost: 1, lostAfterMs: [25] });
  assert.throws(() => verifyRequests([lost, replier(handled(1, 0))]), /which had it, lives/);
  assert.throws(
    () => verifyRequests([lost, replier(handled(1), DEAD)]),
    /had replied to it before/,
  );
  assert.throws(() => verifyRequests([lost]), /no replier died with it/);
  const nothing = record("replier", [entry(CLOSED, 1, 0, 0, 1)], DEAD);
  assert.equal(verifyRequests([lost, nothing]).lost, 1, "it may have taken one without a record");
});

Deno.test("a torn, truncated, mixed or aborted message is found", () => {
  const label = { stream: SENDER, sequence: 11 };
  const whole = () => make(label, 4096);
  assert.deepEqual(verify(whole(), 4096), label);
  for (let at = 0; at < whole().length; at++) {
    const torn = whole();
    torn[at] ^= 1;
    assert.throws(() => verify(torn, 4096), /a message is torn|the wrong size/, `byte ${at}`);
  }
  assert.throws(() => verify(whole().subarray(0, -1), 4096), /torn at its beginning/);
  assert.throws(() => verify(new Uint8Array(3), 4096), /shorter than the shortest/);
  const longer = new Uint8Array(sizeOf(label, 4096) + 1);
  fill(longer, label);
  assert.throws(() => verify(longer, 4096), /the wrong size/);
  const aborted = whole();
  fillAborted(aborted, label);
  assert.throws(() => verify(aborted, 4096), /an aborted loan was delivered/);
});
