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
import type { Listener } from "../segment/memory.ts";
import { rawCodec } from "../codecs/raw.ts";
import { segmentDirectory } from "../platform/directory.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import { type Closable, forget, noteMessage, remember } from "../presence/exit_hooks.ts";
import { logger } from "../base/log.ts";
import { MIN_CAPACITY_BYTES } from "../base/options.ts";
import { SystemError } from "../platform/platform.ts";
import { MAX_PARTICIPANTS, WAIT_DOORBELL, WAITERS_RECEIVERS } from "../../wasm/layout.ts";
import { JournalFiles } from "./files.ts";
import { Generation, type Place, type Stamp } from "./generation.ts";
import * as layout from "./layout.ts";

/** Bytes of records without use that a generation may hold before the state is copied. */
const SLACK_BYTES = 1024 * 1024;
/** Records applied at a time when others append without a pause: then the event loop has its turn. */
const RECORDS_PER_TURN = 1000;

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
export interface CopiedRecord {
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
  copy(): Iterable<CopiedRecord>;
}

/** One member of a journal. */
export class Journal implements Closable, Disposable {
  readonly name: string;
  readonly #anchor: Attachment;
  readonly #files: JournalFiles;
  readonly #state: JournalState;
  readonly #clock: () => number;
  readonly #slackBytes: number;
  readonly #listener: Listener = { look: () => this.#look() };
  #generation: Generation;
  /** Records up to this index of the generation are to be applied. */
  #goal = 0;
  /** Where the record lies that this member appends. */
  #ownOffset = 0;
  #calls = 0;
  /** Bytes of a generation from which on this member copies it, after it failed to. */
  #copyFromBytes = 0;
  #damage: unknown;
  #isWatching = false;
  #nextTurn: ReturnType<typeof setTimeout> | undefined;
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
    this.#anchor = joinAnchor(name, format, options);
    try {
      const directory = segmentDirectory(options.dir);
      this.#files = new JournalFiles(directory, name, identify(this.#anchor));
      this.#generation = this.#openNewest();
      this.#files.removeOlder(this.#generation.id);
    } catch (error) {
      this.#anchor.close();
      throw error;
    }
    remember(this);
    this.#opening();
  }

  #opening(): void {
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
      if (id === 0) this.#makeFirst();
      else {
        const found = Generation.find(this.#files, id, this.name);
        if (found !== undefined) return found;
        if (this.#newestId === id) throw this.#corruption(`its generation ${id} is missing`);
      }
    }
  }

  get #newestId(): number {
    return Atomics.load(this.#anchor.words, layout.ANCHOR_NEWEST >>> 2) >>> 0;
  }

  #newId(): number {
    return Atomics.add(this.#anchor.words, layout.ANCHOR_LAST_ID >>> 2, 1) + 1 >>> 0;
  }

  /** Tells those who come later; true if nobody else did. */
  #replaceNewest(id: number, successor: number): boolean {
    const word = layout.ANCHOR_NEWEST >>> 2;
    return Atomics.compareExchange(this.#anchor.words, word, id, successor | 0) === (id | 0);
  }

  #makeFirst(): void {
    const first = this.#copyInto(this.#newId(), { sequence: 0, timeMs: 0 });
    first.close();
    if (!this.#replaceNewest(0, first.id)) this.#files.remove(first.id);
  }

  /** A new generation that begins with a copy of the state. */
  #copyInto(id: number, last: Stamp): Generation {
    const fresh = Generation.create(this.#files, id, this.name, last);
    try {
      for (const { bytes, sequence } of this.#state.copy()) {
        fresh.write([bytes], layout.KIND_DATA, { sequence, timeMs: last.timeMs });
      }
      fresh.write([], layout.KIND_MARK, last);
      fresh.endCopy();
      return fresh;
    } catch (error) {
      fresh.close();
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
  get agent(): bigint {
    return this.#anchor.carrier.agent;
  }

  /** False once the isolate of a member is known to be gone. */
  isAlive(agent: bigint): boolean {
    return this.#anchor.carrier.isAlive(agent);
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
      const place = this.#tryAppend(parts, length);
      if (place === undefined) {
        this.catchUp();
        continue;
      }
      this.#wakeOthers();
      this.#ownOffset = place.offset;
      this.#applyUpTo(place.index);
      this.#ownOffset = 0;
      this.#tidy();
      return place.sequence;
    }
  }

  /** Undefined if the generation is sealed. */
  #tryAppend(parts: readonly Uint8Array[], length: number): Place | undefined {
    const generation = this.#generation;
    const offset = generation.claim(length);
    if (offset === 0) return this.#makeAddresses();
    generation.fill(offset, parts);
    return generation.link(offset, layout.KIND_DATA, this.#clock());
  }

  /** A copy is shorter than the generation it was made from, unless that is a copy for the most part. */
  #makeAddresses(): undefined {
    const { usedBytes, copiedBytes } = this.#generation;
    if (usedBytes < copiedBytes * 1.25) {
      throw new ShmConnectionError(
        `cannot append to journal "${this.name}": a generation ends at 4 GiB, and most of it is in use`,
      );
    }
    this.renew();
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
      const place = this.#generation.peek();
      if (place === undefined) return false;
      if (place.kind === layout.KIND_SEAL) this.#follow(this.#generation.successor(place));
      else if (place.index > goal) return false;
      else this.#apply(place);
      return true;
    } catch (error) {
      if (!canBeTriedAgain(error)) this.#damage = error;
      throw error;
    }
  }

  #apply(place: Place): void {
    const generation = this.#generation;
    if (place.kind === layout.KIND_DATA) {
      this.#state.apply({
        sequence: place.sequence,
        timeMs: place.timeMs,
        bytes: generation.payload(place),
        isOwn: place.offset === this.#ownOffset,
      });
    }
    generation.advance(place);
  }

  /** Goes on in the next generation, or, when that is gone too, in the newest, whose copy is the state. */
  #follow(successor: number): void {
    const old = this.#generation;
    if (successor <= old.id) throw this.#corruption(`generation ${old.id} leads to ${successor}`);
    this.#replaceNewest(old.id, successor);
    this.#files.remove(old.id);
    const next = Generation.find(this.#files, successor, this.name);
    if (next === undefined) {
      this.#enter(this.#openNewest());
      this.#state.reset();
    } else {
      this.#enter(next);
      next.skipCopy();
    }
  }

  #enter(next: Generation): void {
    this.#generation.close();
    this.#generation = next;
    this.#goal = next.lastIndex;
    this.#ownOffset = 0;
    this.#copyFromBytes = 0;
  }

  /** Copies the state when there is more without use than with it. One member does, unless it takes long. */
  #tidy(): void {
    const { usedBytes, copiedBytes } = this.#generation;
    const dueBytes = 2 * copiedBytes + this.#slackBytes;
    if (usedBytes < Math.max(dueBytes, this.#copyFromBytes)) return;
    if (usedBytes < 2 * dueBytes && !this.#generation.claimCopy(this.#anchor.index)) return;
    try {
      this.renew();
    } catch (error) {
      if (!(error instanceof ShmConnectionError)) throw error;
      this.#copyFromBytes = usedBytes + dueBytes;
      logger.warn("cannot copy the state of journal {journal}: {error}", {
        journal: this.name,
        error,
      });
    }
  }

  /** Copies the state into a new generation, and lets go of the storage of all that led to it. */
  renew(): void {
    this.catchUp();
    const old = this.#generation;
    const fresh = this.#copyInto(this.#newId(), old.cursor);
    if (this.#sealWith(old, fresh)) {
      this.#replaceNewest(old.id, fresh.id);
      this.#files.removeOlder(fresh.id);
      this.#enter(fresh);
    } else {
      fresh.close();
      this.#files.remove(fresh.id);
    }
  }

  /** Takes what is appended meanwhile into the new generation too; false if another one is next. */
  #sealWith(old: Generation, fresh: Generation): boolean {
    try {
      while (!old.seal(fresh.id)) {
        const place = old.peek()!;
        if (place.kind === layout.KIND_SEAL) return false;
        const bytes = old.payload(place).slice();
        this.#apply(place);
        fresh.write([bytes], place.kind, place);
        fresh.endCopy();
      }
      return true;
    } catch (error) {
      fresh.close();
      this.#files.remove(fresh.id);
      throw error;
    }
  }

  #wakeOthers(): void {
    const { ring, index } = this.#anchor;
    let wasAsleep = false;
    for (let count = 0; count < MAX_PARTICIPANTS; count++) {
      const sleeper = ring.popWaiter(WAITERS_RECEIVERS);
      if (sleeper < 0) break;
      if (sleeper === index) wasAsleep = true;
      else this.#anchor.signal(sleeper);
    }
    if (wasAsleep) this.#announceSleep();
  }

  #announceSleep(): void {
    this.#anchor.ring.announceWait(this.#anchor.index, WAITERS_RECEIVERS, WAIT_DOORBELL);
  }

  /** Applies what others append soon after they do; keeps the event loop alive. */
  watch(): void {
    this.#checkUsable();
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#anchor.carrier.startListening(this.#listener);
    this.#look();
  }

  /** Ends watching. */
  unwatch(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    clearTimeout(this.#nextTurn);
    this.#nextTurn = undefined;
    this.#anchor.carrier.stopListening(this.#listener);
    this.#anchor.ring.cancelWait(this.#anchor.index, WAITERS_RECEIVERS);
  }

  #look(): void {
    try {
      this.#announceSleep();
      if (this.#isOver(RECORDS_PER_TURN)) return;
      clearTimeout(this.#nextTurn);
      this.#nextTurn = setTimeout(() => this.#look(), 0);
    } catch (error) {
      this.unwatch();
      logger.error("cannot go on with journal {journal}: {error}", { journal: this.name, error });
    }
  }

  /** Applies some records; false if there may be more. */
  #isOver(records: number): boolean {
    for (let count = 0; count < records; count++) {
      if (!this.#step(Infinity)) return true;
    }
    return false;
  }

  #checkUsable(): void {
    noteMessage(++this.#calls);
    if (this.#isClosed) {
      throw new ShmClosedError(`cannot use journal "${this.name}": it is closed; open it anew`);
    }
    if (this.#damage !== undefined) throw this.#damage;
  }

  /** Leaves the journal. The last one to leave deletes it, unless it persists. More calls do nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.unwatch();
    this.#isClosed = true;
    forget(this);
    this.#generation.close();
    this.#anchor.close();
    this.#files.removeOrphans();
  }

  /** The same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** For lack of room or descriptors; what is damaged stays so. */
function canBeTriedAgain(error: unknown): boolean {
  return error instanceof ShmConnectionError || error instanceof SystemError;
}

function joinAnchor(name: string, format: string, options: JournalOptions): Attachment {
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
function identify(anchor: Attachment): bigint {
  const words = new BigInt64Array(anchor.words.buffer, layout.ANCHOR_IDENTITY, 1);
  const chosen = new BigInt64Array(1);
  do crypto.getRandomValues(chosen); while (chosen[0] === 0n);
  return Atomics.compareExchange(words, 0, 0n, chosen[0]) || chosen[0];
}
