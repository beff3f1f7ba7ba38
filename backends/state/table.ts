/**
 * Threads and registry in memory, without I/O and with an injected clock. The in-memory backend uses it
 * directly. Others keep it in a server, or apply the records of a journal to it.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { TextMap } from "../../lib/base/text_map.ts";
import type { StateLimits } from "./config.ts";
import { SharedBackendLimitError } from "./errors.ts";
import type { StateCounts } from "./info.ts";
import { KeyedEntries } from "./keyed_entries.ts";

/** Milliseconds of a clock; only differences count. */
export type StateClock = () => number;

interface Thread {
  readonly slots: Uint8Array[];
  expiresAtMs: number;
  bytes: number;
}

interface Pair {
  readonly chain: string;
  readonly uuid: string;
  expiresAtMs: number;
  readonly bytes: number;
}

/** Approximate bytes of an entry besides its names, and of a slot besides its value. */
const ENTRY_BYTES = 500;
const SLOT_BYTES = 150;

const bytesOfThread = (threadId: string) => ENTRY_BYTES + 2 * threadId.length;
const bytesOfPair = (chain: string, uuid: string) => 2 * (ENTRY_BYTES + chain.length + uuid.length);
const bytesOfSlot = ({ length }: Uint8Array) => SLOT_BYTES + length;

/** Most bytes that a write adds. */
export function bytesOfWrite(write: StateWrite): number {
  if (write.kind === "setPair") return bytesOfPair(write.chain, write.uuid);
  if (write.kind !== "append") return 0;
  return bytesOfThread(write.threadId) + bytesOfSlot(write.slot);
}

/** A write as data, which can be stored or sent. */
export type StateWrite =
  | { kind: "append"; threadId: string; slot: Uint8Array }
  | { kind: "deleteThread"; threadId: string }
  | { kind: "clearThreads" }
  | { kind: "setPair"; chain: string; uuid: string }
  | { kind: "deletePair"; uuid: string }
  | { kind: "clearPairs" };

/** Result of a write: an index, whether there was something to delete, or nothing. */
export type WriteResult<W extends StateWrite> = W extends { kind: "append" } ? number
  : W extends { kind: "deleteThread" | "deletePair" } ? boolean
  : void;

/** Contents of a table: threads by id, and pairs by uuid. */
export interface TableContents {
  readonly threads: Iterable<readonly [string, Readonly<Omit<Thread, "bytes">>]>;
  readonly pairs: Iterable<readonly [string, Readonly<Omit<Pair, "bytes">>]>;
}

/** Threads and pairs. Each expires as a whole some time after its last use. */
export class StateTable {
  #limits: StateLimits;
  readonly #now: StateClock;
  readonly #readsRefreshTtl: boolean;
  // In the order of their last use: those that expire next come first.
  readonly #threads = new KeyedEntries<Thread>();
  readonly #byUuid = new KeyedEntries<Pair>();
  readonly #byChain = new TextMap<Pair>();

  /**
   * @param readsRefreshTtl whether a read is a use. False if other processes apply the same writes to
   * tables of their own, but do not see the reads
   */
  constructor(limits: StateLimits, now: StateClock, readsRefreshTtl = true) {
    this.#limits = limits;
    this.#now = now;
    this.#readsRefreshTtl = readsRefreshTtl;
  }

  /** Changes the limits. A time to live changes only while there is no entry: entries expire in their order. */
  setLimits(limits: StateLimits): void {
    this.#limits = limits;
  }

  /** Carries out a write. */
  write<W extends StateWrite>(write: W): WriteResult<W>;
  write(write: StateWrite): number | boolean | void {
    switch (write.kind) {
      case "append":
        return this.append(write.threadId, write.slot);
      case "deleteThread":
        return this.deleteThread(write.threadId);
      case "clearThreads":
        return this.clearThreads();
      case "setPair":
        return this.setPair(write.chain, write.uuid);
      case "deletePair":
        return this.deletePair(write.uuid);
      case "clearPairs":
        return this.clearPairs();
    }
  }

  append(threadId: string, slot: Uint8Array): number {
    const thread = this.#touch(this.#threads, threadId) ?? this.#newThread(threadId);
    const { maxSlotsPerThread } = this.#limits;
    if (thread.slots.length >= maxSlotsPerThread) throw threadFull(threadId, maxSlotsPerThread);
    this.#addSlot(thread, slot);
    return thread.slots.length - 1;
  }

  #addSlot(thread: Thread, slot: Uint8Array): void {
    thread.slots.push(slot.slice());
    thread.bytes += bytesOfSlot(slot);
    this.#threads.addBytes(bytesOfSlot(slot));
  }

  #newThread(threadId: string): Thread {
    const { maxThreads } = this.#limits;
    this.#sweepThreads();
    if (this.#threads.size >= maxThreads) throw threadsFull(threadId, maxThreads);
    const thread = { slots: [], expiresAtMs: this.#expiry(), bytes: bytesOfThread(threadId) };
    this.#threads.set(threadId, thread);
    return thread;
  }

  slots(threadId: string): Uint8Array[] {
    return this.#read(this.#threads, threadId)?.slots.map((slot) => slot.slice()) ?? [];
  }

  slot(threadId: string, index: number): Uint8Array | undefined {
    return this.#read(this.#threads, threadId)?.slots[index]?.slice();
  }

  threadLength(threadId: string): number {
    return this.#read(this.#threads, threadId)?.slots.length ?? 0;
  }

  deleteThread(threadId: string): boolean {
    return this.#touch(this.#threads, threadId) !== undefined && this.#threads.delete(threadId);
  }

  threadIds(): string[] {
    return this.#unexpired(this.#threads).map(([threadId]) => threadId);
  }

  clearThreads(): void {
    this.#threads.clear();
  }

  setPair(chain: string, uuid: string): void {
    this.#sweepPairs();
    this.#removePair(this.#byUuid.get(uuid));
    this.#removePair(this.#byChain.get(chain));
    const pair = { chain, uuid, expiresAtMs: this.#expiry(), bytes: bytesOfPair(chain, uuid) };
    this.#byUuid.set(uuid, pair);
    this.#byChain.set(chain, pair);
  }

  uuidOf(chain: string): string | undefined {
    const pair = this.#byChain.get(chain);
    return pair && this.#read(this.#byUuid, pair.uuid)?.uuid;
  }

  chainOf(uuid: string): string | undefined {
    return this.#read(this.#byUuid, uuid)?.chain;
  }

  deletePair(uuid: string): boolean {
    const pair = this.#touch(this.#byUuid, uuid);
    this.#removePair(pair);
    return pair !== undefined;
  }

  pairs(): Record<string, string> {
    return Object.fromEntries(
      this.#unexpired(this.#byUuid).map(([uuid, { chain }]) => [uuid, chain]),
    );
  }

  clearPairs(): void {
    this.#byUuid.clear();
    this.#byChain.clear();
  }

  #removePair(pair: Pair | undefined): void {
    if (pair === undefined) return;
    this.#byUuid.delete(pair.uuid);
    this.#byChain.delete(pair.chain);
  }

  #expiry(): number {
    return this.#limits.ttlMs === undefined ? Infinity : this.#now() + this.#limits.ttlMs;
  }

  /** False if a write would remove something that is not there. */
  has(write: StateWrite): boolean {
    if (write.kind === "deleteThread") return this.#threads.has(write.threadId);
    if (write.kind === "deletePair") return this.#byUuid.has(write.uuid);
    if (write.kind === "clearThreads") return this.#threads.size > 0;
    return write.kind !== "clearPairs" || this.#byUuid.size > 0;
  }

  /** Approximate bytes of all threads and pairs, expired ones included. */
  get bytes(): number {
    return this.#threads.bytes + this.#byUuid.bytes;
  }

  /** Numbers of threads and pairs, expired ones included, and the characters of their names. */
  counts(): StateCounts & { characters: number } {
    const characters = this.#threads.characters + this.#byUuid.characters;
    return { threads: this.#threads.size, pairs: this.#byUuid.size, characters };
  }

  /** Numbers of threads and pairs that have not expired. */
  unexpiredCounts(): StateCounts {
    return {
      threads: this.#countUnexpired(this.#threads),
      pairs: this.#countUnexpired(this.#byUuid),
    };
  }

  /** The first entries expire first. */
  #countUnexpired(entries: TextMap<Thread | Pair>): number {
    let count = entries.size;
    for (const { expiresAtMs } of entries.values()) {
      if (expiresAtMs > this.#now()) break;
      count--;
    }
    return count;
  }

  /** All threads and pairs, expired ones included, in the order of their last use. */
  contents(): TableContents {
    return { threads: this.#threads, pairs: this.#byUuid };
  }

  /** Adds threads and pairs of another table, in the order of their last use. */
  restore(contents: TableContents): void {
    for (const [threadId, { slots, expiresAtMs }] of contents.threads) {
      const thread = this.#threads.get(threadId) ??
        { slots: [], expiresAtMs, bytes: bytesOfThread(threadId) };
      this.#threads.set(threadId, thread);
      for (const slot of slots) this.#addSlot(thread, slot);
    }
    for (const [uuid, pair] of contents.pairs) {
      this.#byUuid.set(uuid, { ...pair, bytes: bytesOfPair(pair.chain, uuid) });
      this.#byChain.set(pair.chain, this.#byUuid.get(uuid)!);
    }
  }

  #unexpired<E extends Thread | Pair>(entries: TextMap<E>): [string, E][] {
    return [...entries].filter(([, { expiresAtMs }]) => expiresAtMs > this.#now());
  }

  /** An entry that has not expired, for a read. */
  #read<E extends Thread | Pair>(entries: TextMap<E>, key: string): E | undefined {
    if (this.#readsRefreshTtl) return this.#touch(entries, key);
    const entry = entries.get(key);
    return entry !== undefined && entry.expiresAtMs > this.#now() ? entry : undefined;
  }

  /** An entry that has not expired. It is used now, and expires last. */
  #touch<E extends Thread | Pair>(entries: TextMap<E>, key: string): E | undefined {
    const entry = entries.get(key);
    if (entry === undefined || this.#limits.ttlMs === undefined) return entry;
    entries.delete(key);
    if (entry.expiresAtMs <= this.#now()) {
      if ("chain" in entry) this.#byChain.delete(entry.chain);
      return undefined;
    }
    entry.expiresAtMs = this.#expiry();
    entries.set(key, entry);
    return entry;
  }

  /** True if an entry has expired that is still there. */
  hasExpired(): boolean {
    const [thread] = this.#threads.values();
    const [pair] = this.#byUuid.values();
    return [thread, pair].some((first) => first !== undefined && first.expiresAtMs <= this.#now());
  }

  /** Removes what has expired. */
  sweep(): void {
    this.#sweepThreads();
    this.#sweepPairs();
  }

  /** Removes expired threads. */
  #sweepThreads(): void {
    for (const [threadId, { expiresAtMs }] of this.#threads) {
      if (expiresAtMs > this.#now()) break;
      this.#threads.delete(threadId);
    }
  }

  #sweepPairs(): void {
    for (const [, pair] of this.#byUuid) {
      if (pair.expiresAtMs > this.#now()) break;
      this.#removePair(pair);
    }
  }
}

/** The error for a thread with `maxSlotsPerThread` slots. */
export function threadFull(threadId: string, limit: number): SharedBackendLimitError {
  return new SharedBackendLimitError(
    `cannot append to thread ${JSON.stringify(threadId)}: it has ${pluralize(limit, "slot")}, ` +
      `which is ` +
      `maxSlotsPerThread; delete the thread, or raise the limit`,
    limit,
  );
}

/** The error for `maxThreads` threads. */
export function threadsFull(threadId: string, limit: number): SharedBackendLimitError {
  return new SharedBackendLimitError(
    `cannot create thread ${JSON.stringify(threadId)}: the state has ` +
      `${pluralize(limit, "thread")}, which is ` +
      `maxThreads; delete some, or raise the limit`,
    limit,
  );
}
