/**
 * A lane of a queue as a model: a writer and its successor, and receivers that take what it commits.
 *
 * @module
 */

import type { Actor, Model, Program, State } from "./explore.ts";
import {
  cellAt,
  countPoll,
  type Lane,
  type LaneOptions,
  laneParties,
  newLane,
  type Poller,
  type Writer,
} from "./lane.ts";

/** A queue's lane, and the messages that were taken, in their order. */
interface QueueLane extends Lane {
  received: { position: number; payload: number }[];
}

interface Receiver extends Actor {
  start: number;
  position: number;
  /** Where the next record will lie as far as it knows, -1 if it does not. */
  known: number;
  batch: number[];
}

type Party = Writer & Receiver & Poller;

/** Parameters of an exploration. */
export interface QueueOptions extends LaneOptions {
  /** Most messages of one call. */
  most: number;
}

/** The model of a queue. */
export function queueModel(options: QueueOptions): Model<QueueLane, Party> {
  const receiver: Receiver = {
    at: "poll",
    isDead: false,
    start: 0,
    position: 0,
    known: -1,
    batch: [],
  };
  const { actors, programs } = laneParties("queue", options, receiver, receiving(options));
  return {
    initial: { words: { ...newLane(options.size), received: [] }, actors },
    programs,
    idle: ["wait", "claim", "poll", "end"],
    killable: options.polls.map((_, taker) => taker + 2).concat(0),
    check,
    checkEnd,
    forget: ({ words }) => void Object.assign(words, { committed: [], received: [] }),
  };
}

function receiving({ most, mistake }: QueueOptions): Program<QueueLane, Party> {
  const blind = mistake === "moves the tail without comparing";
  const hasty = mistake === "copies before it sees the head";
  return {
    poll: (_words, me) =>
      me.polls === 0 ? [{ then: "end" }] : [
        { then: "seek", act: (words, taker) => enter(taker, words.tail) },
        // A receiver that knows where the next record will lie copies it before it checks it.
        ...(me.known < 0 ? [] : [{
          then: hasty ? "copyEarly" : "look",
          act: (_words: QueueLane, taker: Party) => enter(taker, taker.known),
        }]),
      ],
    look: (words, me) =>
      me.position === words.head
        ? [{ then: "poll", act: (_words, taker) => countPoll(taker) }]
        : [{ then: "copyEarly" }],
    copyEarly: () => [{
      then: "check",
      act: (words, taker) => taker.batch.push(cellAt(words, taker.position).payload),
    }],
    check: (words, me) =>
      me.position < words.head && cellAt(words, me.position).at === me.position
        ? [{ then: "copied", act: (_words, taker) => taker.position++ }]
        : [{ then: "poll", act: (_words, taker) => forget(taker) }],
    seek(words, me) {
      if (me.position === words.head) {
        return me.batch.length > 0
          ? [{ then: "copied" }]
          : [{ then: "poll", act: (_words, taker) => countPoll(taker) }];
      }
      return [{ then: cellAt(words, me.position).at === me.position ? "copy" : "doubt" }];
    },
    doubt(words, me) {
      if (words.tail === me.start) throw new Error(`record ${me.position} is incomplete`);
      return [{ then: "poll" }];
    },
    copy: (_words, me) =>
      ["copied", ...(me.batch.length + 1 < most ? ["seek"] : [])].map((then) => ({
        then,
        act(words: QueueLane, taker: Party) {
          taker.batch.push(cellAt(words, taker.position++).payload);
        },
      })),
    copied: () => [{ point: "TAKE_COPIED", then: "take", isOwn: true }],
    take: (words, me) =>
      words.tail === me.start || blind ? [{ point: "TAKE_MOVED", then: "poll", act: receive }] : [
        { then: "poll", act: (_words, taker) => forget(taker) },
        // A receiver that counts its attempts may look behind one that failed as well.
        { then: "poll", act: (_words, taker) => skipTo(taker, taker.position) },
      ],
  };
}

/** Begins to take what is at a position. */
function enter(me: Party, position: number): void {
  me.start = me.position = position;
  me.batch = [];
}

/** Another receiver was faster; the next record may lie behind what it took. */
function skipTo(me: Party, position: number): void {
  me.known = position;
  me.batch = [];
}

/** Another receiver was faster. */
function forget(me: Party): void {
  me.known = -1;
  me.batch = [];
}

function receive(words: QueueLane, me: Party): void {
  words.tail = me.known = me.position;
  countPoll(me);
  me.batch.forEach((payload, at) => words.received.push({ position: me.start + at, payload }));
  me.batch = [];
}

function check({ words }: State<QueueLane, Party>): void {
  const { received, committed, head, tail, ring } = words;
  if (tail > head || head - tail >= ring.length) throw new Error(`tail ${tail}, head ${head}`);
  for (const [at, { position, payload }] of received.entries()) {
    if (position !== at) throw new Error(`message ${position} was taken as number ${at}`);
    if (payload !== committed[position]) {
      throw new Error(`message ${position} was torn: ${payload}`);
    }
  }
}

/** Messages that were not taken are still complete, and counted after the next write. */
function checkEnd({ words, actors }: State<QueueLane, Party>): void {
  const { committed, head, tail, received, count } = words;
  if (committed.length !== head) throw new Error(`${committed.length} committed, head ${head}`);
  if (received.length !== tail) throw new Error(`${received.length} taken, tail ${tail}`);
  for (let position = tail; position < head; position++) {
    const { at, payload } = cellAt(words, position);
    if (at !== position || payload !== committed[position]) throw new Error(`${position} is lost`);
  }
  const isSettled = actors[1].at === "end" || !actors[0].isDead;
  if (isSettled && count !== head) throw new Error(`${count} counted, ${head} committed`);
}
