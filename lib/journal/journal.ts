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

import { reportFailure } from "../base/after_commit.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { runAll } from "../base/run_all.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { isOutOfSpace } from "../platform/out_of_space.ts";
import { platform } from "../platform/mod.ts";
import { SystemError } from "../platform/system_error.ts";
import {
  checkSignals,
  type Closable,
  endWorker,
  register,
  unregister,
} from "../presence/exit_hooks.ts";
import * as layout from "../segment/journal_layout.ts";
import { JournalClock } from "./clock.ts";
import { Compactor } from "./compactor.ts";
import { JournalFiles } from "./files.ts";
import { Generation, type RecordRef } from "./generation.ts";
import { type Purpose, reserveSpare, spareBytes } from "./reserve.ts";
import { JournalRoot, type RootOptions } from "./root.ts";
import { SnapshotWriter } from "./snapshot_writer.ts";
import type { JournalState } from "./state.ts";
import { runToEnd, type Steps } from "./steps.ts";
import { RECORDS_PER_TURN, Watch } from "./watch.ts";

/** How soon a member that makes no calls closes a deleted generation, whose storage it keeps in use. */
const FOLLOW_MS = 1000;
/** Handlers that are slower than the writers hold up a member that watches, not its memory. */
const MAX_PENDING_DELIVERIES = 1000;

export { recordBytes } from "../segment/journal_layout.ts";
export type { JournalRecord, JournalState, SnapshotRecord } from "./state.ts";

/** Options of a journal. */
export interface JournalOptions extends RootOptions {
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

/** One member of a journal. */
export class Journal implements Closable, Disposable {
  readonly name: string;
  readonly #root: JournalRoot;
  readonly #files: JournalFiles;
  readonly #state: JournalState;
  readonly #snapshots: SnapshotWriter;
  readonly #compactor: Compactor;
  readonly #watch: Watch;
  readonly #clockOption: (() => number) | undefined;
  /** The last record that was applied before those that this member could not read. */
  #skippedFrom: number | undefined;
  /** Undefined until the records are applied, because the time of the last one counts. */
  #clock: JournalClock | undefined;
  #generation: Generation;
  /** Index in the generation up to which records are to be applied. */
  #goal = 0;
  /** Offset of the record that this member is appending. */
  #ownOffset = 0;
  #calls = 0;
  #failure: unknown;
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
    this.#clockOption = options.clock;
    this.#root = new JournalRoot(name, format, options);
    try {
      const directory = segmentDirectory(options.dir);
      const identity = this.#root.identify();
      this.#files = new JournalFiles(directory, name, identity, options.isDurable);
      this.#isOfOtherBoot = this.#root.isOfOtherBoot;
      this.#snapshots = new SnapshotWriter(name, this.#files, state);
      this.#generation = this.#openNewest();
    } catch (error) {
      this.#root.close(this.#root.newestId === 0 && !(error instanceof ShmCorruptionError));
      throw error;
    }
    this.#compactor = this.#createCompactor(options.slackBytes);
    this.#watch = this.#createWatch();
    register(this);
    if (!options.appliesLater) this.catchUpOrLeave();
    this.#files.removeOlder(this.#generation.id);
    this.#reserveSpareIfPossible();
    this.#follower = setInterval(() => this.#leaveDeletedGeneration(), FOLLOW_MS);
    Deno.unrefTimer(this.#follower);
  }

  #createCompactor(slackBytes: number | undefined): Compactor {
    return new Compactor({
      name: this.name,
      memberIndex: this.#root.index,
      generation: () => this.#generation,
      removalBytes: () => this.#snapshots.removalBytes,
      rotateSteps: () => this.#rotateSteps(),
    }, slackBytes);
  }

  #createWatch(): Watch {
    return new Watch({
      name: this.name,
      root: this.#root,
      canApply: () => !this.#compactor.isRunning,
      isBusy: () => (this.#state.pendingDeliveries ?? 0) >= MAX_PENDING_DELIVERIES,
      applyNext: () => this.#step(Infinity),
    });
  }

  async #leaveDeletedGeneration(): Promise<void> {
    if (this.#root.newestId === this.#generation.id || this.#failure !== undefined) return;
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
      const id = this.#root.newestId;
      if (id === 0) {
        if (!this.#hasRecords()) this.#createFirst();
        else if (this.#root.newestId === 0) throw this.#corruption("its root names no generation");
      } else {
        const found = this.#find(id);
        if (found !== undefined) return found;
        if (this.#root.newestId === id) throw this.#corruption(`its generation ${id} is missing`);
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

  #createFirst(): void {
    const steps = this.#snapshots.write(this.#root.newId(), { sequence: 0, timeMs: 0 });
    const first = runToEnd(steps);
    first.close();
    this.#files.sync(first.id);
    if (!this.#root.replaceNewest(0, first.id)) this.#files.remove(first.id);
    this.#files.sync();
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
    if (read === undefined) return this.#root.openClock(lastMs);
    return new JournalClock(read, Math.max(read(), lastMs));
  }

  /** Id of this isolate among all members. */
  get isolate(): bigint {
    return this.#root.isolate;
  }

  /** False once the isolate of a member is known to have ended, or its entry in the root was freed. */
  isAlive(isolate: bigint): boolean {
    return this.#root.isAlive(isolate);
  }

  /** True once an isolate is known to have ended. */
  hasEnded(isolate: bigint): boolean {
    return this.#root.hasEnded(isolate);
  }

  /** Who created the journal, and when. */
  get creator(): string {
    return this.#root.creator;
  }

  /** The call that deletes the journal when no process uses it. */
  get removalCall(): string {
    return this.#root.removalCall;
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
        if (this.#generation.id === id && this.#root.newestId === id) throw error;
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
    this.#compactor.finish();
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
      runAll(() => this.#root.wakeOthers(), () => this.#compactor.compactIfDue());
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
    const { removalBytes } = this.#snapshots;
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
    const stale = this.usedBytes - this.#snapshots.measure(this.#generation.cursor);
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
    const live = Math.min(this.#snapshots.measure(this.#generation.cursor), used);
    return new ShmConnectionError(
      `cannot append ${length} bytes to journal "${this.name}": ${this.#files.directory} is full; of ` +
        `${used} bytes that the journal has there, ${used - live} are stale; delete entries, let ` +
        `them expire, or free ${
          live + this.#snapshots.removalBytes
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
    this.#compactor.finish();
    this.#goal = this.#generation.lastIndex;
    while (this.#step(this.#goal)) continue;
    this.#clock ??= this.#openClock();
  }

  /** True if there is too much to do at once. */
  get isFarBehind(): boolean {
    return this.#compactor.isRunning || this.#isFarBehind;
  }

  get #isFarBehind(): boolean {
    if (this.#isClosed) return false;
    const { lastIndex, cursor } = this.#generation;
    return lastIndex - cursor.index > RECORDS_PER_TURN;
  }

  /** Compacts and applies records, with turns of the event loop in between, until there is little left. */
  async catchUpInTurns(): Promise<void> {
    this.#checkUsable();
    await this.#compactor.ended();
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
    this.#root.replaceNewest(old.id, successor);
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
    this.#compactor.reset();
  }

  /** Calls what may leave the work on the journal to later turns of the event loop. */
  deferring<T>(call: () => T): T {
    return this.#compactor.deferring(call);
  }

  /** Writes the state into a new generation, and deletes the older ones. */
  rotate(): void {
    this.catchUp();
    runToEnd(this.#rotateSteps());
  }

  *#rotateSteps(): Steps<void> {
    const old = this.#generation;
    const next = yield* this.#snapshots.write(this.#root.newId(), old.cursor);
    let isSuccessor = false;
    try {
      isSuccessor = yield* this.#handOff(old, next);
    } finally {
      if (!isSuccessor) this.#snapshots.discard(next);
    }
    if (!isSuccessor) return;
    this.#root.replaceNewest(old.id, next.id);
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
      next.write(bytes, record.kind, record, this.#snapshots.removalBytes);
      next.endSnapshot();
      yield;
    }
  }

  /** Applies the records of other members soon after they append them; keeps the event loop alive. */
  watch(): void {
    this.#checkUsable();
    this.#watch.start();
  }

  /** Ends watching. */
  unwatch(): void {
    this.#watch.stop();
  }

  #checkUsable(): void {
    if (checkSignals(++this.#calls)) endWorker();
    if (this.#isClosed) {
      throw new ShmClosedError(`cannot use journal "${this.name}": it is closed; open it again`);
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#root.checkOpen();
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

  #detach(mayDelete: boolean): boolean {
    if (this.#isClosed) return false;
    this.unwatch();
    this.#isClosed = true;
    this.#compactor.abort();
    clearInterval(this.#follower);
    unregister(this);
    let isDeleted = false;
    runAll(
      () => isDeleted = this.#root.close(mayDelete && (() => this.#isUnneeded())),
      () => this.#generation.close(),
    );
    return isDeleted;
  }

  /** Whether the journal may be deleted with its last member, which this one is. */
  #isUnneeded(): boolean {
    if (this.#state.mustStay === undefined) return true;
    try {
      while (this.#step(Infinity)) continue;
    } catch {
      return false;
    }
    return !this.#state.mustStay;
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
