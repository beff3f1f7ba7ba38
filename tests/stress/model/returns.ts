/**
 * Leases of a queue as a model: pullers take messages from the lane, acknowledge them, and return them with and
 * without a delay; others find and take what was returned, also by a puller that died.
 *
 * @module
 */

import type { Actor, Model, Move, Program, State } from "./explore.ts";

/** A lease slot. Its version changes with each change of its state word. */
interface Slot {
  status: "free" | "leased" | "returned";
  version: number;
  owner: number;
  /** The message that it holds. Messages are numbered by their position in the lane. */
  message: number;
  /** Head of the lane when the message was returned; it comes behind what waited then. */
  heads: number;
  /** What `heads` ought to be. */
  place: number;
  /** Number of the return; 0 for a message of a puller that closed or died. */
  number: number;
}

interface Words {
  head: number;
  tail: number;
  /** Number of returns that were announced. */
  returns: number;
  slots: Slot[];
  /** Messages that were acknowledged. */
  done: number[];
  /** The puller that died and was reclaimed, or -1. */
  reclaimed: number;
}

interface Puller extends Actor {
  nacks: number;
  delays: number;
  sends: number;
  /** Returns up to this one were looked for. */
  seen: number;
  /** Returns when it began to look. */
  looked: number;
  slot: number;
  version: number;
  position: number;
  /** The slot whose return is delayed, or -1. */
  delayed: number;
}

type Party = Puller;

/** What a protocol with a mistake does wrong. */
export type ReturnsMistake =
  | "does not announce what the dead held"
  | "returns without a place"
  | "takes what was returned without comparing"
  | "forgets a delayed message at the close"
  | "looks up the returns after it has looked for them";

/** Parameters of an exploration. */
export interface ReturnsOptions {
  /** Messages that wait at the beginning. */
  messages: number;
  /** Messages that are sent meanwhile. */
  sends: number;
  /** For each puller: how often it returns a message at once, and with a delay. */
  pullers: readonly (readonly [nacks: number, delays: number])[];
  mistake?: ReturnsMistake | undefined;
}

/** The model of leases and returns. */
export function returnsModel(options: ReturnsOptions): Model<Words, Party> {
  const { messages, sends, pullers } = options;
  const newSlot: Slot = {
    status: "free",
    version: 0,
    owner: -1,
    message: -1,
    heads: 0,
    place: 0,
    number: 0,
  };
  const newActor = (at: string, sends: number, [nacks, delays]: readonly [number, number]) => ({
    at,
    isDead: false,
    nacks,
    delays,
    sends,
    seen: 0,
    looked: 0,
    slot: -1,
    version: 0,
    position: 0,
    delayed: -1,
  });
  return {
    initial: {
      words: {
        head: messages,
        tail: 0,
        returns: 0,
        slots: Array.from({ length: pullers.length + 1 }, () => ({ ...newSlot })),
        done: [],
        reclaimed: -1,
      },
      actors: [
        newActor("send", sends, [0, 0]),
        ...pullers.map((counts) => newActor("poll", 0, counts)),
      ],
    },
    programs: [sending, ...pullers.map((_, at) => pulling(at + 1, pullers.length, options))],
    idle: ["poll", "end"],
    killable: pullers.length > 1 ? [1] : [],
    check(state) {
      check(state);
      checkWaiting(state);
    },
    checkEnd: (state) => checkEnd(state, messages + sends),
  };
}

const sending: Program<Words, Party> = {
  send: (_words, me) =>
    me.sends === 0 ? [{ then: "end" }] : [{
      then: "send",
      act(words, sender) {
        words.head++;
        sender.sends--;
      },
    }],
};

type Step = Move<Words, Party>;

function pulling(
  index: number,
  pullers: number,
  { mistake }: ReturnsOptions,
): Program<Words, Party> {
  const others = Array.from({ length: pullers }, (_, at) => at + 1).filter((at) => at !== index);
  const isMistake = (which: ReturnsMistake) => mistake === which;
  const announce = (then: string): Step => ({ then, act: (words) => void words.returns++ });

  return {
    poll(words, me, isDead) {
      const steps: Step[] = [];
      const dead = others.find((other) => isDead(other) && words.reclaimed !== other);
      if (dead !== undefined) steps.push({ then: "reclaimed", act: (all) => reclaim(all, dead) });
      else {steps.push({
          then: "look",
          act: (all, puller) =>
            void Object.assign(puller, { looked: all.returns, slot: -1, version: 0, position: 0 }),
        });}
      if (me.delayed >= 0) {
        const due = { slot: me.delayed, version: words.slots[me.delayed].version, delayed: -1 };
        steps.push({ then: "heads", act: (_all, puller) => void Object.assign(puller, due) });
      }
      return steps;
    },
    reclaimed: () => [
      isMistake("does not announce what the dead held") ? { then: "poll" } : announce("poll"),
    ],
    look: (_words, me) => [{ then: me.looked === me.seen ? "lane" : "find" }],
    find(words, me) {
      const found = findReturned(words, index);
      if (found < 0) {
        const isLate = isMistake("looks up the returns after it has looked for them");
        if (isLate) return [{ then: "late" }];
        return [{ then: "lane", act: (_all, puller) => void (puller.seen = me.looked) }];
      }
      const { version, number, heads } = words.slots[found];
      const isBehind = number > 0 && words.tail < heads;
      const act = (_all: Words, puller: Party) =>
        void Object.assign(puller, { slot: found, version });
      return [{ then: isBehind ? "lane" : "takeReturned", act }];
    },
    late: () => [{ then: "lane", act: (words, puller) => void (puller.seen = words.returns) }],
    takeReturned(words, me) {
      const slot = words.slots[me.slot];
      const isBlind = isMistake("takes what was returned without comparing");
      if (slot.version !== me.version && !isBlind) return [{ then: "poll" }];
      if (slot.number > 0 && words.tail < slot.place) throw new Error("it overtook what waited");
      if (slot.status === "leased") throw new Error(`${slot.message} is held twice`);
      return [{ then: "settle", act: (all) => lease(all.slots[me.slot], index, slot.message) }];
    },
    lane(words, me) {
      const { head, tail, slots } = words;
      if (tail === head) return [{ then: words.returns === me.seen ? "wait" : "poll" }];
      const free = slots.findIndex(({ status }) => status === "free");
      if (free < 0) return [{ then: "poll" }];
      return [{
        then: "move",
        act(all, puller) {
          Object.assign(puller, { slot: free, position: tail });
          lease(all.slots[free], index, tail);
        },
      }];
    },
    move(words, me) {
      if (words.tail !== me.position) {
        return [{ then: "poll", act: (all) => void change(all.slots[me.slot], "free") }];
      }
      return [{ then: "settle", act: (all) => void all.tail++ }];
    },
    settle(words, me) {
      const slot = words.slots[me.slot];
      const ack: Step = {
        then: "poll",
        act(all) {
          all.done.push(slot.message);
          all.done.sort((a, b) => a - b);
          change(all.slots[me.slot], "free");
        },
      };
      const nack: Step = {
        then: "heads",
        act(_all, puller) {
          puller.nacks--;
          puller.version = slot.version;
        },
      };
      const delay: Step = {
        then: "poll",
        act(_all, puller) {
          puller.delays--;
          puller.delayed = me.slot;
        },
      };
      return [
        ack,
        ...me.nacks > 0 ? [nack] : [],
        ...me.delays > 0 && me.delayed < 0 ? [delay] : [],
      ];
    },
    heads: (_words, me) => [{
      then: "number",
      act(words) {
        const slot = words.slots[me.slot];
        slot.place = words.head;
        if (!isMistake("returns without a place")) slot.heads = words.head;
      },
    }],
    number: (_words, me) => [{
      then: "return",
      act: (words) => void (words.slots[me.slot].number = words.returns + 1),
    }],
    return: (_words, me) => [{ then: "announce", act: (all) => giveBack(all.slots[me.slot]) }],
    announce: () => [announce("poll")],
    wait(words, me, isDead) {
      const isTold = words.returns !== me.seen || words.tail !== words.head || me.delayed >= 0 ||
        others.some((other) => isDead(other) && words.reclaimed !== other);
      return [{ then: "close" }, ...isTold ? [{ then: "poll" }] : []];
    },
    close: (_words, me) => [{
      then: "closed",
      act(words) {
        if (me.delayed >= 0 && isMistake("forgets a delayed message at the close")) {
          change(words.slots[me.delayed], "free");
        }
        for (const slot of words.slots) {
          if (slot.status === "leased" && slot.owner === index) {
            slot.number = 0;
            giveBack(slot);
          }
        }
      },
    }],
    closed: () => [announce("end")],
  };
}

function change(slot: Slot, status: Slot["status"]): void {
  slot.status = status;
  slot.version++;
  if (status === "free") {
    Object.assign(slot, { owner: -1, message: -1, heads: 0, place: 0, number: 0 });
  }
}

function lease(slot: Slot, owner: number, message: number): void {
  change(slot, "leased");
  Object.assign(slot, { owner, message, number: 0, heads: 0, place: 0 });
}

function giveBack(slot: Slot): void {
  change(slot, "returned");
}

/** Returns what a dead puller had taken; the lane still has what it had not. */
function reclaim(words: Words, dead: number): void {
  words.reclaimed = dead;
  for (const slot of words.slots) {
    if (slot.status !== "leased" || slot.owner !== dead) continue;
    if (words.tail > slot.message) giveBack(slot);
    else change(slot, "free");
  }
}

/** The slot of the message that comes first: those without a number, then in their order, one's own last. */
function findReturned({ slots }: Readonly<Words>, owner: number): number {
  const rank = (slot: Slot) => [Number(slot.owner === owner), slot.number, slot.message];
  const found = slots.map((slot, at) => ({ slot, at }))
    .filter(({ slot }) => slot.status === "returned")
    .sort((a, b) => {
      const [left, right] = [rank(a.slot), rank(b.slot)];
      const differing = left.findIndex((value, at) => value !== right[at]);
      return differing < 0 ? 0 : left[differing] - right[differing];
    });
  return found.at(0)?.at ?? -1;
}

/** Each message is in one place: in the lane, in one slot, or done. */
function check({ words }: State<Words, Party>): void {
  if (words.reclaimed >= 0) return;
  const held = words.slots.filter(({ status, message }) =>
    status !== "free" && message < words.tail
  )
    .map(({ message }) => message);
  // A slot is leased before the tail moves; another puller may move it first.
  const all = [...words.done, ...held].sort((a, b) => a - b);
  const twice = words.done.find((message, at) => words.done.indexOf(message) !== at);
  if (twice !== undefined) throw new Error(`${twice} is done twice`);
  for (let message = 0; message < words.tail; message++) {
    if (!all.includes(message)) throw new Error(`${message} is lost`);
  }
}

/** While all pullers wait, nothing may be there that they were not woken for. */
function checkWaiting({ words, actors }: State<Words, Party>): void {
  const [sender, ...pullers] = actors;
  const isQuiet = sender.at === "end" &&
    pullers.every(({ at, isDead }, number) =>
      isDead ? words.reclaimed === number + 1 : at === "wait" || at === "end"
    );
  const waiting = pullers.filter(({ at, isDead }) => at === "wait" && !isDead);
  if (!isQuiet || waiting.length === 0 || waiting.some(({ seen }) => seen !== words.returns)) {
    return;
  }
  const returned = words.slots.find(({ status }) => status === "returned");
  if (returned === undefined) return;
  throw new Error(`${returned.message}, which was returned, is waited for in vain`);
}

/** What a puller leaves when it ends waits for the next one. */
function checkEnd({ words }: State<Words, Party>, messages: number): void {
  if (words.head !== messages) throw new Error(`${words.head} of ${messages} were sent`);
}
