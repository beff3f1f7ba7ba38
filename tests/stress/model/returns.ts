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

/** The shared words of the model. */
export interface Words {
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
  /** For each puller: how often it returns a message at once, and with a delay; negative: any number of times. */
  pullers: readonly (readonly [nacks: number, delays: number])[];
  /** Lease slots. Default: one more than there are pullers. */
  slots?: number;
  /** The pullers have just opened, and look once before a return is announced. Otherwise they have looked. */
  isNew?: boolean;
  mistake?: ReturnsMistake | undefined;
}

/** The model of leases and returns. */
export function returnsModel(options: ReturnsOptions): Model<Words, Party> {
  const { messages, sends, pullers, slots = pullers.length + 1, isNew = false } = options;
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
    seen: isNew ? -1 : 0,
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
        slots: Array.from({ length: slots }, () => ({ ...newSlot })),
        done: [],
        reclaimed: -1,
      },
      actors: [
        newActor("send", sends, [0, 0]),
        ...pullers.map((counts) => newActor("poll", 0, counts)),
      ],
    },
    programs: [sending, ...pullers.map((_, at) => pulling(at + 1, pullers.length, options))],
    idle: ["send", "poll", "settle", "wait", "end"],
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
      point: "COMMIT_PUBLISHED",
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
  const announce = (then: string): Step => ({
    then,
    point: "RETURN_ANNOUNCED",
    act: (words) => void words.returns++,
  });

  return {
    poll(words, me, isDead) {
      const steps: Step[] = [];
      const dead = others.find((other) => isDead(other) && words.reclaimed !== other);
      if (dead !== undefined) steps.push({ then: "reclaimed", act: (all) => reclaim(all, dead) });
      else {
        steps.push({
          then: "look",
          act: (all, puller) =>
            void Object.assign(puller, { looked: all.returns, slot: -1, version: 0, position: 0 }),
        });
        // Its turn on the lane is not over.
        steps.push({ then: "lane" });
      }
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
      if (found.length === 0) {
        const isLate = isMistake("looks up the returns after it has looked for them");
        if (isLate) return [{ then: "late" }];
        return [{ then: "lane", act: (_all, puller) => void (puller.seen = me.looked) }];
      }
      return found.map((slot): Step => {
        const { version } = words.slots[slot];
        const act = (_all: Words, puller: Party) => void Object.assign(puller, { slot, version });
        return { then: isBehind(words, slot) ? "lane" : "takeReturned", act };
      });
    },
    late: () => [{ then: "lane", act: (words, puller) => void (puller.seen = words.returns) }],
    takeReturned(words, me) {
      const slot = words.slots[me.slot];
      const isBlind = isMistake("takes what was returned without comparing");
      if (slot.version !== me.version && !isBlind) return [{ then: "poll" }];
      if (slot.number > 0 && words.tail < slot.place) throw new Error("it overtook what waited");
      if (slot.status === "leased") throw new Error(`${slot.message} is held twice`);
      return [{
        then: "settle",
        point: "RETURN_LEASED",
        act: (all) => lease(all.slots[me.slot], index, slot.message),
      }];
    },
    lane(words, me) {
      const { head, tail, slots } = words;
      if (tail === head) return [{ then: words.returns === me.seen ? "wait" : "poll" }];
      const free = slots.findIndex(({ status }) => status === "free");
      if (free < 0) return [{ then: "poll" }];
      return [{
        then: "move",
        point: "LEASE_ACQUIRED",
        act(all, puller) {
          Object.assign(puller, { slot: free, position: tail });
          lease(all.slots[free], index, tail);
        },
      }];
    },
    move(words, me) {
      if (words.tail !== me.position) {
        const cancel = (all: Words) => void change(all.slots[me.slot], "free");
        return [{ then: "poll", point: "LEASE_CANCELLED", act: cancel }];
      }
      return [{ then: "settle", point: "TAKE_MOVED", act: (all) => void all.tail++ }];
    },
    settle(words, me) {
      const slot = words.slots[me.slot];
      const ack: Step = {
        then: "poll",
        point: "LEASE_ACKNOWLEDGED",
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
        ...me.nacks !== 0 ? [nack] : [],
        ...me.delays !== 0 && me.delayed < 0 ? [delay] : [],
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
    return: (_words, me) => [{
      then: "announce",
      point: "RETURN_MADE",
      act: (all) => giveBack(all.slots[me.slot]),
    }],
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

/** True if messages wait that were there before the message of a slot was returned. */
function isBehind({ tail, slots }: Readonly<Words>, slot: number): boolean {
  return slots[slot].number > 0 && tail < slots[slot].heads;
}

/**
 * The slots of the messages that come first: those that are behind no others, of these those without a number,
 * then in the order of the numbers, one's own last. Messages that were returned at the same time have the same
 * number, and no order.
 */
function findReturned(words: Readonly<Words>, owner: number): number[] {
  const { slots } = words;
  const returned = slots.flatMap((slot, at) => slot.status === "returned" ? [at] : []);
  const rank = (at: number) => {
    const { owner: by, number, message } = slots[at];
    return [Number(isBehind(words, at)), Number(by === owner), number, number === 0 ? message : 0];
  };
  const order = (a: number[], b: number[]) =>
    a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];
  const ranks = returned.map(rank).sort(order);
  return returned.filter((at) => order(rank(at), ranks[0]) === 0);
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
