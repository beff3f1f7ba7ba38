/**
 * Coming to a segment and leaving it as a model: who leaves last deletes it, and nobody waits for anybody.
 * A file here is what a name may stand for; its shares are the actors that have one and live.
 *
 * @module
 */

import type { Actor, Model, Move, Program, State } from "./explore.ts";

const CLOSED = -1;
/** No file, or no grave. */
export const NONE = -1;
/** Attempts of one opening that the coming and leaving of another can spoil. */
const RETRIES_PER_ATTACHMENT = 2;

interface File {
  gate: number;
  shares: number[];
  /** The file that its grave names. */
  tombstone: number;
  /** The actor that has its lock. */
  locker: number;
}

/** What all share. */
export interface Directory {
  files: File[];
  /** The file that the channel's name stands for. */
  named: number;
}

interface User extends Actor {
  id: number;
  /** Sockets that it still opens, one after the other. */
  attachments: number;
  file: number;
  gate: number;
  attempts: number;
  /** Where it goes on when a file is buried. */
  after: "open" | "prepare" | "come";
}

/** Mistakes that the exploration has to find. */
export type AttachGateMistake =
  | "comes without counting"
  | "looks before it gives up its share"
  | "deletes the name and not the file"
  | "clears a grave that others still look at"
  | "removes the name without the lock";

/** What is explored. */
export interface AttachGateOptions {
  /** Sockets that each one opens and closes, one after the other. */
  attachments: number[];
  /** Who may die; the first one, when left out. */
  killable?: number[];
  /** The file system cannot rename without replacing: the file's lock protects its name. */
  hasLock?: boolean;
  mistake?: AttachGateMistake;
}

type Step = Move<Directory, User>;

/** The model of a segment's beginning and end. */
export function attachGateModel(
  { attachments, killable: killable = [0], hasLock = false, mistake }: AttachGateOptions,
): Model<Directory, User> {
  const users = attachments.map((count, id): User => ({
    at: "come",
    isDead: false,
    id,
    attachments: count,
    file: NONE,
    gate: 0,
    attempts: 0,
    after: "open",
  }));
  return {
    initial: { words: { files: [], named: NONE }, actors: users },
    programs: users.map(() => ({
      ...attaching(mistake),
      ...detaching(mistake),
      ...unlinking(mistake, hasLock),
      ...unlinkingUnderLock(mistake),
    })),
    idle: ["come", "in", "end"],
    killable,
    check(state) {
      check(state);
      checkAttempts(
        state,
        1 + RETRIES_PER_ATTACHMENT * attachments.reduce((sum, count) => sum + count, 0),
      );
    },
    checkEnd,
  };
}

function attaching(mistake: AttachGateMistake | undefined): Program<Directory, User> {
  return {
    come: (
      _words,
      { attachments },
    ) => [{ then: attachments === 0 ? "end" : "open", isOwn: true }],
    open: ({ named }) => [{
      ...(named === NONE ? { then: "prepare" } : { point: "open", then: "share" }),
      act(_words, me) {
        me.file = named;
        me.attempts++;
      },
    }],
    prepare: () => [{ point: "share", then: "create" }],
    create: ({ named }) =>
      named !== NONE ? [{ then: "open" }] : [{
        point: "link",
        then: "enter",
        act(words, me) {
          me.file = words.named = words.files.length;
          words.files.push({ gate: 0, shares: [me.id], tombstone: NONE, locker: NONE });
        },
      }],
    share: () => [{ point: "share", then: "look", act: share }],
    look: ({ named }, { file }) => [named === file ? { then: "enter" } : releaseShare("prepare")],
    enter: ({ files }, { file }) =>
      files[file].gate === CLOSED
        ? [{ then: "bury", act: (_words, me) => void (me.after = "open") }]
        : [{
          then: "in",
          act(words, me) {
            if (mistake !== "comes without counting") words.files[me.file].gate++;
            me.attempts = 0;
          },
        }],
    in: () => [{ then: "leave", act: (_words, me) => void me.attachments-- }],
  };
}

function detaching(mistake: AttachGateMistake | undefined): Program<Directory, User> {
  const checksFirst = mistake === "looks before it gives up its share";
  return {
    leave: () => [{ point: "unshare", then: "read", act: checksFirst ? undefined : unshare }],
    read: ({ files }) => [{
      then: "ask",
      act: (_words, me) => void (me.gate = files[me.file].gate),
    }],
    ask({ files }, me, isDead) {
      if (me.gate === CLOSED) return [{ then: "shareAgain" }];
      const then = areOthersAttached(files[me.file], me, isDead) ? "close" : "shareAgain";
      return [{ point: "isSharedByOthers", then }];
    },
    close: () => [{ then: "come", act: unshare }],
    shareAgain: (_words, { gate }) => [{
      point: "share",
      then: gate === CLOSED ? "bury" : "shut",
      act: endAttachment,
    }],
    shut: ({ files }, { file, gate }) =>
      files[file].gate !== gate ? [{ then: "leave" }] : [{
        then: "bury",
        act: (words, me) => void (words.files[me.file].gate = CLOSED),
      }],
  };
}

function endAttachment(words: Directory, me: User): void {
  share(words, me);
  me.after = "come";
}

function unlinking(
  mistake: AttachGateMistake | undefined,
  hasLock: boolean,
): Program<Directory, User> {
  const ignoresTombstones = mistake === "deletes the name and not the file";
  const clearsEarly = mistake === "clears a grave that others still look at";
  return {
    bury: ({ named }, { file, after }) => [
      named === file ? { then: hasLock ? "lock" : "move" } : releaseShare(after),
    ],
    move: ({ named, files }, { file, after }) => {
      const isTaken = files[file].tombstone !== NONE && !ignoresTombstones;
      if (named === NONE || isTaken) return [releaseShare(after)];
      return [{
        point: "renameNew",
        then: "forsake",
        act(words, me) {
          words.files[me.file].tombstone = words.named;
          words.named = NONE;
        },
      }];
    },
    forsake: (_words, { after }) => [releaseShare(after)],
    sweep({ files }, me, isDead) {
      const isNeeded = areOthersAttached(files[me.file], me, isDead) && !clearsEarly;
      return [{ point: "isSharedByOthers", then: isNeeded ? me.after : "clear" }];
    },
    clear: (_words, { after }) => [{ then: after, act: clearTombstone }],
  };
}

/** An actor that opens waits for the holder of the lock; one that leaves lets it remove the name. */
function unlinkingUnderLock(mistake: AttachGateMistake | undefined): Program<Directory, User> {
  const ignoresLock = mistake === "removes the name without the lock";
  return {
    lock({ files }, { file, after }, isDead) {
      const { locker } = files[file];
      const isLocked = locker !== NONE && !isDead(locker) && !ignoresLock;
      if (isLocked) return after === "open" ? [] : [releaseShare(after)];
      return [{
        point: "lock",
        then: "compare",
        act: (words, me) => void (words.files[me.file].locker = me.id),
      }];
    },
    compare: ({ named }, { file }) => [{ then: named === file ? "remove" : "unlock" }],
    remove: () => [{
      point: "unlink",
      then: "unlock",
      act: (words) => void (words.named = NONE),
    }],
    unlock: () => [{
      then: "forsake",
      act: (words, me) => void (words.files[me.file].locker = NONE),
    }],
  };
}

/** Gives up the share of a file that is gone, and then looks after its grave. */
function releaseShare(after: User["after"]): Step {
  return {
    point: "unshare",
    then: "sweep",
    act(words, me) {
      me.after = after;
      unshare(words, me);
    },
  };
}

function clearTombstone(words: Directory, me: User): void {
  words.files[me.file].tombstone = NONE;
}

function share({ files }: Directory, { file, id }: User): void {
  files[file].shares.push(id);
  files[file].shares.sort();
}

function unshare({ files }: Directory, { file, id }: User): void {
  files[file].shares = files[file].shares.filter((other) => other !== id);
}

function areOthersAttached(
  { shares }: File,
  me: Readonly<User>,
  isDead: (actor: number) => boolean,
): boolean {
  return shares.some((id) => id !== me.id && !isDead(id));
}

/** Who is in is so in the segment that the name stands for, and it is not given up. */
function check({ words, actors }: State<Directory, User>): void {
  for (const { id, at, file, isDead } of actors) {
    if (at !== "in" || isDead) continue;
    if (words.named !== file) throw new Error(`actor ${id} is in ${file}, named is ${words.named}`);
    if (words.files[file].gate === CLOSED) throw new Error(`actor ${id} is in what is shut`);
  }
}

/** Only those who came and left meanwhile made somebody try again. */
function checkAttempts({ actors }: State<Directory, User>, max: number): void {
  const starved = actors.find(({ attempts }) => attempts > max);
  if (starved) throw new Error(`actor ${starved.id} comes in vain`);
}

/** The last one to leave deletes the segment, and no grave is left, unless somebody died. */
function checkEnd({ words, actors }: State<Directory, User>): void {
  if (actors.some(({ isDead }) => isDead)) return;
  if (words.named !== NONE) throw new Error("the segment is left behind");
  if (words.files.some(({ tombstone }) => tombstone !== NONE)) {
    throw new Error("a grave is left behind");
  }
}
