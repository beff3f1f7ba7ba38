/**
 * One socket's attachment to a channel: the checked segment, its ring instance, and the participant's
 * slot. It wakes other participants, and reclaims dead ones.
 *
 * @module
 */

import { endIfTerminated, endWorker } from "../presence/exit_hooks.ts";
import { runAll } from "../base/run_all.ts";
import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { isIsolateId } from "../presence/isolate_id.ts";
import type { SharedMemory } from "../base/shared_memory.ts";
import { resolveCodec } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import {
  type ChannelKind,
  controlOffset,
  isSender,
  KIND_NUMBERS,
  makePersistent,
  readConfig,
  type Role,
  ROLES,
  type SegmentConfig,
} from "../segment/format.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { setLabel } from "../segment/label.ts";
import { UNCHOSEN } from "../segment/chosen_codec.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";
import { logger, logUnheeded } from "../base/log.ts";
import { chooseCodec, missingCodec, UNCHOSEN_CODEC } from "./codec_choice.ts";
import { LARGE_BYTES } from "./copy.ts";
import { type MessageChecks, messageChecksOf } from "./message_checks.ts";
import {
  capacityOf,
  type ChannelOptions,
  checkCompatible,
  choosesCodec,
  codecFor,
  openMemory,
} from "./open.ts";
import { instantiate, IS_WEAK } from "../segment/ring.ts";
import type { RingExports } from "../../wasm/ring_exports.ts";
import * as layout from "../../wasm/layout.ts";

/** Milliseconds between two checks whether the pullers that hold leases are alive. */
const OWNER_CHECK_MS = 20;

/** The attachment of one socket to one channel. */
export class Attachment {
  readonly name: string;
  readonly role: Role;
  readonly sharedMemory: SharedMemory;
  readonly ring: RingExports;
  /** The channel's codec; until one is chosen, one that throws. */
  codec: Codec = UNCHOSEN_CODEC;
  /** True if messages are received as the bytes that they are, by codec `"raw"`: the hot path asks. */
  isRaw = false;
  readonly kind: ChannelKind;
  /** Bytes of the first lane's ring, behind which the tables lie. */
  readonly capacity: number;
  /** Bytes of a sender's ring; of a receiver, of the rings of senders that name no capacity. */
  readonly ringBytes: number;
  /** The participant's slot. */
  readonly index: number;
  /** The memory as bytes and as words; replaced when the segment grows. */
  bytes: Uint8Array<ArrayBufferLike>;
  words: Int32Array;
  words64: BigInt64Array;
  readonly #participants: number;
  readonly #isLocal: boolean;
  #attachedAtMs = 0;
  #isClosed = false;
  #isEnding = false;
  /** True if the channel's name was lost when it was last checked. */
  #isDetached = false;
  /** False once the socket is closed, or the channel's name is lost: `checkOpen` then throws. */
  isUsable = true;
  /** How waits in the event loop are announced. */
  doorbellKind: number = layout.WAIT_DOORBELL;
  /** Queues of waits in the event loop that are not empty. */
  loopWaits = 0;
  /** What is called when the socket is closed; undefined before the first poll. */
  #polls: Set<() => void> | undefined;
  #ownersCheckedAtMs = -Infinity;
  /** Checks of the values of a channel with a schema. */
  readonly checks: MessageChecks | undefined;

  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: ChannelOptions,
  ) {
    this.role = role;
    this.checks = messageChecksOf(options);
    this.#isLocal = isLocalHandle(target);
    if (endIfTerminated()) throw terminatedError(isLocalHandle(target) ? target.name : target);
    this.sharedMemory = openMemory(target, kind, role, options);
    try {
      this.name = this.sharedMemory.name;
      const { mappedBytes, wasmMemory } = this.sharedMemory;
      const config = readConfig(new MemorySource(wasmMemory, mappedBytes), this.name);
      checkCompatible(this.sharedMemory, config, kind);
      this.kind = kind;
      this.capacity = config.capacity;
      this.ringBytes = isSender(role) ? capacityOf(options, config.capacity) : config.capacity;
      this.#participants = controlOffset(config.capacity) + layout.CONTROL_PARTICIPANTS;
      this.ring = instantiate(wasmMemory);
      this.ring.configure(IS_WEAK, KIND_NUMBERS[kind], config.capacity, mappedBytes);
      this.bytes = new Uint8Array(wasmMemory.buffer);
      this.words = new Int32Array(wasmMemory.buffer);
      this.words64 = new BigInt64Array(wasmMemory.buffer);
      this.checkOpen();
      this.#openCodec(config, options);
      this.index = this.#join(options.label);
      if (kind !== "broadcast" || isSender(role)) this.publishRole();
      // This participant has a share, so that no other process deletes the segment before.
      if (options.persist) makePersistent(this.words);
    } catch (error) {
      this.sharedMemory.close();
      throw error;
    }
    this.sharedMemory.onNameLost(() => this.#detach());
    logUnheeded();
    logger.debug("attached to {channel} as {role} {index}", {
      channel: this.name,
      role,
      index: this.index,
    });
  }

  /** Chooses the codec if that is open and this socket may; uses the one that is chosen. */
  #openCodec(config: SegmentConfig, options: ChannelOptions): void {
    if (config.codecId !== UNCHOSEN) return this.#useCodec(config, options.codec);
    if (!choosesCodec(this.role, options)) return;
    chooseCodec(this, resolveCodec(options.codec).id);
    this.#useCodec(this.#chosenConfig(), options.codec);
  }

  #useCodec(config: SegmentConfig, option: ChannelOptions["codec"]): void {
    this.codec = codecFor(this.sharedMemory, config, option);
    this.isRaw = this.codec.id === "raw" && this.checks?.incoming === undefined;
  }

  /** What describes the channel, with the codec that was chosen after it was created. */
  #chosenConfig(): SegmentConfig {
    this.mapAll();
    const { wasmMemory, mappedBytes } = this.sharedMemory;
    const config = readConfig(new MemorySource(wasmMemory, mappedBytes), this.name);
    if (config.codecId !== UNCHOSEN) return config;
    throw this.corruption("the choice of its codec was overwritten");
  }

  /**
   * Uses the codec that was chosen after this receiver attached: it has found a message. Without that
   * codec, a message stays where it is, and a request fails: no requester ends a replier.
   *
   * @throws {ShmConnectionError} if it is none of the built-in ones
   * @throws {ShmCorruptionError} if none was chosen
   */
  learnCodec(): void {
    if (this.codec === UNCHOSEN_CODEC) this.#learnCodec();
  }

  #learnCodec(): void {
    const config = this.#chosenConfig();
    try {
      this.#useCodec(config, undefined);
    } catch (error) {
      if (this.kind !== "request" || !(error instanceof ShmConnectionError)) throw error;
      this.codec = missingCodec(config.codecId, error);
    }
  }

  #join(label: string | undefined): number {
    this.reclaimDead();
    setLabel(this.ring, label);
    this.#attachedAtMs = Date.now();
    const index = this.ring.join(this.sharedMemory.isolate, Deno.pid, this.#attachedAtMs);
    if (index < 0) {
      throw new ShmConnectionError(
        `cannot attach to channel "${this.name}": it has ${layout.MAX_PARTICIPANTS} participants, ` +
          `which is its limit; close some, or use a second channel`,
      );
    }
    this.ring.openFairness(index);
    this.ring.refreshTotals();
    return index;
  }

  /** Shows others what this participant does. A subscriber has to be where all later messages reach it. */
  publishRole(): void {
    this.ring.publishRole(this.index, ROLES.indexOf(this.role));
    this.sharedMemory.announce();
  }

  /** Frees what dead participants held, and returns the messages that they had leased. */
  reclaimDead(): void {
    this.mapAll();
    const ownIsolate = this.sharedMemory.isolate;
    const isAliveByIsolate = new Map<bigint, boolean>([[0n, true], [ownIsolate, true]]);
    for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
      const isolate = this.ring.isolateOf(index);
      // The isolate word was overwritten: the owner is not known, and may be alive.
      if (isolate !== 0n && !isIsolateId(isolate)) continue;
      let isAlive = isAliveByIsolate.get(isolate);
      if (isAlive === undefined) {
        isAlive = this.sharedMemory.isAlive(isolate);
        isAliveByIsolate.set(isolate, isAlive);
      }
      if (isAlive) continue;
      this.ring.reclaim(index, isolate, ownIsolate);
      logger.debug("reclaimed slot {index} of {channel}, whose owner is gone", {
        index,
        channel: this.name,
      });
    }
    if (this.hasLeaseTables) this.wakeAll(layout.WAITERS_RECEIVERS);
    for (const [isolate, isAlive] of isAliveByIsolate) {
      if (!isAlive) this.sharedMemory.removeDeadIsolate(isolate);
    }
  }

  /** True once a puller that acknowledges has received on the channel. */
  get hasLeaseTables(): boolean {
    const control = controlOffset(this.capacity);
    return this.words[(control + layout.CONTROL_LEASE_TABLES) >>> 2] !== 0;
  }

  /**
   * Throws if a lease table is corrupt.
   *
   * @throws {ShmCorruptionError}
   */
  checkLeaseTables(): void {
    this.mapAll();
    while (this.ring.corruptLeaseTable() >= 0) {
      // Another puller may have added one since all was mapped.
      const { mappedBytes } = this.sharedMemory;
      this.mapAll();
      if (this.sharedMemory.mappedBytes === mappedBytes) {
        throw this.corruption("a lease table lies outside of it");
      }
    }
  }

  /** Returns what dead pullers hold, on a channel with lease tables. Most calls only read the clock. */
  checkLeaseOwners(): void {
    const { ring } = this;
    this.checkLeaseTables();
    const now = performance.now();
    if (now - this.#ownersCheckedAtMs < OWNER_CHECK_MS) return;
    this.#ownersCheckedAtMs = now;
    ring.repairLeaseSlots();
    for (let i = ring.leaseOwnerFrom(0); i >= 0; i = ring.leaseOwnerFrom(i + 1)) {
      if (!this.isParticipantAlive(i)) return this.reclaimDead();
    }
  }

  /** How to see whether a peer is there: local channels are in no list. */
  get peersHint(): string {
    return this.#isLocal ? "has its handle and is open" : "runs (listChannels())";
  }

  /** True if an isolate has an entry. */
  hasParticipant(isolate: bigint): boolean {
    for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
      if (this.ring.isolateOf(index) === isolate) return true;
    }
    return false;
  }

  /** True while the participant in a slot is alive. */
  isParticipantAlive(index: number): boolean {
    const isolate = this.ring.isolateOf(index);
    return isolate !== 0n && this.sharedMemory.isAlive(isolate);
  }

  /** Whole milliseconds since this participant attached, by the wall clock. */
  get ageMs(): number {
    return Math.max(0, Math.floor(Date.now() - this.#attachedAtMs));
  }

  /** The generation of a participant's slot: each owner has a generation of its own. */
  generationOf(index: number): number {
    return this.words[this.fieldOffset(index, layout.PARTICIPANT_GENERATION) >>> 2];
  }

  /** Byte offset of a field in a participant's slot. */
  fieldOffset(index: number, offset: number): number {
    return this.#participants + index * layout.PARTICIPANT_BYTES + offset;
  }

  /**
   * Adds a region to the segment; returns its offset.
   *
   * @throws {ShmConnectionError} if there is no space for it
   * @throws {ShmCorruptionError} if the segment's end is corrupt
   */
  allocate(bytes: number): number {
    const rounded = roundUp(bytes, PAGE_BYTES);
    const reserved = this.sharedMemory.reservedBytes();
    const offset = this.ring.reserve(rounded) >>> 0;
    if (offset === layout.NEXT_CORRUPT >>> 0 || (offset !== 0 && offset < reserved)) {
      throw this.corruption("its end is not where it was");
    }
    if (offset === 0) {
      throw new ShmConnectionError(
        `cannot add ${rounded} bytes to channel "${this.name}": a segment ends at 4 GiB; ` +
          `choose a smaller capacityBytes or use more channels`,
      );
    }
    try {
      this.sharedMemory.extend(offset + rounded, rounded);
    } catch (error) {
      this.ring.unreserve(offset, rounded);
      throw error;
    }
    this.#updateViews();
    return offset;
  }

  /**
   * Adds a region of `wantedBytes` to the segment, or of `leastBytes` if there is no space for more.
   *
   * @throws {ShmConnectionError} if there is no space for `leastBytes`
   */
  allocateBetween(
    leastBytes: number,
    wantedBytes: number,
  ): { offset: number; bytes: number } {
    try {
      return { offset: this.allocate(wantedBytes), bytes: wantedBytes };
    } catch (error) {
      if (leastBytes >= wantedBytes || !(error instanceof ShmConnectionError)) throw error;
      return { offset: this.allocate(leastBytes), bytes: leastBytes };
    }
  }

  /** Offset of the slot's region of at least `bytes`: the one that a former owner left, or a new one. */
  region(bytes: number): number {
    const offset = this.ring.regionOf(this.index, bytes) >>> 0;
    if (offset >= controlOffset(this.capacity) + layout.CONTROL_BYTES) {
      if (offset + bytes > this.sharedMemory.mappedBytes) this.remap();
      if (offset + bytes <= this.sharedMemory.mappedBytes) return offset;
    }
    const newOffset = this.allocate(bytes);
    this.bytes.fill(0, newOffset, newOffset + bytes);
    this.ring.setRegion(this.index, newOffset, bytes);
    return newOffset;
  }

  /** Copies bytes into the memory. */
  copyIn(source: Uint8Array, offset: number): void {
    const { length } = source;
    if (length < LARGE_BYTES) this.bytes.set(source, offset);
    else this.sharedMemory.copy(this.bytes.subarray(offset, offset + length), source);
  }

  /** Copies bytes of the memory to the start of an array. */
  copyOut(offset: number, target: Uint8Array, length: number): void {
    const source = this.bytes.subarray(offset, offset + length);
    if (length < LARGE_BYTES) target.set(source);
    else this.sharedMemory.copy(target.subarray(0, length), source);
  }

  /** Maps regions that other processes have added. */
  mapAll(): void {
    if (this.words[layout.HEADER_END >>> 2] >>> 0 > this.sharedMemory.mappedBytes) this.remap();
  }

  /** Maps regions that other processes have added, and asks the system for the size of the segment. */
  remap(): void {
    const before = this.sharedMemory.mappedBytes;
    this.sharedMemory.remap();
    if (this.sharedMemory.mappedBytes !== before) this.#updateViews();
  }

  #updateViews(): void {
    this.ring.setMapped(this.sharedMemory.mappedBytes);
    this.bytes = new Uint8Array(this.sharedMemory.wasmMemory.buffer);
    this.words = new Int32Array(this.sharedMemory.wasmMemory.buffer);
    this.words64 = new BigInt64Array(this.sharedMemory.wasmMemory.buffer);
  }

  /** Wakes the waiter of a set with the lowest service count; false if there is none. */
  wakeOne(side: number): boolean {
    const index = this.ring.popWaiter(side);
    if (index >= 0) this.signal(index);
    return index >= 0;
  }

  /** Wakes all waiters of a set. */
  wakeAll(side: number): void {
    while (this.wakeOne(side)) continue;
  }

  /** Wakes one participant if it waits. */
  wake(index: number, side: number): void {
    if (this.ring.wake(index, side)) this.signal(index);
  }

  /** Signals a participant that was removed from the waiters. */
  signal(index: number): void {
    const word = this.fieldOffset(index, layout.PARTICIPANT_WAKE);
    const kind = this.words[this.fieldOffset(index, layout.PARTICIPANT_WAIT_KIND) >>> 2];
    const isolate = this.ring.isolateOf(index);
    if (kind === layout.WAIT_WORD) this.sharedMemory.wakeWord(word, isolate);
    else this.sharedMemory.ringDoorbell(word, isolate, kind >>> 8);
  }

  /** A poll begins to wait for this socket, among others. `onClose` is called when the socket is closed. */
  beginPoll(onClose: () => void): void {
    (this.#polls ??= new Set()).add(onClose);
    this.doorbellKind = layout.WAIT_DOORBELL + this.sharedMemory.bell.number * layout.WAIT_BELL;
  }

  endPoll(onClose: () => void, side: number): void {
    this.#polls?.delete(onClose);
    if (this.isPolled) return;
    this.doorbellKind = layout.WAIT_DOORBELL;
    if (!this.#isClosed) this.ring.cancelWait(this.index, side);
  }

  /**
   * A wait that blocked the thread is over. It has withdrawn what waits in the event loop had announced: that is
   * announced again, and they look for what came meanwhile.
   */
  resumeWaits(side: number): void {
    if (this.#isClosed || (this.loopWaits === 0 && !this.isPolled)) return;
    this.ring.announceWait(this.index, side, this.doorbellKind);
    this.wake(this.index, side);
    this.ring.announceWait(this.index, side, this.doorbellKind);
  }

  /** True while a poll waits for this socket: its wait stays announced. */
  get isPolled(): boolean {
    return this.#polls !== undefined && this.#polls.size > 0;
  }

  /** True once the socket is closed, or if its next call has to end this worker. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True once the socket has left the channel. */
  get hasLeft(): boolean {
    return this.#isClosed && !this.#isEnding;
  }

  /** This worker was terminated: the next call ends it. What the present one has in its hands is used. */
  endAtNextCall(): void {
    if (this.#isClosed) return;
    this.#isClosed = this.#isEnding = true;
    this.isUsable = false;
  }

  /** Leaves the channel, and ends this worker, which was terminated. */
  endWorker(): never {
    this.#isClosed = this.#isEnding = false;
    runAll(() => this.close(), endWorker);
    throw terminatedError(this.name);
  }

  /**
   * Throws if the socket, or the channel for all participants, is closed, or if others no longer find it.
   *
   * @throws {ShmClosedError}
   * @throws {ShmConnectionError} if the segment's file was removed
   */
  checkOpen(): void {
    if (this.#isEnding) this.endWorker();
    // A loop that goes on in spite of its errors.
    if (this.#isClosed || this.ring.closed()) endIfTerminated();
    if (this.#isClosed) {
      throw new ShmClosedError(
        `cannot use the ${this.role} of channel "${this.name}": it is closed; open a new one`,
      );
    }
    if (this.ring.closed()) {
      throw new ShmClosedError(
        `cannot use channel "${this.name}": it was closed for all participants; create a new one`,
      );
    }
    if (this.#isDetached) this.#checkName();
  }

  #detach(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    this.isUsable = false;
    logger.error(
      "the file of channel {channel} was removed, moved or replaced while it was in use",
      {
        channel: this.name,
        role: this.role,
      },
    );
  }

  /** The file may have been moved back. */
  #checkName(): void {
    this.#isDetached = !this.sharedMemory.hasName();
    this.isUsable = !this.#isDetached;
    if (this.isUsable) return;
    throw new ShmConnectionError(
      `cannot use channel "${this.name}": its file was removed, moved or replaced, so that processes ` +
        `which open the channel now do not reach this ${this.role}; close it and open a new one`,
    );
  }

  /** The error for damage in this channel. */
  corruption(what: string): ShmCorruptionError {
    return new ShmCorruptionError(
      `channel "${this.name}" is damaged: ${what}; some process wrote where it should not; close ` +
        `all participants and delete the segment with removeStale({ includeNonEmpty: true })`,
    );
  }

  #leave(): void {
    if (this.ring.leave(this.index) > 0) this.wakeAll(layout.WAITERS_RECEIVERS);
  }

  /**
   * Leaves the channel. A queue that still holds messages, or a persistent segment, stays; so does every
   * segment without `mayDelete`. Returns true if it is deleted.
   */
  close(mayDelete: boolean | (() => boolean) = true): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.isUsable = false;
    let isDeleted = false;
    const polls = [...this.#polls ?? []];
    runAll(
      () => this.#leave(),
      () => isDeleted = this.sharedMemory.close(mayDelete),
      ...polls,
    );
    logger.debug("left {channel} as {role}", { channel: this.name, role: this.role });
    return isDeleted;
  }
}

function terminatedError(channel: string): ShmClosedError {
  return new ShmClosedError(`cannot use channel "${channel}": this worker was terminated`);
}
