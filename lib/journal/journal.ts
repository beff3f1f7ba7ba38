/**
 * A journal: records that processes append, and that all of them read in one and the same order. Each
 * member feeds them to a state of its own, so that all have the same state without a server.
 *
 * Records lie in a *generation*, a file that only ever grows. When more than half of it is of no use any
 * more, some member writes a copy of the state into a new file, seals the old generation with a last
 * record that names the new one, and the old file is deleted. The seal is appended as every record is,
 * with one compare-and-swap, and only behind the last record that the copy has in it: nothing is lost
 * whoever else appends at that moment, and a copier that dies or is stopped holds up nobody.
 *
 * ```text
 *   anchor "name"                 .journal-name-IDENTITY-00000002 (deleted, while someone reads it)
 *   +------------------------+    +---------+-----+---+---+---+------+
 *   | newest generation: 3   |    | copy    |mark | a | b | c | seal |
 *   | members, who sleeps    |    +---------+-----+---+---+---+--|---+
 *   +-----------|------------+    +---------+-----+---+---+      |
 *               +---------------->| copy    |mark | d | e |<-----+
 *                                 +---------+-----+---+---+
 *                                 .journal-name-IDENTITY-00000003
 * ```
 *
 * The anchor is a segment as every channel has one: its shares tell who is there, the last member to leave
 * deletes the journal unless it persists, and the doorbells of members that sleep are rung through it.
 *
 * @module
 */

import { Attachment } from "../channel/attachment.ts";
import type { Waiter } from "../base/shared_memory.ts";
import { rawCodec } from "../codecs/raw.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import { checkSignals, type Closable, register, unregister } from "../presence/exit_hooks.ts";
import { logger } from "../base/log.ts";
import { MIN_CAPACITY_BYTES } from "../base/options.ts";
import { SystemError } from "../platform/platform.ts";
import { MAX_PARTICIPANTS, WAIT_DOORBELL, WAITERS_RECEIVERS } from "../../wasm/layout.ts";
import { JournalFiles } from "./files.ts";
import { Generation, type RecordRef, type Stamp } from "./generation.ts";
import * as layout from "./layout.ts";

/** Bytes of records without use that a generation may hold before the state is copied. */
const SLACK_BYTES = 1024 * 1024;
/** Records applied at a time when others append without a pause: then the event loop has its turn. */
const RECORDS_PER_POLL = 1000;

/** Options of a journal. */
export interface JournalOptions {
  /** Directory of the segments; left out, `RINGBUS_DIR` or the user's own. */
  dir?: string;
  /** Keeps the journal when its last member closes. Takes effect when the journal is created. */
  persist?: boolean;
  /** Milliseconds of the Unix epoch; `Date.now` when left out. */
  clock?: () => number;
  /** Bytes without use that a generation may hold, besides as many as the copy in it has. */
  slackBytes?: number;
}

/** A record as members get it. */
export interface JournalRecord extends Stamp {
  /** Its place in the order of all records, from 1 on; in a copy of a state what the copier said. */
  readonly sequence: number;
  /** When it was appended, in milliseconds of the Unix epoch: never before the record before it. */
  readonly timeMs: number;
  /** Valid during the call alone. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True if this member has just appended it. */
  readonly isOwn: boolean;
}

/** A record of a copy. */
export interface SnapshotRecord {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** What `JournalRecord.sequence` shall be. */
  readonly sequence: number;
}

/**
 * What a member makes of the records. It must depend on them alone, their times included, so that all
 * members have the same.
 */
export interface JournalState {
  /** Forgets everything: a copy comes, of what led to it some records may never have been here. */
  reset(): void;
  /**
   * Takes the next record. An error thrown here, which must mean damage, stops this member for good.
   */
  apply(record: JournalRecord): void;
  /** Records that lead from an empty state to this one. */
  snapshot(): Iterable<SnapshotRecord>;
}

/** One member of a journal. */
export class Journal implements Closable, Disposable {
  readonly name: string;
  readonly #root: Attachment;
  readonly #files: JournalFiles;
  readonly #state: JournalState;
  readonly #clock: () => number;
  readonly #slackBytes: number;
  readonly #waiter: Waiter = { poll: () => this.#poll() };
  #generation: Generation;
  /** Records up to this index of the generation are to be applied. */
  #goal = 0;
  /** Where the record lies that this member appends. */
  #ownOffset = 0;
  #calls = 0;
  /** Bytes of a generation from which on this member copies it, after it failed to. */
  #retryCompactionBytes = 0;
  #failure: unknown;
  #isWatching = false;
  #nextPoll: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Joins a journal, or makes it, and brings the state to where it is.
   *
   * @param format says what is in the records: 1 to 31 characters of `[A-Za-z0-9._-]`; members with
   * another one are refused
   * @throws {ShmConnectionError} if there is no room or no such directory, or the name is another
   * channel's
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory is not ours
   * @throws {ShmCorruptionError} if the journal is damaged
   */
  constructor(name: string, format: string, state: JournalState, options: JournalOptions = {}) {
    this.name = name;
    this.#state = state;
    this.#clock = options.clock ?? Date.now;
    this.#slackBytes = options.slackBytes ?? SLACK_BYTES;
    this.#root = joinRoot(name, format, options);
    try {
      const directory = segmentDirectory(options.dir);
      this.#files = new JournalFiles(directory, name, identify(this.#root));
      this.#generation = this.#openNewest();
      this.#files.removeOlder(this.#generation.id);
    } catch (error) {
      this.#root.close();
      throw error;
    }
    register(this);
    this.#catchUpOrClose();
  }

  #catchUpOrClose(): void {
    try {
      this.catchUp();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The newest generation, from its beginning; a first one, if there is none. */
  #openNewest(): Generation {
    while (true) {
      const id = this.#newestId;
      if (id === 0) this.#createFirst();
      else {
        const found = Generation.find(this.#files, id, this.name);
        if (found !== undefined) return found;
        if (this.#newestId === id) throw this.#corruption(`its generation ${id} is missing`);
      }
    }
  }

  get #newestId(): number {
    return Atomics.load(this.#root.words, layout.ROOT_NEWEST >>> 2) >>> 0;
  }

  #newId(): number {
    return Atomics.add(this.#root.words, layout.ROOT_LAST_ID >>> 2, 1) + 1 >>> 0;
  }

  /** Tells those who come later; true if nobody else did. */
  #replaceNewest(id: number, successor: number): boolean {
    const word = layout.ROOT_NEWEST >>> 2;
    return Atomics.compareExchange(this.#root.words, word, id, successor | 0) === (id | 0);
  }

  #createFirst(): void {
    const first = this.#writeSnapshot(this.#newId(), { sequence: 0, timeMs: 0 });
    first.close();
    if (!this.#replaceNewest(0, first.id)) this.#files.remove(first.id);
  }

  /** A new generation that begins with a copy of the state. */
  #writeSnapshot(id: number, last: Stamp): Generation {
    const generation = Generation.create(this.#files, id, this.name, last);
    try {
      for (const { bytes, sequence } of this.#state.snapshot()) {
        generation.write([bytes], layout.KIND_DATA, { sequence, timeMs: last.timeMs });
      }
      generation.write([], layout.KIND_SNAPSHOT_END, last);
      generation.endSnapshot();
      return generation;
    } catch (error) {
      generation.close();
      this.#files.remove(id);
      throw error;
    }
  }

  #corruption(what: string): ShmCorruptionError {
    return new ShmCorruptionError(
      `journal "${this.name}" is damaged: ${what}; close all members and delete the journal with ` +
        `removeStale()`,
    );
  }

  /** Identity of this isolate among all members. */
  get isolate(): bigint {
    return this.#root.sharedMemory.isolate;
  }

  /** False once the isolate of a member is known to be gone. */
  isAlive(isolate: bigint): boolean {
    return this.#root.sharedMemory.isAlive(isolate);
  }

  /** Removes what an isolate that is not alive has left in the directory. */
  removeDeadIsolate(isolate: bigint): void {
    this.#root.sharedMemory.removeDeadIsolate(isolate);
  }

  /** Bytes of storage that the newest generation takes, as far as this member knows. */
  get usedBytes(): number {
    return this.#generation.usedBytes;
  }

  /**
   * Appends a record, given in parts, and applies all records up to it. When this returns, it is there
   * for all members, those to come included.
   *
   * @returns its sequence
   * @throws {ShmConnectionError} if there is no room for it
   * @throws {ShmCorruptionError} if the journal is damaged
   * @throws {ShmClosedError} if this member was closed
   */
  append(...parts: readonly Uint8Array[]): number {
    this.#checkUsable();
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    while (true) {
      const record = this.#tryAppend(parts, length);
      if (record === undefined) {
        this.catchUp();
        continue;
      }
      this.#wakeOthers();
      this.#ownOffset = record.offset;
      this.#applyUpTo(record.index);
      this.#ownOffset = 0;
      this.#compact();
      return record.sequence;
    }
  }

  /** Undefined if the generation is sealed. */
  #tryAppend(parts: readonly Uint8Array[], length: number): RecordRef | undefined {
    const generation = this.#generation;
    const offset = generation.claim(length);
    if (offset === 0) return this.#freeAddresses();
    generation.fill(offset, parts);
    return generation.link(offset, layout.KIND_DATA, this.#clock());
  }

  /** A copy is shorter than the generation it was made from, unless that is a copy for the most part. */
  #freeAddresses(): undefined {
    const { usedBytes, snapshotBytes } = this.#generation;
    if (usedBytes < snapshotBytes * 1.25) {
      throw new ShmConnectionError(
        `cannot append to journal "${this.name}": a generation ends at 4 GiB, and most of it is in use`,
      );
    }
    this.rotate();
  }

  /** Applies all records that were appended before this call, and perhaps some more. */
  catchUp(): void {
    this.#checkUsable();
    this.#applyUpTo(0);
  }

  #applyUpTo(index: number): void {
    this.#goal = Math.max(index, this.#generation.lastIndex);
    while (this.#step(this.#goal)) continue;
  }

  /** Applies one record; false if there is none, or none up to a goal. */
  #step(goal: number): boolean {
    try {
      const record = this.#generation.peek();
      if (record === undefined) return false;
      if (record.kind === layout.KIND_HANDOFF) this.#follow(this.#generation.successor(record));
      else if (record.index > goal) return false;
      else this.#apply(record);
      return true;
    } catch (error) {
      if (!isRetryable(error)) this.#failure = error;
      throw error;
    }
  }

  #apply(record: RecordRef): void {
    const generation = this.#generation;
    if (record.kind === layout.KIND_DATA) {
      this.#state.apply({
        sequence: record.sequence,
        timeMs: record.timeMs,
        bytes: generation.payload(record),
        isOwn: record.offset === this.#ownOffset,
      });
    }
    generation.advance(record);
  }

  /** Goes on in the next generation, or, when that is gone too, in the newest, whose copy is the state. */
  #follow(successor: number): void {
    const old = this.#generation;
    if (successor <= old.id) throw this.#corruption(`generation ${old.id} leads to ${successor}`);
    this.#replaceNewest(old.id, successor);
    this.#files.remove(old.id);
    const next = Generation.find(this.#files, successor, this.name);
    if (next === undefined) {
      this.#switchTo(this.#openNewest());
      this.#state.reset();
    } else {
      this.#switchTo(next);
      next.skipSnapshot();
    }
  }

  #switchTo(next: Generation): void {
    this.#generation.close();
    this.#generation = next;
    this.#goal = next.lastIndex;
    this.#ownOffset = 0;
    this.#retryCompactionBytes = 0;
  }

  /** Copies the state when there is more without use than with it. One member does, unless it takes long. */
  #compact(): void {
    const { usedBytes, snapshotBytes } = this.#generation;
    const dueBytes = 2 * snapshotBytes + this.#slackBytes;
    if (usedBytes < Math.max(dueBytes, this.#retryCompactionBytes)) return;
    if (usedBytes < 2 * dueBytes && !this.#generation.claimCompaction(this.#root.index)) return;
    try {
      this.rotate();
    } catch (error) {
      if (!(error instanceof ShmConnectionError)) throw error;
      this.#retryCompactionBytes = usedBytes + dueBytes;
      logger.warn("cannot copy the state of journal {journal}: {error}", {
        journal: this.name,
        error,
      });
    }
  }

  /** Copies the state into a new generation, and lets go of the storage of all that led to it. */
  rotate(): void {
    this.catchUp();
    const old = this.#generation;
    const next = this.#writeSnapshot(this.#newId(), old.cursor);
    if (this.#handOff(old, next)) {
      this.#replaceNewest(old.id, next.id);
      this.#files.removeOlder(next.id);
      this.#switchTo(next);
    } else {
      next.close();
      this.#files.remove(next.id);
    }
  }

  /** Takes what is appended meanwhile into the new generation too; false if another one is next. */
  #handOff(old: Generation, next: Generation): boolean {
    try {
      while (!old.handOff(next.id)) {
        const record = old.peek()!;
        if (record.kind === layout.KIND_HANDOFF) return false;
        const bytes = old.payload(record).slice();
        this.#apply(record);
        next.write([bytes], record.kind, record);
        next.endSnapshot();
      }
      return true;
    } catch (error) {
      next.close();
      this.#files.remove(next.id);
      throw error;
    }
  }

  #wakeOthers(): void {
    const { ring, index } = this.#root;
    let wasWaiting = false;
    for (let count = 0; count < MAX_PARTICIPANTS; count++) {
      const waiter = ring.popWaiter(WAITERS_RECEIVERS);
      if (waiter < 0) break;
      if (waiter === index) wasWaiting = true;
      else this.#root.signal(waiter);
    }
    if (wasWaiting) this.#announceWait();
  }

  #announceWait(): void {
    this.#root.ring.announceWait(this.#root.index, WAITERS_RECEIVERS, WAIT_DOORBELL);
  }

  /** Applies what others append soon after they do; keeps the event loop alive. */
  watch(): void {
    this.#checkUsable();
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#root.sharedMemory.addWaiter(this.#waiter);
    this.#poll();
  }

  /** Ends watching. */
  unwatch(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    clearTimeout(this.#nextPoll);
    this.#nextPoll = undefined;
    this.#root.sharedMemory.removeWaiter(this.#waiter);
    this.#root.ring.cancelWait(this.#root.index, WAITERS_RECEIVERS);
  }

  #poll(): void {
    try {
      this.#announceWait();
      if (this.#applySome(RECORDS_PER_POLL)) return;
      clearTimeout(this.#nextPoll);
      this.#nextPoll = setTimeout(() => this.#poll(), 0);
    } catch (error) {
      this.unwatch();
      logger.error("cannot go on with journal {journal}: {error}", { journal: this.name, error });
    }
  }

  /** Applies some records; false if there may be more. */
  #applySome(records: number): boolean {
    for (let count = 0; count < records; count++) {
      if (!this.#step(Infinity)) return true;
    }
    return false;
  }

  #checkUsable(): void {
    checkSignals(++this.#calls);
    if (this.#isClosed) {
      throw new ShmClosedError(`cannot use journal "${this.name}": it is closed; open it anew`);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Leaves the journal. The last one to leave deletes it, unless it persists. More calls do nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.unwatch();
    this.#isClosed = true;
    unregister(this);
    this.#generation.close();
    this.#root.close();
    this.#files.removeOrphans();
  }

  /** The same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** For lack of room or descriptors; what is damaged stays so. */
function isRetryable(error: unknown): boolean {
  return error instanceof ShmConnectionError || error instanceof SystemError;
}

function joinRoot(name: string, format: string, options: JournalOptions): Attachment {
  const codec = { ...rawCodec, id: format };
  const { dir, persist } = options;
  return new Attachment(name, "journal", "member", {
    ...dir === undefined ? {} : { dir },
    ...persist === undefined ? {} : { persist },
    capacityBytes: MIN_CAPACITY_BYTES,
    codec,
  });
}

/** The identity of a journal: whoever comes first chooses it. */
function identify(root: Attachment): bigint {
  const words = new BigInt64Array(root.words.buffer, layout.ROOT_IDENTITY, 1);
  const chosen = new BigInt64Array(1);
  do crypto.getRandomValues(chosen); while (chosen[0] === 0n);
  return Atomics.compareExchange(words, 0, 0n, chosen[0]) || chosen[0];
}
