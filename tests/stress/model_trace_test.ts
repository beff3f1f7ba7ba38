// What the ring does, seen at its failpoints, is what its models allow.

import assert from "node:assert/strict";
import {
  type Delivery,
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmTimeoutError,
  Subscriber,
} from "../../mod.ts";
import type { Attachment } from "../../lib/channel/attachment.ts";
import { TOMBSTONE_PREFIX } from "../../lib/platform/directory.ts";
import { platform } from "../../lib/platform/mod.ts";
import { broadcastModel } from "./model/broadcast.ts";
import {
  type AttachGateMistake,
  attachGateModel,
  type Directory,
  NONE,
} from "./model/attach_gate.ts";
import { checkRun, DEATH, type Event, ModelViolation } from "./model/explore.ts";
import type { Lane, Mistake } from "./model/lane.ts";
import { queueModel } from "./model/queue.ts";
import { type RequestMistake, requestModel, type Slot } from "./model/requests.ts";
import { type ReturnsMistake, returnsModel, type Words as ReturnWords } from "./model/returns.ts";
import { controlOffset } from "../../lib/segment/format.ts";
import { Random } from "../support/random.ts";
import * as layout from "../../wasm/layout.ts";
import { TestDirectory } from "../conformance/channel/directory.ts";
import { inScratch } from "../support/scratch.ts";
import { withSeed } from "../support/seed.ts";
import { withoutRenameNew } from "../support/without_rename.ts";
import { laneWords, RECORD_BYTES, Tracer } from "../support/trace.ts";

const CAPACITY = 2048;
const RECORDS = CAPACITY / RECORD_BYTES;
/** Random runs that one test looks at. */
const TRACES = 20;
const MAX_AT_ONCE = 3;
/** After some messages that a receiver copies into a buffer, it knows where the next one will lie. */
const PLACED_AT_ONCE = 6;
const ENDLESS = -1;
const WRITER = 0;
const SUCCESSOR = 1;
const READERS = [2, 3];

const RAW = { codec: "raw" } as const;
const MESSAGE = new Uint8Array(RECORD_BYTES - 16);
const TARGET = new Uint8Array(RECORD_BYTES);

/** A channel whose publishers keep a history, and what its subscribers get of it. */
const HISTORY = 27;
const KEPT = HISTORY + 2;
const SINCE = [5, "oldest"] as const;

type Kind = "queue" | "broadcast" | "history" | "broadcast with topics";

/** A topic and a message that take as much of a ring as a message without a topic. */
const TOPIC = { topic: "pose.arm" };
const BEHIND_TOPIC = MESSAGE.subarray(layout.TOPIC_TEXT + TOPIC.topic.length);
/** The first subscriber receives such messages, the second one passes them. */
const CHOSEN = ["pose.*", "other"];

/** Failpoints that a writer passes in a lane of each kind. */
const COMMIT_POINTS = [
  "RECORD_SIZED",
  "CLAIM_WRITTEN",
  "COMMIT_BEGUN",
  "COMMIT_LAST",
  "COMMIT_PUBLISHED",
  "COMMIT_COUNTED",
];
const EVICT_POINTS = ["EVICT_COUNTED", "EVICT_MOVED"];
const WRITER_POINTS = {
  queue: COMMIT_POINTS,
  broadcast: [...COMMIT_POINTS, ...EVICT_POINTS],
  history: [...COMMIT_POINTS, ...EVICT_POINTS],
  "broadcast with topics": [...COMMIT_POINTS, ...EVICT_POINTS],
};
const QUEUE_POINTS = [...WRITER_POINTS.queue, "RECLAIM_OWNED", "TAKE_COPIED", "TAKE_MOVED"];
const BROADCAST_POINTS = [
  ...WRITER_POINTS.broadcast,
  "RECLAIM_OWNED",
  "TAKE_COPIED",
  "CURSOR_MOVED",
  "CURSOR_COUNTED",
];

const POINTS = {
  queue: QUEUE_POINTS,
  broadcast: BROADCAST_POINTS,
  history: [...BROADCAST_POINTS, "HISTORY_MOVED", "HISTORY_COUNTED"],
  "broadcast with topics": BROADCAST_POINTS,
};

function attachmentOf(socket: unknown): Attachment {
  return (socket as { attachment: Attachment }).attachment;
}

function laneOf({ last, head, count, tail, tailCount }: Lane): Record<string, number> {
  return { last, head, count, tail, tailCount };
}

/** Observed events, and the commits that the writer and its successor tried to make. */
interface Trace {
  events: Event[];
  plans: [number[], number[]];
}

/** True if the writer dies now, at a failpoint. */
type Fate = (point: string) => boolean;

/** Sends and receives on a lane at random, the one in the middle of the other, until the writer dies. */
async function traceLane(
  kind: Kind,
  random: Random,
  fate: Fate = () => random.chance(0.004),
): Promise<Trace> {
  using channel = LocalChannel.create({ capacityBytes: CAPACITY });
  const [Writer, Reader] = kind === "queue"
    ? [Pusher, Puller] as const
    : [Publisher, Subscriber] as const;
  const isHistory = kind === "history";
  const writing = isHistory
    ? { ...RAW, history: HISTORY, historyMessageBytes: MESSAGE.length }
    : RAW;
  const hasTopics = kind === "broadcast with topics";
  const reading = (who: number) => {
    const reader = READERS.indexOf(who);
    return {
      ...RAW,
      ...isHistory && { since: SINCE[reader] },
      ...hasTopics && { topics: [CHOSEN[reader]] },
    };
  };
  const plans: [number[], number[]] = [[], []];
  let writer: Pusher<Uint8Array> | Publisher<Uint8Array>;
  const readers = new Map<number, Puller<Uint8Array> | Subscriber<Uint8Array>>();
  let isOver = false;
  const tracer = new Tracer(
    POINTS[kind],
    () => laneWords(channel.handle, CAPACITY),
    (actor, at) => {
      if (random.chance(0.3)) actAnyOf(READERS.concat(WRITER));
      return actor === WRITER && !isOver && fate(at);
    },
  );
  const send = (who: number) => {
    const messages = random.between(1, MAX_AT_ONCE);
    plans[who].push(messages);
    return tracer.act(
      who,
      () =>
        writer instanceof Publisher && hasTopics
          ? writer.sendMany(Array(messages).fill(BEHIND_TOPIC), TOPIC)
          : writer.sendMany(Array(messages).fill(MESSAGE)),
    );
  };
  const receive = (who: number) => {
    const reader = readers.get(who);
    if (reader === undefined) {
      tracer.act(who, () => readers.set(who, new Reader<Uint8Array>(channel.handle, reading(who))));
    } else if (kind === "queue" && random.chance(0.3)) {
      const limit = random.between(1, MAX_AT_ONCE);
      tracer.act(who, () => reader.readMany(() => {}, { limit }));
    } else if (kind === "queue" && random.chance(0.5)) {
      tracer.act(who, () => reader.drain(random.between(1, MAX_AT_ONCE)));
    } else if (random.chance(0.5)) {
      const times = random.between(1, MAX_AT_ONCE);
      tracer.act(who, () => {
        for (let i = 0; i < times; i++) reader.tryRecv();
      });
    } else {
      const times = random.between(1, PLACED_AT_ONCE);
      tracer.act(who, () => {
        for (let i = 0; i < times; i++) reader.tryRecvInto(TARGET);
      });
    }
  };
  const actAnyOf = (actors: number[]) => {
    const free = actors.filter((actor) => !tracer.isActing(actor));
    if (free.length === 0 || isOver && free.includes(WRITER)) return;
    const actor = random.pick(free);
    if (actor !== WRITER) receive(actor);
    else if (!send(WRITER)) isOver = true;
  };
  await tracer.install();
  const dead = new Writer<Uint8Array>(channel.handle, writing);
  writer = dead;
  while (!isOver) actAnyOf([WRITER, ...READERS]);

  const { ring, index } = attachmentOf(dead);
  const agent = ring.isolateOf(index);
  tracer.act(SUCCESSOR, () => ring.reclaim(index, agent, agent));
  using successor = new Writer<Uint8Array>(channel.handle, writing);
  writer = successor;
  for (let i = 0; i < 10; i++) {
    send(SUCCESSOR);
    receive(random.pick(READERS));
  }
  for (const reader of readers.values()) reader.close();
  return { events: tracer.events, plans };
}

function checkLane(kind: Kind, { events, plans }: Trace, mistake?: Mistake): void {
  const polls = READERS.map(() => ENDLESS);
  const options = { size: RECORDS, plans, polls, most: MAX_AT_ONCE, mistake };
  if (kind === "queue") checkRun(queueModel(options), events, laneOf);
  // Nothing that is observed tells how many messages a subscriber has taken at once.
  else if (kind !== "history") {
    checkRun(broadcastModel({ ...options, most: 1 }), events, laneOf);
  } else {
    const since = SINCE.map((count) => count === "oldest" ? Number.MAX_SAFE_INTEGER : count);
    checkRun(broadcastModel({ ...options, most: 1, since, kept: KEPT }), events, laneOf);
  }
}

for (const kind of ["queue", "broadcast", "history", "broadcast with topics"] as const) {
  Deno.test(`what a ${kind} does at its failpoints is a run of its model`, () =>
    withSeed(async (seed) => {
      const points = new Set<string>();
      for (let n = 0; n < TRACES; n++) {
        const trace = await traceLane(kind, new Random(seed, n));
        checkLane(kind, trace);
        for (const { point } of trace.events) points.add(point);
      }
      assert.deepEqual(POINTS[kind].filter((point) => !points.has(point)), []);
    }));

  Deno.test(`a ${kind} whose writer died at any failpoint goes on as its model does`, () =>
    withSeed(async (seed) => {
      for (const point of WRITER_POINTS[kind]) {
        const random = new Random(seed);
        const trace = await traceLane(kind, random, (at) => at === point && random.chance(0.2));
        const ofWriter = trace.events.filter(({ actor }) => actor === WRITER);
        assert.deepEqual(ofWriter.slice(-2).map((event) => event.point), [point, DEATH]);
        checkLane(kind, trace);
      }
    }));

  Deno.test(`what a ${kind} does is no run of a model with a mistake, nor with an event more`, async () => {
    const trace = await traceLane(kind, new Random(1));
    assert.ok(trace.events.length > 50, `${trace.events.length} events`);
    const assertNoRun = (events: Event[], mistake?: Mistake) =>
      assert.throws(() => checkLane(kind, { ...trace, events }, mistake), ModelViolation);
    assertNoRun(trace.events, "publishes the count before the head");
    if (kind === "history") assertNoRun(trace.events, "evicts its history for what is staged");
    const published = trace.events.findIndex(({ point }) => point === "COMMIT_PUBLISHED");
    assertNoRun(trace.events.toSpliced(published, 1));
    assertNoRun(trace.events.toSpliced(published, 0, trace.events[published]));
  });
}

const REQUESTER = 0;
const REPLIERS = [1, 2];
const REQUEST_POINTS = [
  "REQUEST_QUEUED",
  "COMMIT_PUBLISHED",
  "REPLY_SEEN",
  "REQUEST_FREED",
  "REQUEST_CANCELLED",
  "REQUEST_TAKEN",
  "TAKE_COPIED",
  "TAKE_MOVED",
  "REPLY_BEGUN",
  "REPLY_WRITTEN",
  "REPLY_CHECKSUMMED",
  "REPLY_DONE",
  "REPLY_ANNOUNCED",
];
const STATUSES = ["free", "queued", "taken", "writing", "done"];

/** Requests and replies at random; the requester cancels what has no reply at once. */
async function traceRequests(random: Random): Promise<Event[]> {
  using channel = LocalChannel.create({ capacityBytes: CAPACITY });
  const question = MESSAGE.subarray(layout.REQUEST_PREFIX_BYTES);
  let words = (): unknown => undefined;
  const repliers = new Map<number, Replier<Uint8Array, Uint8Array>>();
  const tracer = new Tracer(REQUEST_POINTS, () => words(), () => {
    if (random.chance(0.5)) reply();
    return false;
  });
  const reply = () => {
    const free = REPLIERS.filter((replier) => !tracer.isActing(replier));
    if (free.length === 0) return;
    const who = random.pick(free);
    tracer.act(who, () => {
      const replier = repliers.get(who)!;
      if (replier.tryRecv() !== undefined) replier.send(MESSAGE);
    });
  };
  await tracer.install();
  using requester = new Requester<Uint8Array, Uint8Array>(channel.handle, RAW);
  words = slotWords(requester, channel);
  for (const who of REPLIERS) repliers.set(who, new Replier(channel.handle, RAW));
  for (let i = 0; i < 40; i++) {
    tracer.act(REQUESTER, () => {
      try {
        requester.requestSync(question, { timeoutMs: 0 });
      } catch (error) {
        assert.ok(error instanceof ShmTimeoutError, String(error));
      }
    });
  }
  for (const replier of repliers.values()) replier.close();
  return tracer.events;
}

function slotWords(requester: unknown, channel: LocalChannel): () => unknown {
  const attachment = attachmentOf(requester);
  const regionOffset = attachment.fieldOffset(attachment.index, layout.PARTICIPANT_REGION);
  const view = () => new DataView(channel.handle.memory.buffer);
  const region = view().getUint32(regionOffset, true);
  const slot = region + layout.REQUEST_SLOTS;
  const first = view().getUint32(slot + layout.SLOT_STATE, true);
  return () => {
    const { head, tail } = laneWords(channel.handle, CAPACITY);
    return {
      status: STATUSES[view().getUint8(slot + layout.SLOT_STATE + 4)],
      generation: view().getUint32(slot + layout.SLOT_STATE, true) - first,
      isAnnounced: (view().getUint8(region + layout.REQUEST_DONE) & 1) === 1,
      head,
      tail,
    };
  };
}

function slotOf({ status, generation, isAnnounced, lane, tail }: Slot): unknown {
  return { status, generation, isAnnounced, head: lane.length, tail };
}

function checkRequests(events: readonly Event[], mistake?: RequestMistake): void {
  const polls = REPLIERS.map(() => ENDLESS);
  checkRun(requestModel({ requests: ENDLESS, cancels: ENDLESS, polls, mistake }), events, slotOf);
}

Deno.test("what requests do at their failpoints is a run of their model", () =>
  withSeed(async (seed) => {
    for (let n = 0; n < TRACES; n++) checkRequests(await traceRequests(new Random(seed, n)));
  }));

Deno.test("what requests do is no run of a model with a mistake", async () => {
  const events = await traceRequests(new Random(1));
  assert.throws(() => checkRequests(events, "moves the tail before it takes the slot"));
  assert.ok(events.some(({ point }) => point === "REQUEST_CANCELLED"));
  assert.ok(events.some(({ point }) => point === "REQUEST_FREED"));
});

const SENDER = 0;
const PULLERS = [1, 2, 3];
const RETURN_POINTS = [
  "COMMIT_PUBLISHED",
  "LEASE_ACQUIRED",
  "TAKE_MOVED",
  "LEASE_CANCELLED",
  "LEASE_ACKNOWLEDGED",
  "RETURN_MADE",
  "RETURN_ANNOUNCED",
  "RETURN_LEASED",
];
/** Messages of a trace, and how many of them lie in lease slots at once. */
const SENT = 20;
const LEASE_SLOTS = 8;

/** A lease slot that holds a message, which is known by its position, and where a returned one comes back. */
type Held = [message: number, status: "leased" | "returned", heads: number];

/** In an order of their own: who takes a message too late has leased it as well, in a slot of any number. */
function sortedHeld(held: Held[]): Held[] {
  return held.sort(([a, status, heads], [b, otherStatus, otherHeads]) =>
    a - b || Number(status < otherStatus) - Number(status > otherStatus) || heads - otherHeads
  );
}

function heldIn(memory: WebAssembly.Memory): Held[] {
  const view = new DataView(memory.buffer);
  const table = view.getUint32(controlOffset(CAPACITY) + layout.CONTROL_LEASE_TABLES, true);
  const held: Held[] = [];
  for (let n = 0; table !== 0 && n < layout.FIRST_LEASE_TABLE_SLOTS; n++) {
    const slot = table + n * layout.LEASE_SLOT_BYTES;
    const status = view.getUint8(slot + layout.LEASE_SLOT_STATE);
    const word = (offset: number) => Number(view.getBigUint64(slot + offset, true)) / RECORD_BYTES;
    const message = word(layout.LEASE_SLOT_POSITION);
    if (status === layout.LEASE_SLOT_LEASED) held.push([message, "leased", 0]);
    if (status === layout.LEASE_SLOT_RETURNED) {
      held.push([message, "returned", word(layout.LEASE_SLOT_HEADS)]);
    }
  }
  return sortedHeld(held);
}

/** Sends, takes, acknowledges and returns messages at random, the one in the middle of the other. */
async function traceReturns(random: Random): Promise<Event[]> {
  using channel = LocalChannel.create({ capacityBytes: CAPACITY });
  const { handle } = channel;
  const control = controlOffset(CAPACITY);
  const words = () => {
    const { head, tail } = laneWords(handle, CAPACITY);
    const returns = new DataView(handle.memory.buffer).getUint32(
      control + layout.CONTROL_RETURNS,
      true,
    );
    return { head, tail, returns: returns - firstReturns, held: heldIn(handle.memory) };
  };
  let sent = 0;
  const tracer = new Tracer(RETURN_POINTS, words, () => {
    if (random.chance(0.4)) actAnyOf();
    return false;
  });
  await tracer.install();
  using pusher = new Pusher<Uint8Array>(handle, RAW);
  const pullers = PULLERS.map(() => new Puller<Uint8Array>(handle, { ...RAW, ack: true }));
  const deliveries = new Map<number, Delivery<Uint8Array>>();
  const firstReturns = new DataView(handle.memory.buffer).getUint32(
    control + layout.CONTROL_RETURNS,
    true,
  );
  const send = () => {
    if (sent++ < SENT) tracer.act(SENDER, () => pusher.send(MESSAGE));
  };
  const pull = (who: number) => {
    const delivery = deliveries.get(who);
    deliveries.delete(who);
    if (delivery === undefined) {
      // A message that is being taken needs a slot, too.
      if (heldIn(handle.memory).length > LEASE_SLOTS - PULLERS.length) return;
      tracer.act(who, () => {
        const taken = pullers[who - 1].tryRecv();
        if (taken !== undefined) deliveries.set(who, taken);
      });
    } else tracer.act(who, () => random.chance(0.4) ? delivery.nack() : delivery.ack());
  };
  const actAnyOf = () => {
    const free = [SENDER, ...PULLERS].filter((actor) => !tracer.isActing(actor));
    if (free.length === 0) return;
    const actor = random.pick(free);
    if (actor === SENDER) send();
    else pull(actor);
  };
  for (let n = 0; n < 60; n++) actAnyOf();
  for (const puller of pullers) puller.close();
  return tracer.events;
}

function returnsOf({ head, tail, returns, slots }: ReturnWords): unknown {
  const held = slots.flatMap(({ status, message, heads }): Held[] =>
    status === "free" ? [] : [[message, status, heads]]
  );
  return { head, tail, returns, held: sortedHeld(held) };
}

function checkReturns(events: readonly Event[], mistake?: ReturnsMistake): void {
  const pullers = PULLERS.map(() => [ENDLESS, 0] as const);
  const options = { messages: 0, sends: ENDLESS, pullers, slots: LEASE_SLOTS, isNew: true };
  checkRun(returnsModel({ ...options, mistake }), events, returnsOf);
}

Deno.test("what pullers take, acknowledge and return at their failpoints is a run of the model", () =>
  withSeed(async (seed) => {
    const points = new Set<string>();
    for (let n = 0; n < TRACES / 4; n++) {
      const events = await traceReturns(new Random(seed, n));
      checkReturns(events);
      for (const { point } of events) points.add(point);
    }
    assert.deepEqual(RETURN_POINTS.filter((point) => !points.has(point)), []);
  }));

Deno.test("what pullers return is no run of a model with a mistake, nor with an event more or less", async () => {
  const events = await traceReturns(new Random(1));
  checkReturns(events);
  assert.throws(() => checkReturns(events, "returns without a place"), ModelViolation);
  for (const point of ["RETURN_ANNOUNCED", "RETURN_LEASED", "RETURN_MADE"]) {
    const at = events.findIndex((event) => event.point === point);
    assert.ok(at >= 0, point);
    assert.throws(() => checkReturns(events.toSpliced(at, 1)), ModelViolation, point);
    assert.throws(() => checkReturns(events.toSpliced(at, 0, events[at])), ModelViolation, point);
  }
});

const SHARE_CALLS = ["open", "share", "link", "unshare", "isSharedByOthers"] as const;
const ATTACH_GATE_CALLS = [...SHARE_CALLS, "renameNew"] as const;
/** Where a file system cannot rename without replacing. */
const LOCK_CALLS = [...SHARE_CALLS, "lock", "unlink"] as const;
type AttachGateCalls = typeof ATTACH_GATE_CALLS | typeof LOCK_CALLS;
const USERS = [0, 1, 2];
const CHANNEL = "gated";
const OTHER_CHANNEL = "other";

/** Files by the order in which they got the channel's name. */
class Files {
  readonly #dir: string;
  readonly #inodes: bigint[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** What the names of a directory stand for, and the attach gate of the one that the channel's name stands for. */
  words(): unknown {
    const names = [...Deno.readDirSync(this.#dir)].map(({ name }) => name);
    const tombstones = names.filter((name) => name.startsWith(TOMBSTONE_PREFIX))
      .map((name) => this.#inodes.indexOf(platform().status(`${this.#dir}/${name}`).inode));
    if (!names.includes(CHANNEL)) return { named: NONE, gate: 0, tombstones: tombstones.sort() };
    const path = `${this.#dir}/${CHANNEL}`;
    const { inode } = platform().status(path);
    if (!this.#inodes.includes(inode)) this.#inodes.push(inode);
    using file = Deno.openSync(path);
    const header = new Uint8Array(layout.HEADER_BYTES);
    file.readSync(header);
    const gate = new DataView(header.buffer).getInt32(layout.HEADER_ATTACH_GATE, true);
    const count = gate === layout.ATTACH_GATE_CLOSED ? -1 : gate;
    return { named: this.#inodes.indexOf(inode), gate: count, tombstones: tombstones.sort() };
  }
}

function attachGateOf({ files, named }: Directory): unknown {
  const tombstones = files.flatMap(({ tombstone }) => tombstone === NONE ? [] : [tombstone]);
  return { named, gate: named === NONE ? 0 : files[named].gate, tombstones: tombstones.sort() };
}

/** Opens and closes sockets at random, the one in the middle of the other. */
function traceAttachGate(
  random: Random,
  parent: string,
  calls: AttachGateCalls = ATTACH_GATE_CALLS,
): Event[] {
  using stay = new DisposableStack();
  // A directory of another spelling gives each an isolate of its own, as if it were alone.
  const dirs = USERS.map((user) => `${parent}${"/.".repeat(user)}`);
  // It stays open while others open and close: what an isolate does at its beginning and end is not traced.
  for (const dir of dirs) stay.use(new Publisher(OTHER_CHANNEL, { ...RAW, dir }));
  const files = new Files(parent);
  const sockets = new Map<number, Publisher<Uint8Array>>();
  // One that opens waits for the holder of the lock, which here cannot go on meanwhile.
  let holder: number | undefined;
  const tracer = new Tracer(calls, () => files.words(), (user, point) => {
    if (point === "lock") holder = user;
    if (random.chance(0.5)) act();
    return false;
  });
  const act = () => {
    const free = USERS.filter((user) => !tracer.isActing(user));
    if (free.length === 0 || holder !== undefined) return;
    const user = random.pick(free);
    tracer.act(user, () => {
      const socket = sockets.get(user);
      sockets.delete(user);
      if (socket) return socket.close();
      const options = { ...RAW, dir: dirs[user], capacityBytes: CAPACITY };
      sockets.set(user, new Publisher(CHANNEL, options));
    });
    if (holder === user) holder = undefined;
  };
  using _watch = tracer.watch(calls, concernsName);
  for (let i = 0; i < 30; i++) act();
  for (const [user, socket] of sockets) tracer.act(user, () => socket.close());
  return tracer.events;
}

/** True unless it is an unlink of a hidden name, or a lock that another has or that is none on a segment. */
function concernsName(call: string, args: unknown[], result: unknown): boolean {
  if (call === "unlink") return String(args[0]).endsWith(`/${CHANNEL}`);
  return call !== "lock" || args[1] === "exclusive" && result === true;
}

function checkAttachGate(
  events: readonly Event[],
  options: { hasLock?: boolean; mistake?: AttachGateMistake } = {},
): void {
  const attachments = USERS.map(() => ENDLESS);
  checkRun(attachGateModel({ attachments, ...options }), events, attachGateOf);
}

/** Runs a test in a directory, and keeps a socket open elsewhere. */
function besideSocket(test: (dir: string) => void): Promise<void> {
  return inScratch(({ path }) => {
    // The last socket removes the listeners for the end of the process: one stays open.
    using elsewhere = new TestDirectory();
    using _stays = new Publisher(CHANNEL, { dir: elsewhere.path });
    test(path);
    return Promise.resolve();
  });
}

function traceManyAttachGates(dir: string, calls: AttachGateCalls, hasLock: boolean): void {
  withSeed((seed) => {
    const points = new Set<string>();
    for (let n = 0; n < TRACES / 2; n++) {
      const events = traceAttachGate(new Random(seed, n), dir, calls);
      checkAttachGate(events, { hasLock });
      for (const { point } of events) points.add(point);
    }
    assert.deepEqual(calls.filter((call) => !points.has(call)), []);
  });
}

Deno.test("what processes do that attach to a segment and leave it is a run of the model", () =>
  besideSocket((dir) => traceManyAttachGates(dir, ATTACH_GATE_CALLS, false)));

Deno.test("the same is a run of the model where a lock takes the place of the rename", () =>
  besideSocket((dir) => withoutRenameNew(() => traceManyAttachGates(dir, LOCK_CALLS, true))));

Deno.test("removing a name under its lock is no run of a model without the lock", () =>
  besideSocket((dir) =>
    withoutRenameNew(() => {
      const events = traceAttachGate(new Random(1), dir, LOCK_CALLS);
      assert.throws(() => checkAttachGate(events), ModelViolation);
      const removed = events.findIndex(({ point }) => point === "unlink");
      const without = events.toSpliced(removed, 1);
      assert.throws(() => checkAttachGate(without, { hasLock: true }), ModelViolation);
    })
  ));

Deno.test("attaching and leaving is no run of a model with a mistake, nor with an event less", () =>
  besideSocket((dir) => {
    const events = traceAttachGate(new Random(1), dir);
    assert.throws(
      () => checkAttachGate(events, { mistake: "attaches without counting" }),
      ModelViolation,
    );
    const renamed = events.findIndex(({ point }) => point === "renameNew");
    assert.throws(() => checkAttachGate(events.toSpliced(renamed, 1)), ModelViolation);
  }));
