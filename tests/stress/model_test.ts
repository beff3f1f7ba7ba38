// The protocols of the rings as models, in every order of steps and with a death at any of them.

import assert from "node:assert/strict";
import { broadcastModel } from "./model/broadcast.ts";
import { type AttachGateMistake, attachGateModel } from "./model/attach_gate.ts";
import { explore, ModelViolation } from "./model/explore.ts";
import type { Mistake } from "./model/lane.ts";
import { type LatestMistake, latestModel } from "./model/latest.ts";
import { queueModel } from "./model/queue.ts";
import { type RequestMistake, requestModel } from "./model/requests.ts";
import { type ReturnsMistake, returnsModel } from "./model/returns.ts";

function exploreQueue(mistake?: Mistake): number {
  return explore(queueModel({ size: 3, plans: [[1, 2], [1]], polls: [2, 1], most: 2, mistake }));
}

function exploreBroadcast(mistake?: Mistake): number {
  const plans: [number[], number[]] = [[1, 2, 1], [1]];
  return explore(broadcastModel({ size: 3, plans, polls: [2], most: 2, mistake }));
}

/** A subscriber that gets what was sent before it joined, and one that gets the newest of it. */
function exploreHistory(mistake?: Mistake): number {
  const plans: [number[], number[]] = [[2, 2], [1]];
  const all = { size: 3, plans, polls: [2], most: 2, since: [9], mistake };
  const newest = { ...all, size: 4, since: [2], kept: 2 };
  return explore(broadcastModel(all)) + explore(broadcastModel(newest));
}

function exploreRequests(mistake?: RequestMistake): number {
  return explore(requestModel({ requests: 2, cancels: 1, polls: [2, 2], mistake }));
}

Deno.test("a queue loses, doubles and tears nothing in any order of steps", () => {
  assert.ok(exploreQueue() > 50_000);
});

Deno.test("a broadcast tears nothing and counts what is missed in any order of steps", () => {
  assert.ok(exploreBroadcast() > 20_000);
});

function exploreStreams(mistake?: RequestMistake): number {
  return explore(requestModel({ requests: 2, cancels: 1, polls: [2, 1], parts: 1, mistake }));
}

Deno.test("late subscribers get or miss what they ask for, in any order of steps", () => {
  assert.ok(exploreHistory() > 20_000);
});

Deno.test("a request ends in any order of steps, with its own reply or none", () => {
  assert.ok(exploreRequests() > 20_000);
});

Deno.test("the parts of a stream arrive once each and in order, in any order of steps", () => {
  assert.ok(exploreStreams() > 20_000);
});

function exploreAttachGate(mistake?: AttachGateMistake): number {
  return explore(attachGateModel({ attachments: [2, 2], mistake }));
}

Deno.test("the last actor to leave a segment deletes it in any order of steps, and none waits", () => {
  assert.ok(exploreAttachGate() > 30_000);
  assert.ok(explore(attachGateModel({ attachments: [1, 1, 1], killable: [] })) > 100_000);
});

function exploreWithoutRename(mistake?: AttachGateMistake): number {
  return explore(attachGateModel({ attachments: [2, 2], hasLock: true, mistake }));
}

Deno.test("no younger segment is removed where a lock takes the place of the rename", () => {
  assert.ok(exploreWithoutRename() > 30_000);
});

function testMistake<M>(who: string, mistake: M, explore: (mistake: M) => number, found: RegExp) {
  Deno.test(`the exploration finds a ${who} that ${mistake}`, () => {
    assert.throws(() => explore(mistake), (error) => {
      assert.ok(error instanceof ModelViolation, String(error));
      assert.match(error.message, found);
      return true;
    });
  });
}

const TORN = /^message \d+ (was|is) torn/;
testMistake("pusher", "commits before it copies", exploreQueue, TORN);
testMistake(
  "pusher",
  "publishes the count before the head",
  exploreQueue,
  /^\d counted, \d committed/,
);
testMistake("puller", "moves the tail without comparing", exploreQueue, /was taken as number/);
testMistake("puller", "copies before it sees the head", exploreQueue, TORN);
testMistake("publisher", "commits before it copies", exploreBroadcast, TORN);
testMistake("publisher", "publishes the count before the head", exploreBroadcast, /is incomplete/);
testMistake("publisher", "overwrites before it moves the tail", exploreBroadcast, /is incomplete/);
testMistake("subscriber", "does not check the tail again", exploreBroadcast, TORN);
testMistake("subscriber", "copies before it sees the head", exploreBroadcast, TORN);
testMistake(
  "publisher",
  "evicts its history for what is staged",
  exploreHistory,
  /^\d messages are kept of 2/,
);
testMistake(
  "subscriber",
  "does not count what is gone of the history",
  exploreHistory,
  /received and \d missed/,
);
testMistake(
  "subscriber",
  "goes on where it was lapped on its way to the history",
  exploreHistory,
  /received and \d missed/,
);
testMistake(
  "subscriber",
  "takes the count at the tail without comparing",
  exploreHistory,
  /is incomplete|received and \d missed/,
);
testMistake(
  "replier",
  "moves the tail before it takes the slot",
  exploreRequests,
  /^request \d, which is queued, is waited for in vain/,
);
testMistake(
  "requester",
  "frees a slot while a reply is written",
  exploreRequests,
  /^request \d got the reply to \d/,
);
testMistake(
  "requester",
  "waits for an announcement only",
  exploreRequests,
  /^request \d, which is done, is waited for in vain/,
);
testMistake(
  "requester of a stream",
  "returns a part before it has read it",
  exploreStreams,
  /^request \d got part /,
);
testMistake(
  "replier of a stream",
  "looks at the slot twice",
  exploreStreams,
  /^request \d, which is taken, is waited for in vain/,
);
testMistake(
  "newcomer",
  "attaches without counting",
  exploreAttachGate,
  /^actor \d has a closed segment/,
);
testMistake(
  "leaver",
  "checks before it releases its share",
  exploreAttachGate,
  /^the segment is left behind/,
);
testMistake(
  "leaver",
  "deletes the name and not the file",
  exploreAttachGate,
  /^actor \d has \d, the name/,
);
testMistake(
  "leaver",
  "clears a tombstone that others still check",
  exploreAttachGate,
  /^actor \d has \d, the name/,
);
testMistake(
  "leaver",
  "removes the name without the lock",
  exploreWithoutRename,
  /^actor \d has \d, the name/,
);

/** Two pullers: the first returns messages, the second takes them. */
function exploreNack(mistake?: ReturnsMistake): number {
  return explore(returnsModel({ messages: 2, sends: 0, pullers: [[1, 0], [0, 0]], mistake }));
}

function exploreDelay(mistake?: ReturnsMistake): number {
  return explore(returnsModel({ messages: 1, sends: 0, pullers: [[1, 1], [0, 0]], mistake }));
}

Deno.test("what is returned is behind what waited, and found, in any order of steps", () => {
  assert.ok(exploreNack() > 20_000);
  const whileSending = { messages: 1, sends: 1, pullers: [[1, 0], [0, 0]] } as const;
  assert.ok(explore(returnsModel(whileSending)) > 40_000);
});

Deno.test("what is returned with a delay is found, also after a close, in any order of steps", () => {
  assert.ok(exploreDelay() > 5_000);
});

const IN_VAIN = /^\d, which was returned, is waited for in vain/;
testMistake("puller", "returns without a place", exploreNack, /^it overtook what waited/);
testMistake(
  "puller",
  "takes what was returned without comparing",
  exploreNack,
  /^\d is held twice/,
);
testMistake("puller", "does not announce what the dead held", exploreNack, IN_VAIN);
testMistake("puller", "forgets a delayed message at the close", exploreDelay, /^\d is lost/);
testMistake(
  "puller",
  "looks up the returns after it has looked for them",
  exploreDelay,
  IN_VAIN,
);

/** Two writers and a reader, and cells enough for both. */
function exploreLatest(mistake?: LatestMistake): number {
  return explore(latestModel({ writes: [1, 1], reads: [1], cells: 3, collects: 0, mistake }));
}

/** Two writers, of which one may die, and what it leaves is collected. */
function exploreCollecting(mistake?: LatestMistake): number {
  return explore(latestModel({ writes: [1, 1], reads: [], cells: 3, collects: 1, mistake }));
}

Deno.test("a latest value is read whole, and no update is lost, in any order of steps", () => {
  assert.ok(exploreLatest() > 10_000);
});

Deno.test("what dead writers leave is collected, and nothing else, in any order of steps", () => {
  assert.ok(exploreCollecting() > 10_000);
  const withReader = { writes: [2], reads: [1], cells: 2, collects: 1 };
  assert.ok(explore(latestModel(withReader)) > 5_000);
});

const VALUE_IS_FREE = /^the cell of the value is free/;
const READS_TORN = /^reader \d has a torn value/;
testMistake(
  "setter",
  "publishes before it has filled the cell",
  exploreLatest,
  /^the value is (torn|0 after 1 updates)/,
);
testMistake("setter", "publishes without comparing", exploreLatest, /^the value is 1 after 2/);
testMistake("setter", "frees the old cell before it publishes", exploreLatest, VALUE_IS_FREE);
testMistake("setter", "claims a cell without a new use", exploreLatest, READS_TORN);
testMistake(
  "setter",
  "marks a cell that is no longer its own",
  exploreLatest,
  /^2 cells are in use for one value/,
);
testMistake("reader", "copies without comparing the use", exploreLatest, READS_TORN);
testMistake("setter", "collects what a live writer fills", exploreCollecting, VALUE_IS_FREE);
testMistake("setter", "collects without looking at the bucket", exploreCollecting, VALUE_IS_FREE);
