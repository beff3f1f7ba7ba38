/**
 * A lane as a model: its words, its ring of records of one size, and its writers. Positions count records.
 *
 * @module
 */

import type { Actor, Program } from "./explore.ts";

/** Mistakes that an exploration must find. */
export type Mistake =
  | "commits before it copies"
  | "publishes the count before the head"
  | "overwrites before it moves the tail"
  | "moves the tail without comparing"
  | "copies before it sees the head"
  | "does not check the tail again"
  | "evicts its history for what is staged"
  | "does not count what is gone of the history"
  | "goes on where it was lapped on its way to the history"
  | "takes the count at the tail without comparing";

/** A record in the ring. */
export interface Cell {
  /** The position in its frame word, -1 while it has none. */
  at: number;
  sequence: number;
  /** The message, -1 until it is copied. */
  payload: number;
}

/** The words of a lane. */
export interface Lane {
  ring: Cell[];
  last: number;
  head: number;
  count: number;
  tail: number;
  tailCount: number;
  /** Messages by position, as they were committed: what receivers may get. */
  committed: number[];
}

/** A writer of a lane. */
export interface Writer extends Actor {
  /** Commits that it has made, of those that are planned. */
  commits: number;
  /** Messages of the next one that it still commits. */
  left: number;
  /** Name of the next message. */
  message: number;
  staged: number[];
  next: number;
  nextCount: number;
  last: number;
  limit: number;
}

/** An actor that polls for messages. */
export interface Poller {
  /** Polls that it still makes, -1 for no limit. */
  polls: number;
}

/** Counts a poll. */
export function countPoll(me: Poller): void {
  if (me.polls > 0) me.polls--;
}

/** A lane with a ring of `size` records, of which one stays free. */
export function newLane(size: number): Lane {
  const ring = Array.from({ length: size }, () => ({ at: -1, sequence: -1, payload: -1 }));
  return { ring, last: 0, head: 0, count: 0, tail: 0, tailCount: 0, committed: [] };
}

/** A writer, and the successor that takes over its lane. */
function newWriters([first, second]: [number[], number[]], size: number): [Writer, Writer] {
  const messages = first.reduce((sum, n) => sum + n, 0);
  return [newWriter("claim", first, 0, size), newWriter("wait", second, messages, size)];
}

/** An actor that makes the planned commits, first that of `left` messages. Its messages are named from `message` on. */
function newWriter(
  at: "claim" | "wait",
  [left = 0]: number[],
  message: number,
  size: number,
): Writer {
  return {
    at,
    isDead: false,
    commits: 0,
    left,
    message,
    staged: [],
    next: 0,
    nextCount: 0,
    last: 0,
    limit: size,
  };
}

/** The record at a position. */
export function cellAt(lane: Lane, position: number): Cell {
  return lane.ring[position % lane.ring.length];
}

/** The count at a head, as the records have it. */
export function countByLast({ last, ring }: Lane, head: number): number | undefined {
  const cell = ring[last % ring.length];
  return last < head && cell.at === last && last + 1 === head ? cell.sequence + 1 : undefined;
}

/** Parameters of an exploration. */
export interface LaneOptions {
  size: number;
  /** Messages of each commit, of the writer and of its successor. */
  plans: [number[], number[]];
  /** Polls of each reader. */
  polls: number[];
  /** Broadcast: newest messages that the writers keep. Default: 0. */
  kept?: number | undefined;
  mistake?: Mistake | undefined;
}

/** A writer, its successor, and readers that begin as `reader` and follow the program `reading`. */
export function laneParties<W extends Lane, R extends Actor>(
  kind: "queue" | "broadcast",
  { size, plans, polls, kept = 0, mistake }: LaneOptions,
  reader: R,
  reading: Program<W, Writer & R & Poller>,
): { actors: (Writer & R & Poller)[]; programs: Program<W, Writer & R & Poller>[] } {
  const readers = polls.map((count) => ({ ...structuredClone(reader), polls: count }));
  return {
    // Each actor has only the state that its own program uses.
    actors: [...newWriters(plans, size), ...readers] as unknown as (Writer & R & Poller)[],
    programs: [
      writing(kind, plans[0], undefined, kept, mistake),
      writing(kind, plans[1], 0, kept, mistake),
      ...polls.map(() => reading),
    ],
  };
}

/** The program of a writer. A successor waits until `predecessor` is dead. */
function writing<W extends Lane, A extends Writer>(
  kind: "queue" | "broadcast",
  plan: readonly number[],
  predecessor: number | undefined,
  kept: number,
  mistake: Mistake | undefined,
): Program<W, A> {
  const copiesLate = mistake === "commits before it copies";
  const countsFirst = mistake === "publishes the count before the head";
  const keptWhileStaging = mistake === "evicts its history for what is staged" ? 0 : kept;
  const overwritesFirst = mistake === "overwrites before it moves the tail";
  const endCommit = (me: A) => void (me.left = plan[++me.commits] ?? 0);
  return {
    wait: (_words, _me, isDead) =>
      predecessor !== undefined && isDead(predecessor)
        ? [{ point: "RECLAIM_OWNED", then: "recount" }]
        : [],
    recount: () => [{
      then: "open",
      act(words) {
        if (!countsFirst) words.count = countByLast(words, words.head) ?? words.count;
      },
    }],
    open: () => [{
      then: "claim",
      act(words, me) {
        me.next = words.head;
        me.nextCount = words.count;
        me.limit = words.tail + words.ring.length;
      },
    }],
    claim(words, me) {
      if (me.commits === plan.length) return [{ then: "end" }];
      if (overwritesFirst || me.next + 2 <= me.limit) {
        return [{ point: "RECORD_SIZED", then: "frame", act: beginRecord }];
      }
      if (kind === "queue" && me.next + 2 <= words.tail + words.ring.length) {
        return [{
          then: "claim",
          act: (lane, writer) => writer.limit = lane.tail + lane.ring.length,
        }];
      }
      const keptNow = me.staged.length > 0 ? keptWhileStaging : 0;
      if (kind === "broadcast" && me.next + 2 + keptNow <= words.head + words.ring.length) {
        const act = (lane: W, writer: A) => countTail(lane, writer, kept);
        return [{ point: "EVICT_COUNTED", then: "moveTail", act }];
      }
      return [{ then: me.staged.length > 0 ? "commit" : "reject" }];
    },
    reject: () => [{
      then: "claim",
      isOwn: true,
      act: (_words, me) => endCommit(me),
    }],
    moveTail: () => [{ point: "EVICT_MOVED", then: "claim", act: moveTail }],
    frame: (_words, me) => [{
      point: "CLAIM_WRITTEN",
      then: !copiesLate ? "copy" : me.staged.length + 1 < me.left ? "claim" : "commit",
      act(words, writer) {
        const cell = cellAt(words, writer.next);
        cell.at = writer.next;
        cell.sequence = writer.nextCount++;
        writer.last = writer.next++;
        writer.staged.push(writer.message++);
      },
    }],
    copy: (_words, me) => [{
      then: me.staged.length < me.left ? "claim" : "commit",
      act(words, writer) {
        cellAt(words, writer.last).payload = writer.staged.at(-1)!;
      },
    }],
    commit: () => [{ point: "COMMIT_BEGUN", then: "storeLast", isOwn: true }],
    storeLast: () => [{
      point: "COMMIT_LAST",
      then: countsFirst ? "storeCount" : "publish",
      act: (words, me) => words.last = me.last,
    }],
    publish: () => [{
      point: "COMMIT_PUBLISHED",
      then: countsFirst ? "finish" : "storeCount",
      act(words, me) {
        words.head = me.next;
        words.committed.push(...me.staged);
      },
    }],
    storeCount: () => [{
      point: "COMMIT_COUNTED",
      then: countsFirst ? "publish" : "finish",
      act: (words, me) => words.count = me.nextCount,
    }],
    finish: () => [{
      then: "claim",
      isOwn: !copiesLate && !overwritesFirst,
      act(words, me) {
        if (copiesLate) { for (const message of me.staged) copyLate(words, message); }
        if (overwritesFirst) words.tail = Math.max(words.tail, me.next + 1 - words.ring.length);
        me.left -= me.staged.length;
        if (me.left === 0) endCommit(me);
        me.staged = [];
      },
    }],
  };
}

function beginRecord(words: Lane, me: Writer): void {
  words.ring[me.next % words.ring.length] = { at: -1, sequence: -1, payload: -1 };
}

/** Evicts the oldest messages until there is space, and an eighth more, or what the history leaves. */
function countTail(words: Lane, me: Writer, kept: number): void {
  const eighth = words.ring.length >> 3;
  const least = me.next + 2 - words.ring.length;
  words.tailCount = Math.min(least + eighth, Math.max(least, words.head - kept));
}

function moveTail(words: Lane, me: Writer): void {
  words.tail = words.tailCount;
  me.limit = words.tail + words.ring.length;
}

function copyLate(words: Lane, message: number): void {
  const position = words.committed.indexOf(message);
  if (cellAt(words, position).at === position) cellAt(words, position).payload = message;
}
