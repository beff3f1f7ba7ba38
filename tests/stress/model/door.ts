/**
 * Coming to a segment and leaving it as a model: who leaves last deletes it, and nobody waits for anybody.
 * A file here is what a name may stand for; its shares are the actors that have one and live.
 *
 * @module
 */

import type { Actor, Model, Move, Program, State } from "./explore.ts";

const SHUT = -1;
/** No file, or no grave. */
export const NONE = -1;
/** Attempts of one opening that the coming and leaving of another can spoil. */
const SPOILT_BY_ONE = 2;

interface File {
  door: number;
  shares: number[];
  /** The file that its grave names. */
  grave: number;
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
  visits: number;
  file: number;
  door: number;
  attempts: number;
  /** Where it goes on when a file is buried. */
  after: "open" | "prepare" | "come";
}

/** Mistakes that the exploration has to find. */
export type DoorMistake =
  | "comes without counting"
  | "looks before it gives up its share"
  | "deletes the name and not the file"
  | "clears a grave that others still look at";

/** What is explored. */
export interface DoorOptions {
  /** Sockets that each one opens and closes, one after the other. */
  visits: number[];
  /** Who may die; the first one, when left out. */
  mortals?: number[];
  mistake?: DoorMistake;
}

type Step = Move<Directory, User>;

/** The model of a segment's beginning and end. */
export function doorModel(
  { visits, mortals = [0], mistake }: DoorOptions,
): Model<Directory, User> {
  const users = visits.map((count, id): User => ({
    at: "come",
    isDead: false,
    id,
    visits: count,
    file: NONE,
    door: 0,
    attempts: 0,
    after: "open",
  }));
  return {
    initial: { words: { files: [], named: NONE }, actors: users },
    programs: users.map(() => ({ ...coming(mistake), ...leaving(mistake), ...burying(mistake) })),
    resting: ["come", "in", "end"],
    mortals,
    check(state) {
      check(state);
      checkAttempts(state, 1 + SPOILT_BY_ONE * visits.reduce((sum, count) => sum + count, 0));
    },
    checkEnd,
  };
}

function coming(mistake: DoorMistake | undefined): Program<Directory, User> {
  return {
    come: (_words, { visits }) => [{ then: visits === 0 ? "end" : "open", isOwn: true }],
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
          words.files.push({ door: 0, shares: [me.id], grave: NONE });
        },
      }],
    share: () => [{ point: "share", then: "look", act: share }],
    look: ({ named }, { file }) => [named === file ? { then: "enter" } : forsake("prepare")],
    enter: ({ files }, { file }) =>
      files[file].door === SHUT
        ? [{ then: "bury", act: (_words, me) => void (me.after = "open") }]
        : [{
          then: "in",
          act(words, me) {
            if (mistake !== "comes without counting") words.files[me.file].door++;
            me.attempts = 0;
          },
        }],
    in: () => [{ then: "leave", act: (_words, me) => void me.visits-- }],
  };
}

function leaving(mistake: DoorMistake | undefined): Program<Directory, User> {
  const looksFirst = mistake === "looks before it gives up its share";
  return {
    leave: () => [{ point: "unshare", then: "read", act: looksFirst ? undefined : unshare }],
    read: ({ files }) => [{
      then: "ask",
      act: (_words, me) => void (me.door = files[me.file].door),
    }],
    ask({ files }, me, isDead) {
      if (me.door === SHUT) return [{ then: "shareAgain" }];
      const then = areOthersIn(files[me.file], me, isDead) ? "close" : "shareAgain";
      return [{ point: "isSharedByOthers", then }];
    },
    close: () => [{ then: "come", act: unshare }],
    shareAgain: (_words, { door }) => [{
      point: "share",
      then: door === SHUT ? "bury" : "shut",
      act: endVisit,
    }],
    shut: ({ files }, { file, door }) =>
      files[file].door !== door ? [{ then: "leave" }] : [{
        then: "bury",
        act: (words, me) => void (words.files[me.file].door = SHUT),
      }],
  };
}

function endVisit(words: Directory, me: User): void {
  share(words, me);
  me.after = "come";
}

function burying(mistake: DoorMistake | undefined): Program<Directory, User> {
  const forgetsGraves = mistake === "deletes the name and not the file";
  const isRash = mistake === "clears a grave that others still look at";
  return {
    bury: ({ named }, { file, after }) => [named === file ? { then: "move" } : forsake(after)],
    move: ({ named, files }, { file, after }) => {
      const isTaken = files[file].grave !== NONE && !forgetsGraves;
      if (named === NONE || isTaken) return [forsake(after)];
      return [{
        point: "renameNew",
        then: "forsake",
        act(words, me) {
          words.files[me.file].grave = words.named;
          words.named = NONE;
        },
      }];
    },
    forsake: (_words, { after }) => [forsake(after)],
    sweep({ files }, me, isDead) {
      const isNeeded = areOthersIn(files[me.file], me, isDead) && !isRash;
      return [{ point: "isSharedByOthers", then: isNeeded ? me.after : "clear" }];
    },
    clear: (_words, { after }) => [{ then: after, act: clearGrave }],
  };
}

/** Gives up the share of a file that is gone, and then looks after its grave. */
function forsake(after: User["after"]): Step {
  return {
    point: "unshare",
    then: "sweep",
    act(words, me) {
      me.after = after;
      unshare(words, me);
    },
  };
}

function clearGrave(words: Directory, me: User): void {
  words.files[me.file].grave = NONE;
}

function share({ files }: Directory, { file, id }: User): void {
  files[file].shares.push(id);
  files[file].shares.sort();
}

function unshare({ files }: Directory, { file, id }: User): void {
  files[file].shares = files[file].shares.filter((other) => other !== id);
}

function areOthersIn(
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
    if (words.files[file].door === SHUT) throw new Error(`actor ${id} is in what is shut`);
  }
}

/** Only those who came and left meanwhile made somebody try again. */
function checkAttempts({ actors }: State<Directory, User>, most: number): void {
  const inVain = actors.find(({ attempts }) => attempts > most);
  if (inVain) throw new Error(`actor ${inVain.id} comes in vain`);
}

/** The last one to leave deletes the segment, and no grave is left, unless somebody died. */
function checkEnd({ words, actors }: State<Directory, User>): void {
  if (actors.some(({ isDead }) => isDead)) return;
  if (words.named !== NONE) throw new Error("the segment is left behind");
  if (words.files.some(({ grave }) => grave !== NONE)) throw new Error("a grave is left behind");
}
