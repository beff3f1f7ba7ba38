/**
 * A lane of a broadcast as a model: a publisher and its successor, and subscribers that join at any time, some
 * of them with what was sent before.
 *
 * @module
 */

import type { Actor, Model, Program, State } from "./explore.ts";
import {
  cellAt,
  countByLast,
  countPoll,
  type Lane,
  type LaneOptions,
  laneParties,
  newLane,
  type Poller,
  type Writer,
} from "./lane.ts";

interface Reader extends Actor {
  /** Position at which it joined. */
  from: number;
  position: number;
  sequence: number;
  countFromLast: number;
  seenTail: number;
  seenHead: number;
  /** Payloads that were copied, from `position` on. */
  batch: number[];
  received: { position: number; payload: number }[];
  missed: number;
  /** Messages that it asks for from before it joined. */
  since: number;
  /** Position at which it joined, and true while it looks for what was sent before. */
  joined: number;
  isLate: boolean;
}

type Party = Writer & Reader & Poller;

const NEW_READER: Reader = {
  at: "join",
  isDead: false,
  from: 0,
  position: 0,
  sequence: 0,
  countFromLast: -1,
  seenTail: 0,
  seenHead: 0,
  batch: [],
  received: [],
  missed: 0,
  since: 0,
  joined: 0,
  isLate: false,
};

/** Parameters of an exploration. */
export interface BroadcastOptions extends LaneOptions {
  /** Most messages of one call. */
  most: number;
  /** Messages that each reader asks for from before it joined. Default: none. */
  since?: number[];
}

/** The model of a broadcast. */
export function broadcastModel(options: BroadcastOptions): Model<Lane, Party> {
  const reader = reading(options);
  const { actors, programs } = laneParties("broadcast", options, NEW_READER, reader);
  options.since?.forEach((since, at) => actors[2 + at].since = since);
  return {
    initial: { words: newLane(options.size), actors },
    programs,
    idle: ["wait", "claim", "seek", "end"],
    killable: [0],
    check: (state) => check(state, options.kept ?? 0),
    checkEnd: () => {},
    forget({ words, actors }) {
      words.committed = [];
      for (const reader of actors.slice(2)) reader.received = [];
    },
  };
}

function reading({ mistake, most }: BroadcastOptions): Program<Lane, Party> {
  const trusts = mistake === "does not check the tail again";
  const forgets = mistake === "does not count what is gone of the history";
  const continues = mistake === "goes on where it was lapped on its way to the history";
  const guesses = mistake === "takes the count at the tail without comparing";
  const hasty = mistake === "copies before it sees the head";
  return {
    join: () => [{
      point: "CURSOR_MOVED",
      then: "joinLast",
      act: (words, me) => me.position = words.head,
    }],
    joinLast: () => [{
      then: "joinCount",
      act: (words, me) => readLast(words, me, me.position),
    }],
    joinCount: () => [{
      point: "CURSOR_COUNTED",
      then: "joinAgain",
      act: (words, me) => me.sequence = me.countFromLast < 0 ? words.count : me.countFromLast,
    }],
    joinAgain: (words, me) =>
      words.head === me.position
        ? [{ then: me.since > 0 && me.position > 0 ? "lapped" : "seek", act: beginReading }]
        : [{ then: "join" }],
    // On its way back to what was sent before.
    step(words, me) {
      if (me.sequence >= me.from || me.position >= me.joined) return [{ then: "found" }];
      const cell = cellAt(words, me.position);
      if (cell.at === me.position && cell.sequence === me.sequence) {
        return [{
          then: "step",
          act(_words, reader) {
            reader.position++;
            reader.sequence++;
          },
        }];
      }
      if (words.tail <= me.position) throw new Error(`record ${me.position} is incomplete`);
      return [{ then: continues ? "found" : "lapped" }];
    },
    found: () => [{
      point: "HISTORY_MOVED",
      then: "counted",
      act(_words, me) {
        me.isLate = false;
        if (!forgets) me.missed += Math.max(0, me.sequence - me.from);
      },
    }],
    counted: () => [{ point: "HISTORY_COUNTED", then: "seek" }],
    seek(words, me) {
      if (me.polls === 0) return [{ then: "end" }];
      if (me.position === words.head) {
        return hasty ? [{ then: "copyEarly" }] : [{
          then: "seek",
          act: (_words, reader) => countPoll(reader),
        }];
      }
      const early = { then: "copyEarly" };
      if (words.tail > me.position) return [early, { then: "lapped" }];
      return [early, { then: isWhole(words, me) ? "copy" : "doubt" }];
    },
    // A subscriber that knows where the next record lies copies it before it checks it.
    copyEarly: () => [{
      then: "check",
      act: (words, me) => me.batch.push(cellAt(words, me.position).payload),
    }],
    check: (words, me) => [
      isWhole(words, me)
        ? { then: "copied" }
        : { then: "seek", act: (_words, reader) => reader.batch = [] },
    ],
    doubt(words, me) {
      if (words.tail <= me.position) throw new Error(`record ${me.position} is incomplete`);
      return [{ then: "seek" }];
    },
    lapped: () => [{
      then: "catchUp",
      act: (words, me) => me.seenTail = words.tail,
    }],
    catchUp(words, me) {
      if (words.tail !== me.seenTail && !guesses) return [{ then: "lapped" }];
      if (words.tail === words.head) {
        return [{ then: "countUp", act: (lane, reader) => readLast(lane, reader, lane.head) }];
      }
      if (cellAt(words, words.tail).at !== words.tail) throw new Error("the oldest is incomplete");
      return [{
        then: me.isLate ? "step" : "seek",
        act(lane, reader) {
          const sequence = guesses ? lane.tailCount : cellAt(lane, lane.tail).sequence;
          goOnAt(reader, guesses ? reader.seenTail : lane.tail, sequence);
        },
      }];
    },
    countUp: (words, me) =>
      words.head !== me.seenHead ? [{ then: "lapped" }] : [{
        then: me.isLate ? "step" : "seek",
        act(lane, reader) {
          const sequence = reader.countFromLast < 0 ? lane.count : reader.countFromLast;
          goOnAt(reader, lane.head, sequence);
        },
      }],
    copy: (_words, me) =>
      ["copied", ...(me.batch.length + 1 < most ? ["more"] : [])].map((then) => ({
        then,
        act(words: Lane, reader: Party) {
          reader.batch.push(cellAt(words, reader.position + reader.batch.length).payload);
        },
      })),
    more: (words, me) => [{ then: isWhole(words, me, me.batch.length) ? "copy" : "copied" }],
    copied: () => [{ point: "TAKE_COPIED", then: "take", isOwn: true }],
    take: (words, me) =>
      words.tail > me.position && !trusts
        ? [{ then: "seek", act: (_words, reader) => reader.batch = [] }]
        : [{
          then: "seek",
          act(_words, reader) {
            for (const payload of reader.batch) {
              reader.received.push({ position: reader.position++, payload });
              reader.sequence++;
            }
            countPoll(reader);
            reader.batch = [];
          },
        }],
  };
}

/** Begins where it has joined, or so many messages before. */
function beginReading(_words: Lane, me: Party): void {
  me.joined = me.position;
  me.from = Math.max(0, me.position - me.since);
  me.isLate = me.from < me.joined;
  if (!me.isLate) return;
  me.position = 0;
  me.sequence = 0;
}

/** What a reader is lapped by is missed, unless it is on its way to what was sent before. */
function goOnAt(me: Party, position: number, sequence: number): void {
  if (!me.isLate) me.missed += sequence - me.sequence;
  me.sequence = sequence;
  me.position = position;
}

/** True if the record that is so many behind the reader's is published and whole. */
function isWhole(words: Lane, { position, sequence }: Party, behind = 0): boolean {
  const cell = cellAt(words, position + behind);
  return position + behind < words.head && cell.at === position + behind &&
    cell.sequence === sequence + behind;
}

function readLast(words: Lane, me: Party, head: number): void {
  me.seenHead = head;
  me.countFromLast = countByLast(words, head) ?? -1;
}

function check({ words, actors }: State<Lane, Party>, kept: number): void {
  const held = words.head - words.tail;
  if (held < Math.min(kept, words.head)) throw new Error(`${held} messages are kept of ${kept}`);
  for (const { received, missed, from, position, at, isLate } of actors.slice(2)) {
    let before = -1;
    for (const message of received) {
      if (message.position <= before) {
        throw new Error(`${message.position} was read after ${before}`);
      }
      before = message.position;
      if (message.payload !== words.committed[before]) throw new Error(`message ${before} is torn`);
    }
    if (at.startsWith("join") || at === "end" || isLate) continue;
    if (received.length + missed !== position - from) {
      throw new Error(
        `${received.length} received and ${missed} missed from ${from} to ${position}`,
      );
    }
  }
}
