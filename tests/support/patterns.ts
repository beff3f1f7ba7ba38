/**
 * The patterns as several participants see them who share no thread: the same tests for processes
 * on a segment and for workers on a local channel.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ChannelOptions, LocalHandle } from "../../mod.ts";
import type { SocketRole } from "./programs/actions.ts";
import type { ReceiveMode, RequestMode, SendMode } from "./programs/actions.ts";
import { type Peer, PeerError } from "./peer.ts";
import { type SegmentLocation, untilDrained } from "./segment.ts";

/** A channel and a way to start those who use it. */
export interface Stage {
  target: string | LocalHandle;
  options: ChannelOptions;
  location: SegmentLocation;
  /** Starts a peer, which ends with the test. */
  peer(): Peer;
}

/** Runs a test on a new channel. */
export type OnStage = (test: (stage: Stage) => Promise<void>) => Promise<void>;

const MESSAGES = 200;

/** Defines the tests. */
export function definePatternTests(who: string, onStage: OnStage): void {
  const define = (name: string, test: (stage: Stage) => Promise<void>) =>
    Deno.test(`${who}: ${name}`, () => onStage(test));

  for (const mode of ["sync", "async", "iterate", "drain"] as const) {
    define(
      `a subscriber that attaches first receives (${mode}) what a publisher sends in order`,
      (stage) => subscriberFirst(stage, mode),
    );
  }
  define("a subscriber that attaches after its publisher receives from then on", publisherFirst);
  define("three subscribers receive every message each", broadcast);

  for (const mode of ["sync", "async", "try", "drain"] as const) {
    define(
      `a puller that attaches first receives (${mode}) what a pusher sends in order`,
      (stage) => pullerFirst(stage, mode),
    );
  }
  define("a puller that attaches after its pusher receives what waits for it", pusherFirst);
  for (const mode of ["sync", "async"] as const) {
    define(
      `a pusher waits (${mode}) for space, and nothing is lost`,
      (stage) => backpressure(stage, mode),
    );
  }
  define("three pushers and three pullers keep each pusher's order, exactly once", manyToMany);

  for (const mode of ["sync", "async", "burst", "two-step"] as const) {
    define(
      `a requester that attaches first gets its replies (${mode})`,
      (stage) => requesterFirst(stage, mode),
    );
  }
  define("a requester that attaches after its replier gets its replies", replierFirst);
  for (const mode of ["sync", "async"] as const) {
    define(
      `two requesters get their own replies from two repliers (${mode})`,
      (stage) => requests(stage, mode),
    );
  }
  define("a handler that throws fails the one request, with its message", failedRequest);
}

/** Starts a peer with one socket, whose id is its role. */
export async function peerAs(stage: Stage, role: SocketRole): Promise<Peer> {
  const peer = stage.peer();
  const { target, options } = stage;
  await peer.execute({ do: "open", id: role, role, target, options });
  return peer;
}

function range(producer: number, count: number) {
  return Array.from({ length: count }, (_, n) => ({ p: producer, n }));
}

async function subscriberFirst(stage: Stage, mode: ReceiveMode): Promise<void> {
  const subscriber = await peerAs(stage, "subscriber");
  await subscriber.start({ do: "receive", id: "subscriber", mode, count: MESSAGES });
  const publisher = await peerAs(stage, "publisher");
  await publisher.execute({ do: "sendRange", id: "publisher", producer: 1, count: MESSAGES });
  assert.deepEqual(await subscriber.result(), range(1, MESSAGES));
}

async function publisherFirst(stage: Stage): Promise<void> {
  const publisher = await peerAs(stage, "publisher");
  await publisher.execute({ do: "send", id: "publisher", values: ["unheard"] });
  for (const mode of ["sync", "async"] as const) {
    const subscriber = await peerAs(stage, "subscriber");
    await subscriber.start({ do: "receive", id: "subscriber", mode, count: 2 });
    await publisher.execute({ do: "send", id: "publisher", values: ["a", "b"] });
    assert.deepEqual(await subscriber.result(), ["a", "b"]);
  }
}

async function broadcast(stage: Stage): Promise<void> {
  const publisher = await peerAs(stage, "publisher");
  const modes = ["sync", "async", "iterate"] as const;
  const subscribers = await Promise.all(modes.map(() => peerAs(stage, "subscriber")));
  for (const [i, mode] of modes.entries()) {
    await subscribers[i].start({ do: "receive", id: "subscriber", mode, count: 3000 });
  }
  await publisher.execute({
    do: "sendRange",
    id: "publisher",
    producer: 7,
    count: 3000,
    perPause: 50,
  });
  for (const subscriber of subscribers) {
    assert.deepEqual(await subscriber.result(), range(7, 3000));
    const { missed, received } = await subscriber.execute<{ missed: number; received: number }>({
      do: "statistics",
      id: "subscriber",
    });
    assert.deepEqual({ missed, received }, { missed: 0, received: 3000 });
  }
}

async function pullerFirst(stage: Stage, mode: ReceiveMode): Promise<void> {
  const puller = await peerAs(stage, "puller");
  await puller.start({ do: "receive", id: "puller", mode, count: MESSAGES });
  const pusher = await peerAs(stage, "pusher");
  await pusher.execute({ do: "sendRange", id: "pusher", producer: 1, count: MESSAGES });
  assert.deepEqual(await puller.result(), range(1, MESSAGES));
}

async function pusherFirst(stage: Stage): Promise<void> {
  const pusher = await peerAs(stage, "pusher");
  for (const mode of ["sync", "async", "iterate", "try", "drain"] as const) {
    await pusher.execute({ do: "sendRange", id: "pusher", producer: 2, count: 50, mode: "many" });
    const puller = await peerAs(stage, "puller");
    await puller.start({ do: "receive", id: "puller", mode, count: 50 });
    assert.deepEqual(await puller.result(), range(2, 50));
    await puller.execute({ do: "close" });
  }
}

async function backpressure(stage: Stage, mode: SendMode): Promise<void> {
  const small = { ...stage, options: { ...stage.options, capacityBytes: stageCapacity(stage) } };
  const pusher = await peerAs(small, "pusher");
  const puller = await peerAs(small, "puller");
  await pusher.start({ do: "sendRange", id: "pusher", producer: 1, count: 5000, mode });
  await puller.start({ do: "receive", id: "puller", mode: "sync", count: 5000 });
  assert.equal(await pusher.result(), 5000);
  assert.deepEqual(await puller.result(), range(1, 5000));
}

/** A local channel has the capacity that it was made with. */
function stageCapacity(stage: Stage): number | undefined {
  return typeof stage.target === "string" ? 4096 : undefined;
}

interface Message {
  p: number;
  n: number;
}

async function manyToMany(stage: Stage): Promise<void> {
  const producers = [0, 1, 2];
  const each = 2000;
  const pushers = await Promise.all(producers.map(() => peerAs(stage, "pusher")));
  const pullers = await Promise.all(producers.map(() => peerAs(stage, "puller")));
  const modes = ["sync", "async", "sync"] as const;
  for (const [i, puller] of pullers.entries()) {
    await puller.start({ do: "receive", id: "puller", mode: modes[i] });
  }
  for (const [producer, pusher] of pushers.entries()) {
    const mode = producer === 1 ? "async" : "sync";
    await pusher.start({ do: "sendRange", id: "pusher", producer, count: each, mode });
  }
  for (const pusher of pushers) assert.equal(await pusher.result(), each);
  // With all messages taken, each puller that takes a "stop" leaves the next one to another.
  await untilDrained(stage.location);
  await pushers[0].execute({ do: "send", id: "pusher", values: ["stop", "stop", "stop"] });
  const taken = await Promise.all(pullers.map((puller) => puller.result<Message[]>()));
  for (const messages of taken) assertProducersInOrder(messages);
  const all = taken.flat().sort((a, b) => a.p - b.p || a.n - b.n);
  assert.deepEqual(all, producers.flatMap((producer) => range(producer, each)));
}

function assertProducersInOrder(messages: Message[]): void {
  const last = new Map<number, number>();
  for (const { p, n } of messages) {
    assert.ok(
      n > (last.get(p) ?? -1),
      `message ${n} of producer ${p} arrived after ${last.get(p)}`,
    );
    last.set(p, n);
  }
}

async function requesterFirst(stage: Stage, mode: RequestMode): Promise<void> {
  const requester = await peerAs(stage, "requester");
  const values = Array.from({ length: 100 }, (_, n) => n);
  await requester.start({ do: "request", id: "requester", mode, values });
  const replier = await peerAs(stage, "replier");
  await replier.start({ do: "reply", id: "replier", mode: "serve", name: "r" });
  assert.deepEqual(await requester.result(), values.map((of) => ({ by: "r", of })));
  await stopRepliers(requester, [replier]);
}

async function replierFirst(stage: Stage): Promise<void> {
  for (const mode of ["serve", "sync", "async"] as const) {
    const replier = await peerAs(stage, "replier");
    await replier.start({ do: "reply", id: "replier", mode, name: mode });
    const requester = await peerAs(stage, "requester");
    const asked = { do: "request", id: "requester", mode: "async", values: [1, 2] } as const;
    assert.deepEqual(await requester.execute(asked), [{ by: mode, of: 1 }, { by: mode, of: 2 }]);
    await stopRepliers(requester, [replier]);
    await replier.execute({ do: "close" });
    await requester.execute({ do: "close" });
  }
}

async function requests(stage: Stage, mode: "sync" | "async"): Promise<void> {
  const repliers = await Promise.all([0, 1].map(() => peerAs(stage, "replier")));
  for (const [i, replier] of repliers.entries()) {
    await replier.start({ do: "reply", id: "replier", mode, name: `r${i}` });
  }
  const requesters = await Promise.all([0, 1].map(() => peerAs(stage, "requester")));
  const values = (i: number) => Array.from({ length: 500 }, (_, n) => `${i}/${n}`);
  for (const [i, requester] of requesters.entries()) {
    await requester.start({ do: "request", id: "requester", mode, values: values(i) });
  }
  for (const [i, requester] of requesters.entries()) {
    const replies = await requester.result<{ by: string; of: string }[]>();
    assert.deepEqual(replies.map((reply) => reply.of), values(i));
  }
  const handled = await stopRepliers(requesters[0], repliers);
  assert.equal(handled[0] + handled[1], 1000);
  assert.ok(Math.min(...handled) > 0, `one replier handled all: ${handled}`);
}

/** Each replier that takes a "stop" leaves the next one to another. */
async function stopRepliers(requester: Peer, repliers: Peer[]): Promise<number[]> {
  for (const _ of repliers) {
    await requester.execute({ do: "request", id: "requester", mode: "async", values: ["stop"] });
  }
  return await Promise.all(repliers.map((replier) => replier.result<number>()));
}

async function failedRequest(stage: Stage): Promise<void> {
  const replier = await peerAs(stage, "replier");
  await replier.start({ do: "reply", id: "replier", mode: "serve", name: "r" });
  const requester = await peerAs(stage, "requester");
  for (const mode of ["sync", "async"] as const) {
    await assert.rejects(
      requester.execute({ do: "request", id: "requester", mode, values: ["fail"] }),
      (error) =>
        error instanceof PeerError && error.kind === "ShmRemoteError" &&
        error.message.includes("no such thing"),
    );
    assert.deepEqual(
      await requester.execute({ do: "request", id: "requester", mode, values: ["well"] }),
      [{ by: "r", of: "well" }],
    );
  }
  await stopRepliers(requester, [replier]);
}
