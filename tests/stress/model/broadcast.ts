/**
 * A lane of a broadcast as a model: a publisher and its successor, and subscribers that join at any time.
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
};

/** Parameters of an exploration. */
export interface BroadcastOptions extends LaneOptions {
  /** Most messages of one call. */
  most: number;
}

/** The model of a broadcast. */
export function broadcastModel(options: BroadcastOptions): Model<Lane, Party> {
  const reader = reading(options);
  const { actors, programs } = laneParties("broadcast", options, NEW_READER, reader);
  return {
    initial: { words: newLane(options.size), actors },
    programs,
    idle: ["wait", "claim", "seek", "end"],
    killable: [0],
    check,
    checkEnd: () => {},
    forget({ words, actors }) {
      words.committed = [];
      for (const reader of actors.slice(2)) reader.received = [];
    },
  };
}

function reading({ mistake, most }: BroadcastOptions): Program<Lane, Party> {
  const trusts = mistake === "does not check the tail again";
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
        ? [{ then: "seek", act: (_words, reader) => reader.from = reader.position }]
        : [{ then: "join" }],
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
      if (words.tail !== me.seenTail) return [{ then: "lapped" }];
      if (words.tail === words.head) {
        return [{ then: "countUp", act: (lane, reader) => readLast(lane, reader, lane.head) }];
      }
      if (cellAt(words, words.tail).at !== words.tail) throw new Error("the oldest is incomplete");
      return [{
        then: "seek",
        act(lane, reader) {
          const { sequence } = cellAt(lane, lane.tail);
          reader.missed += sequence - reader.sequence;
          reader.sequence = sequence;
          reader.position = lane.tail;
        },
      }];
    },
    countUp: (words, me) =>
      words.head !== me.seenHead ? [{ then: "lapped" }] : [{
        then: "seek",
        act(lane, reader) {
          const sequence = reader.countFromLast < 0 ? lane.count : reader.countFromLast;
          reader.missed += sequence - reader.sequence;
          reader.sequence = sequence;
          reader.position = lane.head;
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

function check({ words, actors }: State<Lane, Party>): void {
  for (const { received, missed, from, position, at } of actors.slice(2)) {
    let before = -1;
    for (const message of received) {
      if (message.position <= before) {
        throw new Error(`${message.position} was read after ${before}`);
      }
      before = message.position;
      if (message.payload !== words.committed[before]) throw new Error(`message ${before} is torn`);
    }
    if (at.startsWith("join") || at === "end") continue;
    if (received.length + missed !== position - from) {
      throw new Error(
        `${received.length} received and ${missed} missed from ${from} to ${position}`,
      );
    }
  }
}
