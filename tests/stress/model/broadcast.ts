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
  type Mistake,
  newLane,
  newWriters,
  type Poller,
  type Writer,
  writingBoth,
} from "./lane.ts";

interface Reader extends Actor, Poller {
  /** Position at which it joined. */
  from: number;
  position: number;
  sequence: number;
  countFromLast: number;
  seenTail: number;
  seenHead: number;
  payload: number;
  received: { position: number; payload: number }[];
  missed: number;
}

type Party = Writer & Reader;

/** Parameters of an exploration. */
export interface BroadcastOptions {
  size: number;
  /** Messages of each commit, of the publisher and of its successor. */
  plans: [number[], number[]];
  /** Polls of each subscriber. */
  polls: number[];
  mistake?: Mistake;
}

/** The model of a broadcast. */
export function broadcastModel(options: BroadcastOptions): Model<Lane, Party> {
  const { size, plans, polls, mistake } = options;
  const writers = newWriters(plans, size);
  const readers = polls.map((count) => ({
    at: "join",
    isDead: false,
    polls: count,
    from: 0,
    position: 0,
    sequence: 0,
    countFromLast: -1,
    seenTail: 0,
    seenHead: 0,
    payload: -1,
    received: [],
    missed: 0,
  }));
  return {
    initial: { words: newLane(size), actors: [...writers, ...readers] as unknown as Party[] },
    programs: [
      ...writingBoth<Lane, Party>("broadcast", mistake),
      ...readers.map(() => reading(mistake)),
    ],
    idle: ["wait", "claim", "seek", "end"],
    killable: [0],
    check,
    checkEnd: () => {},
  };
}

function reading(mistake: Mistake | undefined): Program<Lane, Party> {
  const trusts = mistake === "does not check the tail again";
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
        return [{
          then: "seek",
          act: (_words, reader) => countPoll(reader),
        }];
      }
      if (words.tail > me.position) return [{ then: "lapped" }];
      const { at, sequence } = cellAt(words, me.position);
      return [{ then: at === me.position && sequence === me.sequence ? "copy" : "doubt" }];
    },
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
    copy: () => [{
      then: "copied",
      act: (words, me) => me.payload = cellAt(words, me.position).payload,
    }],
    copied: () => [{ point: "TAKE_COPIED", then: "take", isOwn: true }],
    take: (words, me) =>
      words.tail > me.position && !trusts ? [{ then: "seek" }] : [{
        then: "seek",
        act(_words, reader) {
          reader.received.push({ position: reader.position++, payload: reader.payload });
          reader.sequence++;
          countPoll(reader);
          reader.payload = -1;
        },
      }],
  };
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
