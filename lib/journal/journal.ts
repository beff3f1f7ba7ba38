/**
 * A journal: records that processes append, and that all of them read in the same order. Each member
 * applies them to a state of its own, so that all members have the same state without a server.
 *
 * Records are in a *generation*, a file that only grows. When more than half of it is unused, a member
 * compacts the journal: it writes a snapshot of the state into a new file, ends the old generation with a
 * handoff record that names the new one, and deletes the old file. The handoff record is appended like
 * every record, with one compare-and-swap, and only behind the last record that the snapshot includes.
 * So no record is lost that another member appends at that moment, and a compactor that dies or is
 * stopped delays no other member.
 *
 * ```text
 *   root "name"                   .journal-name-IDENTITY-00000002 (deleted, may still be read)
 *   +------------------------+    +----------+-----+---+---+---+---------+
 *   | newest generation: 3   |    | snapshot | end | a | b | c | handoff |
 *   | members, waiters       |    +----------+-----+---+---+---+----|----+
 *   +-----------|------------+    +----------+-----+---+---+        |
 *               +---------------->| snapshot | end | d | e |<-------+
 *                                 +----------+-----+---+---+
 *                                 .journal-name-IDENTITY-00000003
 * ```
 *
 * The root is a segment like that of any channel: its shares show which members are attached, the last
 * member to leave deletes the journal unless it persists, and its waiters are the members to wake.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../base/turn.ts";
import { Attachment } from "../channel/attachment.ts";
import type { Waiter } from "../base/shared_memory.ts";
import { creatorText, removalCall } from "../channel/open.ts";
import { rawCodec } from "../codecs/raw.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import {
  checkSignals,
  type Closable,
  endWorker,
  register,
  unregister,
} from "../presence/exit_hooks.ts";
import { reportFailure } from "../base/after_commit.ts";
import { logger } from "../base/log.ts";
import { runAll } from "../base/run_all.ts";
import { MIN_CAPACITY_BYTES } from "../channel/channel_options.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { readConfig } from "../segment/format.ts";
import { openError } from "../segment/file_memory.ts";
import { isOutOfSpace } from "../platform/out_of_space.ts";
import { SystemError } from "../platform/platform.ts";
import { MAX_PARTICIPANTS, WAIT_DOORBELL, WAITERS_RECEIVERS } from "../../wasm/layout.ts";
import { platform } from "../platform/mod.ts";
import { isOfOtherBoot, JournalClock, sharedClock } from "./clock.ts";
import { JournalFiles } from "./files.ts";
import { Generation, type RecordRef, type Stamp } from "./generation.ts";
import * as layout from "../segment/journal_layout.ts";
import { bytesToLeave, type Purpose, reserveSpare, spareBytes } from "./reserve.ts";

/** Unused bytes that a generation may have before it is compacted. */
const SLACK_BYTES = 1024 * 1024;
/** Smallest generation that is compacted because its state has shrunk. */
const SHRUNK_BYTES = 256 * 1024;
/** How soon a member that makes no calls closes a deleted generation, whose storage it keeps in use. */
const FOLLOW_MS = 1000;
/** Records that are applied in one turn of the event loop. */
const RECORDS_PER_POLL = 1000;
/** Handlers that are slower than the writers hold up a member that watches, not its memory. */
const MAX_PENDING_DELIVERIES = 1000;

const NO_BYTES = new Uint8Array(0);

/** Work that can stop after each step. */
type Steps<T> = Generator<void, T, void>;

function runToEnd<T>(steps: Steps<T>): T {
  while (true) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

export { recordBytes } from "../segment/journal_layout.ts";

/** Options of a journal. */
export interface JournalOptions {
  /** Directory of the segments. Default: `RINGBUS_DIR`, or the user's own. */
  dir?: string | undefined;
  /** Keeps the journal when its last member closes. One member that sets it is enough. */
  persist?: boolean | undefined;
  /**
   * Milliseconds of the Unix epoch, for tests. Default: a clock that follows the machine's uptime, and
   * that all members share.
   */
  clock?: (() => number) | undefined;
  /**
   * Joins without applying the records: the first call applies them, or `catchUpInTurns`, which gives the
   * event loop its turns. Default: false.
   */
  appliesLater?: boolean | undefined;
  /**
   * The records are to survive the end of the machine, in a directory on a disk: `sync` writes them there,
   * and a compaction what it has made. All members must set it. Default: false.
   */
  isDurable?: boolean | undefined;
  /** Unused bytes that a generation may have, in addition to the size of its snapshot. Default: 1 MiB. */
  slackBytes?: number | undefined;
}

/** A record as members receive it. */
export interface JournalRecord extends Stamp {
  /** Its number in the order of all records, from 1 on; in a snapshot, the number that was given. */
  readonly sequence: number;
  /** When it was appended, in milliseconds of the Unix epoch: never before the previous record. */
  readonly timeMs: number;
  /** Valid during the call only. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True if this member has just appended it. */
  readonly isOwn: boolean;
}

/** A record of a snapshot. */
export interface SnapshotRecord {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** The value of `JournalRecord.sequence`. */
  readonly sequence: number;
  /** Milliseconds of the Unix epoch until which it holds data. Default: for ever. */
  readonly heldUntilMs?: number;
}

/**
 * The state that a member derives from the records. It must depend on the records and their times only,
 * so that all members have the same state.
 */
export interface JournalState {
  /** Clears the state: a snapshot follows, and records that led to it may have been missed. */
  reset(): void;
  /** Applies the next record. Throws only for damage; the error stops this member for good. */
  apply(record: JournalRecord): void;
  /** Records that lead from an empty state to this one. */
  snapshot(): Iterable<SnapshotRecord>;
  /**
   * Called after a snapshot in place of records that this member can no longer read: those after the
   * sequence `from` and up to `to`. Default: nothing.
   */
  skipped?(from: number, to: number): void;
  /** Number of deliveries that wait. A journal that is watched goes on when there are few. */
  readonly pendingDeliveries?: number;
  /** The record that removes what has expired by now; undefined if nothing has. */
  expiry?(): Uint8Array | undefined;
  /** True if it has no entries that anybody could want. Default: false. */
  readonly isEmpty?: boolean;
  /** Most bytes that the records take which remove all entries one by one. Default: 0. */
  readonly removalBytes?: number;
}

/** One member of a journal. */
export class Journal implements Closable, Disposable {
  readonly name: string;
  readonly #root: Attachment;
  readonly #files: JournalFiles;
  readonly #state: JournalState;
  readonly #clockOption: (() => number) | undefined;
  /** The last record that was applied before those that this member could not read. */
  #skippedFrom: number | undefined;
  /** Undefined until the records are applied, because the time of the last one counts. */
  #clock: JournalClock | undefined;
  readonly #slackBytes: number;
  readonly #waiter: Waiter = { poll: () => this.#poll() };
  #generation: Generation;
  /** Index in the generation up to which records are to be applied. */
  #goal = 0;
  /** Offset of the record that this member is appending. */
  #ownOffset = 0;
  #calls = 0;
  /** Size of the generation at which this member tries again to compact it, after a failure. */
  #retryCompactionBytes = 0;
  /** A compaction that has begun; until its end this member applies nothing. */
  #compaction: { readonly steps: Steps<void>; readonly retryBytes: number } | undefined;
  /** Resolves when the compaction has ended that was left to turns of the event loop. */
  #compacting: Promise<void> | undefined;
  /** True while the present call leaves a compaction to turns of the event loop. */
  #mayDefer = false;
  /** Most bytes of removals that were reserved since the last compaction or attempt at one. */
  #peakRemovalBytes = 0;
  /** Bytes of the last snapshot that was measured, and the last record before it. */
  #measured: { bytes: number; last: RecordRef } | undefined;
  #failure: unknown;
  #isWatching = false;
  #isPollPending = false;
  /** True if the machine was started since the journal was last used. */
  readonly #isOfOtherBoot: boolean;
  readonly #follower: ReturnType<typeof setInterval>;
  #isClosed = false;

  /**
   * Joins a journal, or creates it, and applies all records that it has, unless `appliesLater`.
   *
   * @param format names the format of the records: 1 to 31 characters of `[A-Za-z0-9._-]`; members with
   * another format are rejected
   * @throws {ShmConnectionError} if storage is exhausted, the directory cannot be used, or the name is
   * that of another channel
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the directory belongs to another user
   * @throws {ShmCorruptionError} if the journal is damaged
   */
  constructor(name: string, format: string, state: JournalState, options: JournalOptions = {}) {
    this.name = name;
    this.#state = state;
    this.#slackBytes = options.slackBytes ?? SLACK_BYTES;
    this.#clockOption = options.clock;
    this.#root = joinRoot(name, format, options);
    try {
      const directory = segmentDirectory(options.dir);
      const identity = identify(this.#root);
      this.#files = new JournalFiles(directory, name, identity, options.isDurable);
      this.#isOfOtherBoot = isOfOtherBoot(this.#root.words);
      this.#generation = this.#openNewest();
    } catch (error) {
      this.#root.close(this.#newestId === 0 && !(error instanceof ShmCorruptionError));
      throw error;
    }
    register(this);
    if (!options.appliesLater) this.catchUpOrLeave();
    this.#files.removeOlder(this.#generation.id);
    this.#reserveSpareIfPossible();
    this.#follower = setInterval(() => this.#leaveDeletedGeneration(), FOLLOW_MS);
    Deno.unrefTimer(this.#follower);
  }

  async #leaveDeletedGeneration(): Promise<void> {
    if (this.#newestId === this.#generation.id || this.#failure !== undefined) return;
    try {
      await this.catchUpInTurns();
      this.catchUp();
    } catch (error) {
      logger.debug("journal {journal} keeps a deleted generation: {error}", {
        journal: this.name,
        error,
      });
    }
  }

  /** Applies the records that are there. If that fails, this member leaves. */
  catchUpOrLeave(): void {
    try {
      this.catchUp();
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** Opens the newest generation at its beginning; creates the first one if there is none. */
  #openNewest(): Generation {
    while (true) {
      const id = this.#newestId;
      if (id === 0) {
        if (!this.#hasRecords()) this.#createFirst();
        else if (this.#newestId === 0) throw this.#corruption("its root names no generation");
      } else {
        const found = this.#find(id);
        if (found !== undefined) return found;
        if (this.#newestId === id) throw this.#corruption(`its generation ${id} is missing`);
      }
    }
  }

  #find(id: number): Generation | undefined {
    const found = Generation.find(this.#files, id, this.name);
    if (this.#isOfOtherBoot) found?.cut();
    return found;
  }

  /**
   * True if a generation holds records although the root names none: the root was overwritten. A first
   * generation that is being created, or whose creator died meanwhile, has none but its snapshot.
   */
  #hasRecords(): boolean {
    return this.#files.ids().some((id) => {
      const found = Generation.find(this.#files, id, this.name);
      if (found === undefined) return false;
      const { snapshotBytes, usedBytes, cursor } = found;
      found.close();
      return cursor.sequence > 0 || (snapshotBytes !== 0 && usedBytes > snapshotBytes);
    });
  }

  get #newestId(): number {
    return Atomics.load(this.#root.words, layout.ROOT_NEWEST >>> 2) >>> 0;
  }

  #newId(): number {
    return Atomics.add(this.#root.words, layout.ROOT_LAST_ID >>> 2, 1) + 1 >>> 0;
  }

  /** Writes the newest generation's id into the root; false if another member was faster. */
  #replaceNewest(id: number, successor: number): boolean {
    const word = layout.ROOT_NEWEST >>> 2;
    return Atomics.compareExchange(this.#root.words, word, id, successor | 0) === (id | 0);
  }

  #createFirst(): void {
    const first = runToEnd(this.#writeSnapshot(this.#newId(), { sequence: 0, timeMs: 0 }));
    first.close();
    this.#files.sync(first.id);
    if (!this.#replaceNewest(0, first.id)) this.#files.remove(first.id);
    this.#files.sync();
  }

  /** Creates a generation that begins with a snapshot of the state; on a full disk, in the spare file. */
  *#writeSnapshot(id: number, last: Stamp): Steps<Generation> {
    try {
      return yield* this.#fillSnapshot(Generation.create(this.#files, id, this.name, last), last);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      const bytes = this.#measureSnapshot() + bytesToLeave("data", 0, this.#removalBytes);
      const spared = Generation.create(this.#files, id, this.name, last, bytes);
      return yield* this.#fillSnapshot(spared, last);
    }
  }

  *#fillSnapshot(generation: Generation, last: Stamp): Steps<Generation> {
    let isComplete = false;
    try {
      const removalBytes = this.#removalBytes;
      for (const { bytes, sequence, heldUntilMs = Infinity } of this.#state.snapshot()) {
        const stamp = { sequence, timeMs: last.timeMs };
        generation.hold(heldUntilMs);
        generation.write(bytes, layout.KIND_DATA, stamp, removalBytes);
        yield;
      }
      generation.write(NO_BYTES, layout.KIND_SNAPSHOT_END, last, removalBytes);
      generation.endSnapshot();
      isComplete = true;
      return generation;
    } finally {
      if (!isComplete) this.#discard(generation);
    }
  }

  /** Deletes a generation that no other member knows. */
  #discard(generation: Generation): void {
    generation.close();
    this.#files.remove(generation.id);
  }

  get #removalBytes(): number {
    return this.#state.removalBytes ?? 0;
  }

  /** Bytes of the records of a snapshot. */
  #measureSnapshot(): number {
    const last = this.#generation?.cursor;
    if (last === undefined) return 0;
    if (this.#measured?.last === last) return this.#measured.bytes;
    let total = layout.recordBytes(0);
    for (const { bytes } of this.#state.snapshot()) total += layout.recordBytes(bytes.length);
    this.#measured = { bytes: total, last };
    return total;
  }

  /** Reserves space for a later compaction. Throws on a full disk; other failures are retried later. */
  #reserveSpare(addedBytes: number): void {
    try {
      reserveSpare(this.#files.sparePath, spareBytes(this.usedBytes + addedBytes));
    } catch (error) {
      if (isOutOfSpace(error)) throw error;
      logger.debug("journal {journal} has no spare file: {error}", { journal: this.name, error });
    }
  }

  #reserveSpareIfPossible(): void {
    try {
      this.#reserveSpare(0);
    } catch {
      // The disk is full: the next record that needs space tries again.
    }
  }

  #corruption(what: string): ShmCorruptionError {
    return new ShmCorruptionError(
      `journal "${this.name}" is damaged: ${what}; close all members and delete the journal with ` +
        `removeStale()`,
    );
  }

  /** Milliseconds of the Unix epoch by the journal's clock, which never goes back. */
  nowMs(): number {
    if (this.#clock === undefined) this.catchUp();
    this.#clock!.observe(this.#generation.cursor.timeMs);
    return this.#clock!.now();
  }

  #openClock(): JournalClock {
    const lastMs = this.#generation.cursor.timeMs;
    const read = this.#clockOption;
    if (read === undefined) return this.#openSharedClock(lastMs);
    return new JournalClock(read, Math.max(read(), lastMs));
  }

  #openSharedClock(lastMs: number): JournalClock {
    try {
      return sharedClock(this.#root.words, lastMs);
    } catch (error) {
      throw openError(error, "the clock of its boot", this.name);
    }
  }

  /** Id of this isolate among all members. */
  get isolate(): bigint {
    return this.#root.sharedMemory.isolate;
  }

  /** False once the isolate of a member is known to have ended, or its entry in the root was freed. */
  isAlive(isolate: bigint): boolean {
    return this.#root.hasParticipant(isolate) && this.#root.sharedMemory.isAlive(isolate);
  }

  /** Who created the journal, and when. */
  get creator(): string {
    return creatorText(this.#root.sharedMemory, this.#root.capacity);
  }

  /** The call that deletes the journal when no process uses it. */
  get removalCall(): string {
    const { wasmMemory, mappedBytes } = this.#root.sharedMemory;
    return removalCall(readConfig(new MemorySource(wasmMemory, mappedBytes), this.name), false);
  }

  /** Removes what has expired from the state; keeps it if there is no space for the record that does so. */
  removeExpired(): void {
    this.catchUp();
    this.#expire();
  }

  /** Removes the members that are not alive, and what they have left in the directory. */
  removeDeadMembers(): void {
    this.#root.reclaimDead();
  }

  /** Used bytes of the newest generation that this member knows. */
  get usedBytes(): number {
    return this.#generation.usedBytes;
  }

  /**
   * Appends a record, and applies all records up to it. When this returns, the record is visible to all
   * members, and to those that join later.
   *
   * @param heldUntilMs when what it adds has expired, in milliseconds of the Unix epoch: when no member is
   * left by then, the journal may be deleted. 0 if it adds no data
   * @returns its sequence
   * @throws {ShmConnectionError} if storage is exhausted
   * @throws {ShmCorruptionError} if the journal is damaged
   * @throws {ShmClosedError} if this member was closed
   */
  append(record: Uint8Array, heldUntilMs = Infinity): number {
    return this.#append(record, "data", heldUntilMs);
  }

  /**
   * Appends a record that removes something from the state. Space is reserved for such records, so that
   * they succeed on a full disk.
   *
   * @returns its sequence
   * @throws {ShmConnectionError} if the reserved space is used up, too
   * @throws {ShmCorruptionError} if the journal is damaged
   * @throws {ShmClosedError} if this member was closed
   */
  appendRemoval(record: Uint8Array): number {
    return this.#append(record, "removal", 0);
  }

  /** Writes all records that were appended before this call to the disk. */
  async sync(): Promise<void> {
    while (true) {
      const { id } = this.#generation;
      try {
        return await platform().syncLater(this.#files.pathOf(id));
      } catch (error) {
        // What a deleted generation had is in the next one.
        if (this.#generation.id === id && this.#newestId === id) throw error;
        this.catchUp();
      }
    }
  }

  /** What was appended is held longer than was known before. */
  hold(untilMs: number): void {
    this.#generation.hold(untilMs);
  }

  #append(bytes: Uint8Array, purpose: Purpose, heldUntilMs: number): number {
    this.#checkUsable();
    this.#finishCompaction();
    if (this.#clock === undefined) this.catchUp();
    while (true) {
      const record = this.#appendInSpace(bytes, purpose, heldUntilMs);
      if (record === undefined) {
        this.catchUp();
        continue;
      }
      this.#applyOwn(record);
      if (this.#state.isEmpty) this.#generation.markEmptyAfter(record);
      this.#finishAppend();
      return record.sequence;
    }
  }

  /** Everything up to this member's own record was read before it was appended. */
  #applyOwn({ index, offset }: RecordRef): void {
    this.#ownOffset = offset;
    while (this.#generation.cursor.index < index && this.#step(index)) continue;
    this.#ownOffset = 0;
  }

  /** The record is appended: nothing that fails from here on is an error of the call. */
  #finishAppend(): void {
    try {
      runAll(() => this.#wakeOthers(), () => this.#compact());
    } catch (error) {
      reportFailure("journal", `the work on journal ${this.name}`, error);
    }
  }

  /** Appends, if need be after a compaction. */
  #appendInSpace(bytes: Uint8Array, purpose: Purpose, heldUntilMs: number): RecordRef | undefined {
    try {
      return this.#tryAppend(bytes, purpose, heldUntilMs);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      if (!this.#makeSpace(bytes.length)) throw this.#noSpace(bytes.length, error);
    }
    try {
      return this.#tryAppend(bytes, purpose, heldUntilMs);
    } catch (error) {
      throw isOutOfSpace(error) ? this.#noSpace(bytes.length, error) : error;
    }
  }

  /** Undefined if the generation has a handoff record. */
  #tryAppend(bytes: Uint8Array, purpose: Purpose, heldUntilMs: number): RecordRef | undefined {
    // What the removals need follows from the state, so that it has to be the latest one.
    if (purpose === "data") this.catchUp();
    const { length } = bytes;
    const generation = this.#generation;
    const removalBytes = this.#removalBytes;
    if (purpose === "data" && generation.mustGrow(length, removalBytes)) this.#reserveSpare(length);
    const offset = generation.claim(length, purpose, removalBytes);
    if (offset === 0) return this.#freeAddresses();
    generation.fill(offset, bytes);
    generation.hold(heldUntilMs);
    return generation.link(offset, layout.KIND_DATA, this.nowMs());
  }

  /** Removes what has expired, and compacts; false if that frees too little. */
  #makeSpace(length: number): boolean {
    this.catchUp();
    this.#expire();
    const stale = this.usedBytes - this.#measureSnapshot();
    if (
      stale <
        Math.min(Math.max(layout.recordBytes(length), this.usedBytes / 16), this.usedBytes / 2)
    ) {
      return false;
    }
    try {
      this.rotate();
      return true;
    } catch (error) {
      if (!(error instanceof ShmConnectionError)) throw error;
      return false;
    }
  }

  #expire(): void {
    const record = this.#state.expiry?.();
    if (record === undefined) return;
    try {
      const appended = this.#tryAppend(record, "removal", 0);
      if (appended !== undefined) this.#applyOwn(appended);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
    }
  }

  #noSpace(length: number, cause: unknown): ShmConnectionError {
    const used = this.usedBytes;
    const live = Math.min(this.#measureSnapshot(), used);
    return new ShmConnectionError(
      `cannot append ${length} bytes to journal "${this.name}": ${this.#files.directory} is full; of ` +
        `${used} bytes that the journal has there, ${used - live} are stale; delete entries, let ` +
        `them expire, or free ${
          live + this.#removalBytes
        } bytes in the directory, and the next write compacts the journal`,
      { cause },
    );
  }

  /** Compacts, if that frees a good part of the generation. */
  #freeAddresses(): undefined {
    const { usedBytes, snapshotBytes } = this.#generation;
    if (usedBytes < snapshotBytes * 1.25) {
      throw new ShmConnectionError(
        `cannot append to journal "${this.name}": a generation ends at 4 GiB, and most of it is in use`,
      );
    }
    this.rotate();
  }

  /** Applies at least all records that were appended before this call. */
  catchUp(): void {
    this.#checkUsable();
    this.#finishCompaction();
    this.#goal = this.#generation.lastIndex;
    while (this.#step(this.#goal)) continue;
    this.#clock ??= this.#openClock();
  }

  /** True if there is too much to do at once. */
  get isFarBehind(): boolean {
    return this.#compaction !== undefined || this.#isFarBehind;
  }

  get #isFarBehind(): boolean {
    if (this.#isClosed) return false;
    const { lastIndex, cursor } = this.#generation;
    return lastIndex - cursor.index > RECORDS_PER_POLL;
  }

  /** Compacts and applies records, with turns of the event loop in between, until there is little left. */
  async catchUpInTurns(): Promise<void> {
    this.#checkUsable();
    await this.#compacting;
    while (this.#isFarBehind && this.#step(this.#generation.lastIndex)) {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** Applies one record; false if there is none up to `goal`. */
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
    if (record.kind === layout.KIND_SNAPSHOT_END) this.#reportSkipped(record.sequence);
  }

  #reportSkipped(to: number): void {
    const from = this.#skippedFrom;
    this.#skippedFrom = undefined;
    if (from !== undefined && from < to) this.#state.skipped?.(from, to);
  }

  /** Continues in the next generation or, if it is deleted, with the snapshot of the newest one. */
  #follow(successor: number): void {
    const old = this.#generation;
    if (successor <= old.id) throw this.#corruption(`generation ${old.id} leads to ${successor}`);
    this.#replaceNewest(old.id, successor);
    this.#files.remove(old.id);
    const next = this.#find(successor);
    if (next === undefined) {
      this.#skippedFrom ??= old.cursor.sequence;
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
    this.#peakRemovalBytes = 0;
  }

  /** Compacts when most of the generation is unused: one member first, any at twice the size. */
  #compact(): void {
    const { usedBytes, snapshotBytes } = this.#generation;
    const dueBytes = 2 * snapshotBytes + this.#slackBytes;
    if (!this.#hasShrunk()) {
      if (usedBytes < Math.max(dueBytes, this.#retryCompactionBytes)) return;
      if (usedBytes < 2 * dueBytes && !this.#generation.claimCompaction(this.#root.index)) return;
    }
    this.#peakRemovalBytes = this.#removalBytes;
    const retryBytes = usedBytes + dueBytes;
    this.#compaction = { steps: this.#rotateSteps(), retryBytes };
    if (this.#mayDefer) this.#compacting = this.#compactInTurns();
    else this.#finishCompaction();
  }

  /** Gives the event loop its turns. Meanwhile this member applies nothing, so that its state stays. */
  async #compactInTurns(): Promise<void> {
    while (this.#stepCompaction()) {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** Ends a compaction that runs in turns, since a synchronous call needs the journal. */
  #finishCompaction(): void {
    while (this.#stepCompaction()) continue;
  }

  /** Continues with the compaction; false if there is none any more. */
  #stepCompaction(): boolean {
    const compaction = this.#compaction;
    if (compaction === undefined) return false;
    try {
      if (!compaction.steps.next().done) return true;
    } catch (error) {
      this.#retryCompactionBytes = compaction.retryBytes;
      reportFailure("journal", `the compaction of journal ${this.name}`, error);
    }
    this.#compaction = undefined;
    return false;
  }

  /** Calls what may leave the work on the journal to later turns of the event loop. */
  deferring<T>(call: () => T): T {
    this.#mayDefer = true;
    try {
      return call();
    } finally {
      this.#mayDefer = false;
    }
  }

  /**
   * True if half of the entries were removed since the last compaction or attempt at one. On a full disk
   * the next one has to succeed before new entries take the space that the removed ones had reserved.
   */
  #hasShrunk(): boolean {
    const bytes = this.#removalBytes;
    this.#peakRemovalBytes = Math.max(this.#peakRemovalBytes, bytes);
    const isWorthwhile = this.usedBytes >= Math.min(this.#slackBytes, SHRUNK_BYTES);
    return isWorthwhile && bytes <= this.#peakRemovalBytes / 2 && this.#peakRemovalBytes > 0;
  }

  /** Writes the state into a new generation, and deletes the older ones. */
  rotate(): void {
    this.catchUp();
    runToEnd(this.#rotateSteps());
  }

  *#rotateSteps(): Steps<void> {
    const old = this.#generation;
    const next = yield* this.#writeSnapshot(this.#newId(), old.cursor);
    let isSuccessor = false;
    try {
      isSuccessor = yield* this.#handOff(old, next);
    } finally {
      if (!isSuccessor) this.#discard(next);
    }
    if (!isSuccessor) return;
    this.#replaceNewest(old.id, next.id);
    this.#files.sync();
    this.#files.removeOlder(next.id);
    this.#switchTo(next);
    this.#reserveSpareIfPossible();
  }

  /** Ends the old generation; records that are appended meanwhile go to the new one too. False after a lost race. */
  *#handOff(old: Generation, next: Generation): Steps<boolean> {
    this.#files.sync();
    while (true) {
      this.#files.sync(next.id);
      if (old.handOff(next.id)) return true;
      const record = old.peek()!;
      if (record.kind === layout.KIND_HANDOFF) return false;
      const bytes = old.payload(record).slice();
      this.#apply(record);
      next.holdAsIn(old);
      next.write(bytes, record.kind, record, this.#removalBytes);
      next.endSnapshot();
      yield;
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

  /** Applies the records of other members soon after they append them; keeps the event loop alive. */
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
    this.#root.sharedMemory.removeWaiter(this.#waiter);
    this.#root.ring.cancelWait(this.#root.index, WAITERS_RECEIVERS);
  }

  #poll(): void {
    try {
      this.#announceWait();
      if (this.#compaction === undefined && this.#applySome(RECORDS_PER_POLL)) return;
      this.#pollAgain();
    } catch (error) {
      this.unwatch();
      logger.error("cannot follow journal {journal}: {error}", { journal: this.name, error });
    }
  }

  #pollAgain(): void {
    if (this.#isPollPending) return;
    this.#isPollPending = true;
    takeTurn().then(() => {
      this.#isPollPending = false;
      if (this.#isWatching) this.#poll();
    });
  }

  /** Applies some records; false if there may be more. */
  #applySome(records: number): boolean {
    for (let count = 0; count < records && !isTurnDue(); count++) {
      if ((this.#state.pendingDeliveries ?? 0) >= MAX_PENDING_DELIVERIES) return false;
      if (!this.#step(Infinity)) return true;
    }
    return false;
  }

  #checkUsable(): void {
    if (checkSignals(++this.#calls)) endWorker();
    if (this.#isClosed) {
      throw new ShmClosedError(`cannot use journal "${this.name}": it is closed; open it again`);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#root.isUsable) this.#root.checkOpen();
  }

  /**
   * Leaves the journal. The last one to leave deletes it, unless it persists, or this member could not
   * read it. More calls do nothing.
   */
  close(): void {
    this.tryDelete();
  }

  /** Leaves the journal as `close` does. Returns true if that has deleted it. */
  tryDelete(): boolean {
    const isDeleted = this.#detach(this.#failure === undefined);
    this.#files.removeOrphans();
    return isDeleted;
  }

  /** Leaves the journal, which stays although no other member may have it open. */
  leave(): void {
    this.#detach(false);
  }

  #abortCompaction(): void {
    const compaction = this.#compaction;
    this.#compaction = undefined;
    compaction?.steps.return();
  }

  #detach(mayDelete: boolean): boolean {
    if (this.#isClosed) return false;
    this.unwatch();
    this.#isClosed = true;
    this.#abortCompaction();
    clearInterval(this.#follower);
    unregister(this);
    try {
      this.#generation.close();
    } catch (error) {
      this.#root.close(mayDelete);
      throw error;
    }
    return this.#root.close(mayDelete);
  }

  /** The same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** True for exhausted storage or descriptors; damage is permanent. */
function isRetryable(error: unknown): boolean {
  return error instanceof ShmConnectionError || error instanceof SystemError;
}

function joinRoot(name: string, format: string, options: JournalOptions): Attachment {
  const codec = { ...rawCodec, id: format };
  const { dir, persist } = options;
  const root = {
    ...dir === undefined ? {} : { dir },
    ...persist === undefined ? {} : { persist },
    capacityBytes: MIN_CAPACITY_BYTES,
    codec,
  };
  try {
    return new Attachment(name, "journal", "member", root);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    throw new ShmConnectionError(
      `cannot create journal "${name}": there is no space for it; free space in the segment ` +
        `directory, or name another directory with the dir option`,
      { cause: error.cause },
    );
  }
}

/** The identity of a journal, which its first member chooses. */
function identify(root: Attachment): bigint {
  const words = new BigInt64Array(root.words.buffer, layout.ROOT_IDENTITY, 1);
  const chosen = new BigInt64Array(1);
  do crypto.getRandomValues(chosen); while (chosen[0] === 0n);
  return Atomics.compareExchange(words, 0, 0n, chosen[0]) || chosen[0];
}
