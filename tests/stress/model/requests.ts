/**
 * Requests as a model: one slot that is used again and again, and repliers that take its requests from a
 * lane. The name of a request is its generation. A reply may be a stream, whose parts come through the slot
 * one after the other.
 *
 * @module
 */

import type { Actor, Model, Program, State } from "./explore.ts";

/** Mistakes that an exploration must find. */
export type RequestMistake =
  | "moves the tail before it takes the slot"
  | "frees a slot while a reply is written"
  | "waits for an announcement only"
  | "returns a part before it has read it"
  | "looks at the slot twice";

/** The state that requester and repliers share. */
export interface Slot {
  status: "free" | "queued" | "taken" | "writing" | "done";
  generation: number;
  replier: number;
  /** The request that the reply in the slot is for. */
  reply: number;
  /** The parts that follow the one in the slot. */
  partsAfter: number;
  isAnnounced: boolean;
  /** Requests in the lane. */
  lane: number[];
  tail: number;
  /** The end of each request: its reply, or "lost", or "cancelled". */
  outcomes: (number | string)[];
}

interface Party extends Actor {
  /** Requests that it still sends, or polls that it still makes; -1 for no limit. */
  left: number;
  /** Requester: times that it may give up; -1 for no limit. */
  cancels: number;
  generation: number;
  start: number;
  isMine: boolean;
  /** Requester: parts that it expects. Replier: parts that it will send. */
  parts: number;
  /** No call waits for it: the slot is freed when the reply arrives. */
  isAbandoned: boolean;
}

/** Parameters of an exploration. */
export interface RequestOptions {
  requests: number;
  /** Times that the requester may give up. */
  cancels: number;
  /** Polls of each replier. */
  polls: number[];
  /** Parts before the end of each reply. Default: none. */
  parts?: number | undefined;
  mistake?: RequestMistake | undefined;
}

/** The model of requests. */
export function requestModel(options: RequestOptions): Model<Slot, Party> {
  const party = (at: string, left: number, cancels: number): Party => ({
    at,
    isDead: false,
    left,
    cancels,
    generation: 0,
    start: 0,
    isMine: false,
    parts: 0,
    isAbandoned: false,
  });
  return {
    initial: {
      words: {
        status: "free",
        generation: 0,
        replier: -1,
        reply: -1,
        partsAfter: 0,
        isAnnounced: false,
        lane: [],
        tail: 0,
        outcomes: [],
      },
      actors: [
        party("queue", options.requests, options.cancels),
        ...options.polls.map((polls) => party("poll", polls, 0)),
      ],
    },
    programs: [
      requesting(options),
      ...options.polls.map((_, at) => replying(at + 1, options)),
    ],
    idle: ["queue", "poll", "end"],
    killable: options.polls.map((_, at) => at + 1),
    check: () => {},
    checkEnd,
  };
}

function requesting({ mistake, parts = 0 }: RequestOptions): Program<Slot, Party> {
  const returnsEarly = mistake === "returns a part before it has read it";
  const freesEarly = mistake === "frees a slot while a reply is written";
  const deaf = mistake === "waits for an announcement only";
  return {
    queue: (_words, me) =>
      me.left === 0 ? [{ then: "end" }] : [{
        point: "REQUEST_QUEUED",
        then: "send",
        act(words, requester) {
          words.status = "queued";
          words.generation++;
          words.replier = -1;
          requester.generation = words.generation;
          requester.parts = parts;
          spend(requester, "left");
        },
      }],
    send: () => [{
      point: "COMMIT_PUBLISHED",
      then: "wait",
      act: (words, me) => words.lane.push(me.generation),
    }],
    wait(words, me, isDead) {
      const moves = [];
      if (words.isAnnounced) {
        moves.push({
          point: "REPLY_SEEN",
          then: words.status === "done" ? arrived(words, me) : "wait",
          act: (slot: Slot) => slot.isAnnounced = false,
        });
      } else if (words.status === "done" && !deaf) {
        moves.push({ then: "wait", act: (slot: Slot) => slot.isAnnounced = true });
      }
      const isHeld = words.status === "taken" || words.status === "writing";
      if (isHeld && isDead(words.replier)) {
        moves.push({ point: "REQUEST_ABANDONED", then: "queue", act: endAs("lost") });
      } else if (me.cancels !== 0 && !me.isAbandoned && words.status !== "done") {
        const isFree = freesEarly || words.status !== "writing";
        if (isFree) {
          moves.push({ point: "REQUEST_CANCELLED", then: "queue", act: cancel });
        } else {
          moves.push({ then: "wait", act: (_slot: Slot, requester: Party) => abandon(requester) });
        }
      }
      return moves;
    },
    part: (words, me) => {
      checkPart(words, me);
      const then = returnsEarly ? "wait" : "return";
      return [
        { then, act: (_slot, requester) => spend(requester, "parts") },
        ...me.cancels === 0 || returnsEarly
          ? []
          : [{ point: "REQUEST_FREED", then: "queue", act: cancelReplied }],
      ];
    },
    return: () => [{
      point: "PARTS_RETURNED",
      then: returnsEarly ? "part" : "wait",
      act: (slot) => slot.status = "taken",
    }],
    read: (words, me) => {
      if (words.reply !== me.generation) {
        throw new Error(`request ${me.generation} got the reply to ${words.reply}`);
      }
      return [{
        point: "REQUEST_FREED",
        then: "queue",
        act(slot, requester) {
          slot.status = "free";
          slot.outcomes.push(requester.isAbandoned ? "cancelled" : slot.reply);
          requester.isAbandoned = false;
        },
      }];
    },
  };
}

/** What a requester does with a reply that has arrived. */
function arrived(words: Slot, me: Party): string {
  return words.partsAfter > 0 && !me.isAbandoned ? "part" : "read";
}

function checkPart(words: Slot, me: Party): void {
  if (words.reply === me.generation && words.partsAfter === me.parts) return;
  throw new Error(
    `request ${me.generation} got part -${words.partsAfter} of ${words.reply} for -${me.parts}`,
  );
}

/** Frees the slot of a stream that has a part in it. */
function cancelReplied(slot: Slot, me: Party): void {
  spend(me, "cancels");
  slot.status = "free";
  slot.outcomes.push("cancelled");
}

function spend(me: Party, what: "left" | "cancels" | "parts"): void {
  if (me[what] > 0) me[what]--;
}

function endAs(outcome: string): (slot: Slot, me: Party) => void {
  return (slot, me) => {
    slot.status = "free";
    slot.generation++;
    slot.replier = -1;
    slot.outcomes.push(outcome);
    me.isAbandoned = false;
  };
}

function cancel(slot: Slot, me: Party): void {
  spend(me, "cancels");
  endAs("cancelled")(slot, me);
}

function abandon(me: Party): void {
  spend(me, "cancels");
  me.isAbandoned = true;
}

function replying(self: number, { mistake, parts = 0 }: RequestOptions): Program<Slot, Party> {
  const looksTwice = mistake === "looks at the slot twice";
  const tailFirst = mistake === "moves the tail before it takes the slot";
  const claims = (slot: Slot, me: Party) =>
    slot.status === "queued" && slot.generation === me.generation;
  const owns = (slot: Slot, me: Party, status: Slot["status"]) =>
    slot.status === status && slot.generation === me.generation && slot.replier === self;
  return {
    poll(words, me) {
      if (me.left === 0) return [{ then: "end" }];
      const count = (_slot: Slot, replier: Party) => {
        spend(replier, "left");
      };
      if (words.tail === words.lane.length) return [{ then: "poll", act: count }];
      return [{
        then: tailFirst ? "move" : "claim",
        act(slot, replier) {
          spend(replier, "left");
          replier.start = slot.tail;
          replier.generation = slot.lane[slot.tail];
          replier.isMine = false;
        },
      }];
    },
    claim(words, me) {
      if (!tailFirst && words.tail !== me.start) return [{ then: "poll" }];
      const then = tailFirst ? "begin" : "copied";
      if (!claims(words, me)) return [{ then: tailFirst ? "poll" : then }];
      return [{
        point: "REQUEST_TAKEN",
        then,
        act(slot, replier) {
          slot.status = "taken";
          slot.replier = self;
          replier.parts = parts;
          replier.isMine = true;
        },
      }];
    },
    copied: () => [{ point: "TAKE_COPIED", then: "move", isOwn: true }],
    move(words, me) {
      const after = tailFirst ? "claim" : me.isMine ? "begin" : "poll";
      if (words.tail !== me.start) return [{ then: tailFirst ? "poll" : after }];
      return [{ point: "TAKE_MOVED", then: after, act: (slot) => slot.tail++ }];
    },
    begin: (words, me) =>
      !owns(words, me, "taken") ? [{ then: "poll" }] : [{
        point: "REPLY_BEGUN",
        then: "write",
        act: (slot) => slot.status = "writing",
      }],
    write: (words, me) => [
      owns(words, me, "writing") ? { point: "REPLY_WRITTEN", then: "place" } : { then: "poll" },
    ],
    place: () => [{
      point: "REPLY_CHECKSUMMED",
      then: "finish",
      act(slot, me) {
        slot.reply = me.generation;
        slot.partsAfter = me.parts;
      },
    }],
    finish: (words, me) =>
      !owns(words, me, "writing") ? [{ then: "poll" }] : [{
        point: "REPLY_DONE",
        then: "announce",
        act: (slot) => slot.status = "done",
      }],
    announce: (_words, me) => [{
      point: "REPLY_ANNOUNCED",
      then: me.parts === 0 ? "poll" : "unread",
      act(slot, replier) {
        slot.isAnnounced = true;
        if (replier.parts > 0) replier.parts--;
        else replier.isMine = false;
      },
    }],
    // It looks at the slot once, and waits as long as its part is unread.
    unread(words, me) {
      if (owns(words, me, "taken")) return [{ then: "begin" }];
      if (looksTwice) return [{ then: "unread again" }];
      return owns(words, me, "done") ? [] : [{ then: "poll" }];
    },
    "unread again": (words, me) => [{ then: owns(words, me, "done") ? "unread" : "poll" }],
  };
}

/** A requester waits only for a request that no replier has seen, or for a live replier. */
function checkEnd({ words, actors }: State<Slot, Party>): void {
  if (actors[0].at === "end") return;
  const isUntouched = words.status === "queued" &&
    words.lane.indexOf(words.generation) >= words.tail;
  if (!isUntouched) {
    throw new Error(`request ${words.generation}, which is ${words.status}, is waited for in vain`);
  }
}
