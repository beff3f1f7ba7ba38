/**
 * Attaching to a segment and leaving it, as a model: the last to leave deletes it, and no actor blocks
 * another. A file is what a name refers to; its shares are the live actors that have it open.
 *
 * @module
 */

import type { Actor, Model, Move, Program, State } from "./explore.ts";

const CLOSED = -1;
/** No file, or no tombstone. */
export const NONE = -1;
/** Attempts of one opening that the attaching and leaving of another can spoil. */
const RETRIES_PER_ATTACHMENT = 2;

interface File {
  gate: number;
  shares: number[];
  /** The file that its tombstone names. */
  tombstone: number;
  /** The actor that has its lock. */
  locker: number;
}

/** The shared state. */
export interface Directory {
  files: File[];
  /** The file that the channel's name refers to. */
  named: number;
}

interface User extends Actor {
  id: number;
  /** Sockets that it still opens, one after the other. */
  attachments: number;
  file: number;
  gate: number;
  attempts: number;
  /** Where it continues after a file is unlinked. */
  after: "open" | "prepare" | "idle";
}

/** Mistakes that the exploration has to find. */
export type AttachGateMistake =
  | "attaches without counting"
  | "checks before it releases its share"
  | "deletes the name and not the file"
  | "clears a tombstone that others still check"
  | "removes the name without the lock";

/** Parameters of an exploration. */
export interface AttachGateOptions {
  /** Sockets that each actor opens and closes, one after the other. */
  attachments: number[];
  /** Actors that may die. Default: the first one. */
  killable?: number[] | undefined;
  /** The file system cannot rename without replacing: the file's lock protects its name. */
  hasLock?: boolean | undefined;
  mistake?: AttachGateMistake | undefined;
}

type Step = Move<Directory, User>;

/** The model of a segment's beginning and end. */
export function attachGateModel(
  { attachments, killable: killable = [0], hasLock = false, mistake }: AttachGateOptions,
): Model<Directory, User> {
  const users = attachments.map((count, id): User => ({
    at: "idle",
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
    idle: ["idle", "attached", "end"],
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
    idle: (
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
        then: "attach",
        act(words, me) {
          me.file = words.named = words.files.length;
          words.files.push({ gate: 0, shares: [me.id], tombstone: NONE, locker: NONE });
        },
      }],
    share: () => [{ point: "share", then: "compareName", act: share }],
    compareName: (
      { named },
      { file },
    ) => [named === file ? { then: "attach" } : releaseShare("prepare")],
    attach: ({ files }, { file }) =>
      files[file].gate === CLOSED
        ? [{ then: "unlink", act: (_words, me) => void (me.after = "open") }]
        : [{
          then: "attached",
          act(words, me) {
            if (mistake !== "attaches without counting") words.files[me.file].gate++;
            me.attempts = 0;
          },
        }],
    attached: () => [{ then: "leave", act: (_words, me) => void me.attachments-- }],
  };
}

function detaching(mistake: AttachGateMistake | undefined): Program<Directory, User> {
  const checksFirst = mistake === "checks before it releases its share";
  return {
    leave: () => [{ point: "unshare", then: "read", ...checksFirst ? {} : { act: unshare } }],
    read: ({ files }) => [{
      then: "ask",
      act: (_words, me) => void (me.gate = files[me.file].gate),
    }],
    ask({ files }, me, isDead) {
      if (me.gate === CLOSED) return [{ then: "shareAgain" }];
      const then = areOthersAttached(files[me.file], me, isDead) ? "close" : "shareAgain";
      return [{ point: "isSharedByOthers", then }];
    },
    close: () => [{ then: "idle", act: unshare }],
    shareAgain: (_words, { gate }) => [{
      point: "share",
      then: gate === CLOSED ? "unlink" : "closeGate",
      act: endAttachment,
    }],
    closeGate: ({ files }, { file, gate }) =>
      files[file].gate !== gate ? [{ then: "leave" }] : [{
        then: "unlink",
        act: (words, me) => void (words.files[me.file].gate = CLOSED),
      }],
  };
}

function endAttachment(words: Directory, me: User): void {
  share(words, me);
  me.after = "idle";
}

function unlinking(
  mistake: AttachGateMistake | undefined,
  hasLock: boolean,
): Program<Directory, User> {
  const ignoresTombstones = mistake === "deletes the name and not the file";
  const clearsEarly = mistake === "clears a tombstone that others still check";
  return {
    unlink: ({ named }, { file, after }) => [
      named === file ? { then: hasLock ? "lock" : "move" } : releaseShare(after),
    ],
    move: ({ named, files }, { file, after }) => {
      const isTaken = files[file].tombstone !== NONE && !ignoresTombstones;
      if (named === NONE || isTaken) return [releaseShare(after)];
      return [{
        point: "renameNew",
        then: "release",
        act(words, me) {
          words.files[me.file].tombstone = words.named;
          words.named = NONE;
        },
      }];
    },
    release: (_words, { after }) => [releaseShare(after)],
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
      then: "release",
      act: (words, me) => void (words.files[me.file].locker = NONE),
    }],
  };
}

/** Releases the share of a file that is deleted, and then checks its tombstone. */
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

/** An attached actor has the segment that the name refers to, and its gate is open. */
function check({ words, actors }: State<Directory, User>): void {
  for (const { id, at, file, isDead } of actors) {
    if (at !== "attached" || isDead) continue;
    if (words.named !== file) {
      throw new Error(`actor ${id} has ${file}, the name is ${words.named}`);
    }
    if (words.files[file].gate === CLOSED) throw new Error(`actor ${id} has a closed segment`);
  }
}

/** Only actors that attached and left meanwhile may make another one try again. */
function checkAttempts({ actors }: State<Directory, User>, max: number): void {
  const starved = actors.find(({ attempts }) => attempts > max);
  if (starved) throw new Error(`actor ${starved.id} cannot attach`);
}

/** The last to leave deletes the segment, and no tombstone is left, unless an actor died. */
function checkEnd({ words, actors }: State<Directory, User>): void {
  if (actors.some(({ isDead }) => isDead)) return;
  if (words.named !== NONE) throw new Error("the segment is left behind");
  if (words.files.some(({ tombstone }) => tombstone !== NONE)) {
    throw new Error("a tombstone is left behind");
  }
}
