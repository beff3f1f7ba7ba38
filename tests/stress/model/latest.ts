/**
 * One key of latest values as a model: writers add 1 to its value, readers copy it in two halves, and a
 * collector frees what the dead left behind. A cell has two halves, so that a torn copy shows.
 *
 * @module
 */

import type { Actor, Model, Move, Program, State } from "./explore.ts";

const FREE = 0;
const WRITING = 1;
const KEPT = 2;
/** No cell, or nobody. */
const NONE = -1;

interface Cell {
  status: number;
  writer: number;
  use: number;
  first: number;
  second: number;
}

/** The shared state: a bucket and the cells, and how often its value was replaced. */
export interface Key {
  cell: number;
  version: number;
  cells: Cell[];
}

interface Party extends Actor {
  id: number;
  /** Values to write, or to read. */
  left: number;
  /** The cell that it fills or looks at, and its use. */
  cell: number;
  use: number;
  /** What the bucket was when it was looked at. */
  seen: number;
  seenUse: number;
  version: number;
  first: number;
  second: number;
  /** The version at the beginning of a read. */
  since: number;
}

/** Mistakes that the exploration has to find. */
export type LatestMistake =
  | "frees the old cell before it publishes"
  | "publishes before it has filled the cell"
  | "publishes without comparing"
  | "claims a cell without a new use"
  | "marks a cell that is no longer its own"
  | "copies without comparing the use"
  | "collects what a live writer fills"
  | "collects without looking at the bucket";

/** Parameters of an exploration. */
export interface LatestOptions {
  /** Updates of each writer. */
  writes: number[];
  /** Reads of each reader. */
  reads: number[];
  /** Cells, one of which has the first value. */
  cells: number;
  /** Rounds of the collector. */
  collects: number;
  mistake?: LatestMistake | undefined;
}

type Step = Move<Key, Party>;

/** The model of one key. */
export function latestModel(options: LatestOptions): Model<Key, Party> {
  const { writes, reads, cells, collects, mistake } = options;
  const kinds = [
    ...writes.map((left) => ({ left, program: writing(mistake) })),
    ...reads.map((left) => ({ left, program: reading(mistake) })),
    { left: collects, program: collecting(mistake) },
  ];
  const first = { status: KEPT, writer: NONE, use: 1, first: 0, second: 0 };
  const free = { status: FREE, writer: NONE, use: 0, first: 0, second: 0 };
  const words: Key = {
    cell: 0,
    version: 0,
    cells: [first, ...Array.from({ length: cells - 1 }, () => ({ ...free }))],
  };
  return {
    initial: { words, actors: kinds.map(({ left }, id) => newParty(id, left)) },
    programs: kinds.map(({ program }) => program),
    idle: ["idle", "end"],
    killable: [0],
    check,
    checkEnd,
  };
}

function newParty(id: number, left: number): Party {
  return {
    at: "idle",
    isDead: false,
    id,
    left,
    cell: NONE,
    use: 0,
    seen: NONE,
    seenUse: 0,
    version: 0,
    first: 0,
    second: 0,
    since: 0,
  };
}

/** What a party forgets between two calls, so that fewer states differ. */
function finish(me: Party): void {
  Object.assign(me, newParty(me.id, me.left - 1), { at: me.at, isDead: me.isDead });
}

function idle(_words: Key, { left }: Party, then: string): Step[] {
  return [{ then: left === 0 ? "end" : then, isOwn: true }];
}

function look(words: Key, me: Party): void {
  me.seen = words.cell;
  me.seenUse = words.cells[words.cell].use;
  me.version = words.version;
}

function free(words: Key, index: number, use: number): void {
  const cell = words.cells[index];
  if (cell.use === use && cell.status !== FREE) Object.assign(cell, { status: FREE, writer: NONE });
}

function writing(mistake: LatestMistake | undefined): Program<Key, Party> {
  const publishesEarly = mistake === "publishes before it has filled the cell";
  const freesEarly = mistake === "frees the old cell before it publishes";
  return {
    idle: (words, me) => idle(words, me, "claim"),
    claim: ({ cells }) => {
      const index = cells.findIndex(({ status }) => status === FREE);
      if (index < 0) return [];
      return [{
        point: "CELL_CLAIMED",
        then: "look",
        act(words, me) {
          const cell = words.cells[index];
          Object.assign(cell, { status: WRITING, writer: me.id });
          if (mistake !== "claims a cell without a new use") cell.use++;
          Object.assign(me, { cell: index, use: cell.use });
        },
      }];
    },
    look: () => [{ then: "copy", act: look }],
    copy: ({ cells }, { seen, seenUse }) =>
      cells[seen].use !== seenUse ? [{ then: "look" }] : [{
        then: publishesEarly ? "publish" : freesEarly ? "freeOld" : "fill",
        act: (words, me) => void (me.first = words.cells[me.seen].first + 1),
      }],
    fill: () => [{
      then: "fillRest",
      act: (words, me) => void (words.cells[me.cell].first = me.first),
    }],
    fillRest: () => [{
      point: "CELL_FILLED",
      then: publishesEarly ? "mark" : "publish",
      act: (words, me) => void (words.cells[me.cell].second = me.first),
    }],
    publish: ({ version }, me) =>
      version !== me.version && mistake !== "publishes without comparing" ? [{ then: "look" }] : [{
        point: "CELL_PUBLISHED",
        then: publishesEarly ? "fill" : "mark",
        act(words, me) {
          words.cell = me.cell;
          words.version++;
        },
      }],
    mark: () => [{ point: "CELL_MARKED", then: freesEarly ? "done" : "freeOld", act: mark }],
    freeOld: () => [{
      point: "CELL_FREED",
      then: freesEarly ? "fill" : "done",
      act: (words, me) => free(words, me.seen, me.seenUse),
    }],
    done: () => [{ then: "idle", act: (_words, me) => finish(me) }],
  };

  function mark(words: Key, me: Party): void {
    const cell = words.cells[me.cell];
    const isOwn = cell.status === WRITING && cell.writer === me.id && cell.use === me.use;
    const isForced = mistake === "marks a cell that is no longer its own";
    if (isOwn || isForced) Object.assign(cell, { status: KEPT, writer: NONE });
  }
}

function reading(mistake: LatestMistake | undefined): Program<Key, Party> {
  const isSure = mistake === "copies without comparing the use";
  return {
    idle: (words, me) => idle(words, me, "begin"),
    begin: () => [{
      then: "copy",
      act(words, me) {
        look(words, me);
        me.since = words.version;
      },
    }],
    look: () => [{ then: "copy", act: look }],
    copy: () => [{
      then: "copyRest",
      act: (words, me) => void (me.first = words.cells[me.seen].first),
    }],
    copyRest: () => [{
      then: "compare",
      act: (words, me) => void (me.second = words.cells[me.seen].second),
    }],
    compare: ({ cells }, { seen, seenUse }) => [{
      then: isSure || cells[seen].use === seenUse ? "read" : "look",
    }],
    read: () => [{ then: "idle", act: (_words, me) => finish(me) }],
  };
}

/** Looks at one cell after the other. */
function collecting(mistake: LatestMistake | undefined): Program<Key, Party> {
  return {
    idle: (_words, { left }) => [{
      then: left === 0 ? "end" : "next",
      isOwn: true,
      act: (_words, me) => void (me.cell = 0),
    }],
    next: ({ cells }, { cell: index }, isDead) => {
      if (index === cells.length) {
        return [{ then: "idle", act: (_words, me) => finish(me) }];
      }
      const { status, writer } = cells[index];
      const isWritten = status === WRITING && !isDead(writer) &&
        mistake !== "collects what a live writer fills";
      if (status === FREE || isWritten) {
        return [{ then: "next", act: (_words, me) => void me.cell++ }];
      }
      return [{
        then: "refers",
        act: (words, me) => void (me.use = words.cells[index].use),
      }];
    },
    refers: ({ cell, cells }, me) => {
      const isReferred = cell === me.cell && cells[cell].use === me.use &&
        mistake !== "collects without looking at the bucket";
      return [
        isReferred ? { then: "next", act: (_words, party) => void party.cell++ } : {
          point: "CELL_FREED",
          then: "next",
          act(words, party) {
            free(words, party.cell, party.use);
            party.cell++;
          },
        },
      ];
    },
  };
}

/** Each update adds 1 and one version. */
function check({ words, actors }: State<Key, Party>): void {
  const cell = words.cells[words.cell];
  if (cell.first !== cell.second) throw new Error(`the value is torn`);
  if (cell.first !== words.version) {
    throw new Error(`the value is ${cell.first} after ${words.version} updates`);
  }
  if (cell.status === FREE) throw new Error(`the cell of the value is free`);
  for (const { at, id, first, second, since } of actors) {
    if (at !== "read") continue;
    if (first !== second) throw new Error(`reader ${id} has a torn value`);
    if (first < since) throw new Error(`reader ${id} has ${first}, which was replaced before`);
  }
}

function checkEnd({ words, actors }: State<Key, Party>): void {
  for (const { at, id, isDead } of actors) {
    if (!isDead && at !== "end") throw new Error(`actor ${id} waits in vain at ${at}`);
  }
  if (actors.some(({ isDead }) => isDead)) return;
  const used = words.cells.filter(({ status }) => status !== FREE).length;
  if (used !== 1) throw new Error(`${used} cells are in use for one value`);
}
