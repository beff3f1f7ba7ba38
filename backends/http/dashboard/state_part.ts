/**
 * The shared states for the snapshots of a server.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { withTimer } from "../../../lib/base/timer.ts";
import type { SharedBackend } from "../../state/types.ts";

/** Shared states by the names that the page has for them. */
export type NamedStates = Readonly<Record<string, SharedBackend>>;

/** Most threads, and most pairs of the registry, that are shown of a state. */
const MAX_ROWS = 50;
/** Milliseconds between two questions: a state may be far away, and reading it renews nothing. */
const ASK_MS = 3000;
/** Milliseconds that an answer may take. */
const MAX_WAIT_MS = 2000;

/** A shared state. */
export interface StateRow {
  name: string;
  /** False if it did not answer in time. */
  isKnown: boolean;
  /** Where it lives. */
  backendType: string;
  address: string;
  threads: number;
  pairs: number;
  maxThreads: number;
  maxSlotsPerThread: number;
  ttlSeconds: number | null;
}

/** A thread of a shared state. */
export interface ThreadRow {
  state: string;
  thread: string;
  /** Its slots; the indexes are those below. */
  slots: number;
}

/** A pair of the registry of a shared state. */
export interface PairRow {
  state: string;
  chain: string;
  uuid: string;
}

/** The shared states that a server shows. */
export interface StatesPart {
  states: StateRow[];
  /** The first threads of each. */
  threads: ThreadRow[];
  /** The first pairs of each. */
  pairs: PairRow[];
}

/** Asks states what they hold while snapshots are taken, which do not wait for that. */
export class StateFollower {
  readonly #states: NamedStates;
  #part: StatesPart | null = null;
  #isAsking = false;
  #askedAtMs = -Infinity;
  readonly #silent = new Set<string>();

  constructor(states: NamedStates) {
    this.#states = states;
  }

  /** What the states have said last, and asks them again if that is some time ago. */
  next(): StatesPart | null {
    this.#ask();
    return this.#part;
  }

  async #ask(): Promise<void> {
    const nowMs = performance.now();
    const names = Object.keys(this.#states);
    if (this.#isAsking || names.length === 0 || nowMs - this.#askedAtMs < ASK_MS) return;
    this.#isAsking = true;
    this.#askedAtMs = nowMs;
    const parts = await Promise.all(names.map((name) => this.#partOf(name)));
    this.#isAsking = false;
    this.#part = {
      states: parts.flatMap(({ states }) => states),
      threads: parts.flatMap(({ threads }) => threads),
      pairs: parts.flatMap(({ pairs }) => pairs),
    };
  }

  async #partOf(name: string): Promise<StatesPart> {
    try {
      const part = await inTime(read(name, this.#states[name]));
      this.#silent.delete(name);
      return part;
    } catch (error) {
      if (!this.#silent.has(name)) {
        logger.warn("cannot read the shared state {name}: {error}", { name, error });
      }
      this.#silent.add(name);
      return { states: [{ ...UNKNOWN, name }], threads: [], pairs: [] };
    }
  }
}

const UNKNOWN = {
  isKnown: false,
  backendType: "",
  address: "",
  threads: 0,
  pairs: 0,
  maxThreads: 0,
  maxSlotsPerThread: 0,
  ttlSeconds: null,
};

async function read(name: string, state: SharedBackend): Promise<StatesPart> {
  const info = await state.info();
  const ids = (await state.bufferListThreads()).sort().slice(0, MAX_ROWS);
  const pairs = Object.entries(await state.registryListAll());
  const threads = await Promise.all(
    ids.map(async (thread) => ({
      state: name,
      thread,
      slots: await state.bufferThreadLen(thread),
    })),
  );
  return {
    states: [{
      ...info,
      name,
      isKnown: true,
      address: info.address ?? "",
      ttlSeconds: info.ttlSeconds ?? null,
    }],
    threads,
    pairs: pairs.slice(0, MAX_ROWS).map(([uuid, chain]) => ({ state: name, chain, uuid })),
  };
}

/** @throws {Error} if the state takes too long */
async function inTime<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  const { promise: late, reject } = Promise.withResolvers<never>();
  return await withTimer(
    Promise.race([work, late]),
    MAX_WAIT_MS,
    () => reject(new Error(`it did not answer within ${MAX_WAIT_MS} ms`)),
  );
}
