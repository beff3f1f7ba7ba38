/**
 * One socket's attachment to a channel: the checked segment, its ring instance, the participant's
 * slot, and what wakes the others.
 *
 * @module
 */

import { isIsolateId } from "../presence/isolate_id.ts";
import type { SharedMemory } from "../segment/memory.ts";
import { type Codec, type CodecName, resolveCodec } from "../codecs/builtin.ts";
import { ShmClosedError, ShmConnectionError, ShmCorruptionError } from "../base/errors.ts";
import { isLocalHandle, type LocalHandle, WorkerMemory } from "../segment/worker_memory.ts";
import { logger } from "../base/log.ts";
import { checkCapacity, checkName, DEFAULT_CAPACITY_BYTES, formatValue } from "../base/options.ts";
import { instantiate, IS_WEAK, type RingExports } from "../segment/ring.ts";
import { FileMemory } from "../segment/file_memory.ts";
import * as layout from "../../wasm/layout.ts";

/** Options of every socket. */
export interface ChannelOptions {
  /** Bytes of each sender's ring, from 1,024 to 2 GiB; left out, the channel's, or 1 MiB for a new one. */
  capacityBytes?: number;
  /** How values become bytes; left out, the channel's, or `"msgpack"` for a new one. */
  codec?: CodecName | Codec;
  /** Directory of the segment; left out, `RINGBUS_DIR` or the user's own. */
  dir?: string;
  /** Keeps the segment when its last participant closes. Takes effect when the channel is created. */
  persist?: boolean;
}

/** What a channel does with a message. */
export type ChannelKind = "queue" | "broadcast" | "request" | "journal";

/** What a participant does on its channel. */
export type Role =
  | "publisher"
  | "subscriber"
  | "pusher"
  | "puller"
  | "requester"
  | "replier"
  | "member";

/** Kinds by their number in the segment. */
export const KINDS: Record<number, ChannelKind> = {
  [layout.KIND_QUEUE]: "queue",
  [layout.KIND_BROADCAST]: "broadcast",
  [layout.KIND_REQUEST]: "request",
  [layout.KIND_JOURNAL]: "journal",
};

/** The number of each kind in a segment. */
export const KIND_NUMBERS: Record<ChannelKind, number> = {
  queue: layout.KIND_QUEUE,
  broadcast: layout.KIND_BROADCAST,
  request: layout.KIND_REQUEST,
  journal: layout.KIND_JOURNAL,
};

/** Roles by their number in the segment. */
export const ROLES: readonly (Role | undefined)[] = [
  undefined,
  "publisher",
  "subscriber",
  "pusher",
  "puller",
  "requester",
  "replier",
  "member",
];

/** Where the control block of a segment begins. */
export function controlOffset(capacity: number): number {
  return Math.ceil((layout.HEADER_BYTES + capacity) / 64) * 64;
}

/** Bytes of a new segment, in whole pages. */
export function newSegmentBytes(capacity: number): number {
  return Math.ceil((controlOffset(capacity) + layout.CONTROL_BYTES) / 4096) * 4096;
}

/** What a new segment is given. */
export interface NewSegment {
  kind: ChannelKind;
  capacity: number;
  codecId: string;
  persist: boolean;
}

/** Writes a new segment's header and control block. */
export function formatSegment(memory: WebAssembly.Memory, segment: NewSegment): void {
  const ring = instantiate(memory);
  const bytes = memory.buffer.byteLength;
  ring.configure(IS_WEAK, KIND_NUMBERS[segment.kind], segment.capacity, bytes);
  const at = controlOffset(segment.capacity) + layout.CONTROL_CODEC;
  new Uint8Array(memory.buffer, at).set(new TextEncoder().encode(segment.codecId));
  ring.setCreator(Deno.pid, Date.now());
  ring.format(segment.persist ? layout.FLAG_PERSIST : 0);
  const header = new DataView(memory.buffer, 0, layout.HEADER_BYTES);
  const codec = new Uint8Array(memory.buffer, at, layout.CODEC_BYTES);
  header.setUint32(layout.HEADER_CHECK, configChecksum(header, codec), true);
}

/** A check over what never changes in a segment: version, kind, flags, capacity and codec. */
export function configChecksum(header: DataView, codec: Uint8Array<ArrayBufferLike>): number {
  let checksum = 0x811c9dc5;
  const add = (byte: number) => checksum = Math.imul(checksum ^ byte, 0x01000193);
  for (let at = layout.HEADER_VERSION; at < layout.HEADER_HEAD; at++) add(header.getUint8(at));
  for (let at = layout.HEADER_KIND; at < layout.HEADER_END; at++) add(header.getUint8(at));
  for (const byte of codec) add(byte);
  return checksum >>> 0;
}

/** What a segment's header says, checked. */
export interface SegmentConfig {
  kind: ChannelKind;
  capacity: number;
  codecId: string;
  persist: boolean;
}

/** Gives bytes of a segment, which may be mapped or lie in a file. */
export type ByteReader = (offset: number, bytes: number) => Uint8Array<ArrayBufferLike>;

/**
 * Reads and checks a header.
 *
 * @throws {ShmCorruptionError} if it cannot be right
 */
export function readConfig(source: ByteReader, size: number, name: string): SegmentConfig {
  const invalid = (what: string, remedy = "delete the segment with removeStale() or by hand") =>
    new ShmCorruptionError(`cannot open channel "${name}": ${what}; ${remedy}`);
  if (size < layout.HEADER_BYTES) {
    throw invalid(`it has ${size} bytes, and a segment has at least ${layout.HEADER_BYTES}`);
  }
  const view = new DataView(source(0, layout.HEADER_BYTES).slice().buffer);
  const magic = [view.getUint32(0, true), view.getUint32(4, true)];
  if (magic[0] !== layout.MAGIC_LOW || magic[1] !== layout.MAGIC_HIGH) {
    throw invalid(
      "it does not begin with the magic number of a segment",
      "delete the file by hand if nothing needs it, or use another name",
    );
  }
  const version = view.getBigUint64(layout.HEADER_VERSION, true);
  if (version !== BigInt(layout.VERSION)) {
    throw invalid(`its layout has version ${version}, and this module reads ${layout.VERSION}`);
  }
  const kind = KINDS[view.getUint32(layout.HEADER_KIND, true)];
  if (!kind) throw invalid(`its kind is ${view.getUint32(layout.HEADER_KIND, true)}`);
  const capacity = Number(view.getBigUint64(layout.HEADER_CAPACITY, true));
  if (capacity % 64 !== 0 || capacity < 64 || newSegmentBytes(capacity) > size) {
    throw invalid(`it has ${size} bytes, which do not hold a ring of ${capacity}`);
  }
  const codec = source(controlOffset(capacity) + layout.CONTROL_CODEC, layout.CODEC_BYTES).slice();
  if (view.getUint32(layout.HEADER_CHECK, true) !== configChecksum(view, codec)) {
    throw invalid("its header, or the name of its codec, was overwritten");
  }
  const end = codec.indexOf(0);
  return {
    kind,
    capacity,
    codecId: new TextDecoder().decode(codec.subarray(0, end < 0 ? undefined : end)),
    persist: (view.getUint32(layout.HEADER_FLAGS, true) & layout.FLAG_PERSIST) !== 0,
  };
}

/** Milliseconds between two looks at whether those live who hold messages. */
const OWNER_CHECK_MS = 20;

/** One socket on one channel. */
export class Attachment {
  readonly name: string;
  readonly role: Role;
  readonly sharedMemory: SharedMemory;
  readonly ring: RingExports;
  readonly codec: Codec;
  readonly kind: ChannelKind;
  /** Bytes of each lane's ring. */
  readonly capacity: number;
  /** Our slot. */
  readonly index: number;
  /** The memory as bytes and as words; replaced when the segment grows. */
  bytes: Uint8Array<ArrayBufferLike>;
  words: Int32Array;
  readonly #participants: number;
  readonly #isPersistent: boolean;
  #isClosed = false;
  #ownersCheckedAtMs = -Infinity;

  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: ChannelOptions,
  ) {
    this.role = role;
    this.sharedMemory = openMemory(target, kind, role, options);
    try {
      this.name = this.sharedMemory.name;
      const { mappedBytes, wasmMemory } = this.sharedMemory;
      const config = readConfig(sourceOf(wasmMemory), mappedBytes, this.name);
      checkCompatible(this.name, config, kind, options);
      this.kind = kind;
      this.#isPersistent = config.persist;
      this.capacity = config.capacity;
      this.codec = codecFor(this.name, config.codecId, options.codec);
      this.#participants = controlOffset(config.capacity) + layout.CONTROL_PARTICIPANTS;
      this.ring = instantiate(wasmMemory);
      this.ring.configure(IS_WEAK, KIND_NUMBERS[kind], config.capacity, mappedBytes);
      this.bytes = new Uint8Array(wasmMemory.buffer);
      this.words = new Int32Array(wasmMemory.buffer);
      this.checkOpen();
      this.index = this.#join();
    } catch (error) {
      this.sharedMemory.close();
      throw error;
    }
    logger.debug("attached to {channel} as {role} {index}", {
      channel: this.name,
      role,
      index: this.index,
    });
  }

  #join(): number {
    this.reclaimDead();
    const role = ROLES.indexOf(this.role);
    const index = this.ring.join(this.sharedMemory.isolate, role, Deno.pid, Date.now());
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

  /** Frees what dead participants held, and gives the messages among it to others. */
  reclaimDead(): void {
    this.mapAll();
    const ownIsolate = this.sharedMemory.isolate;
    const isAliveByIsolate = new Map<bigint, boolean>([[0n, true], [ownIsolate, true]]);
    for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
      const isolate = this.ring.isolateOf(index);
      // Whose slot it is cannot be told any more: its owner may well live.
      if (isolate !== 0n && !isIsolateId(isolate)) continue;
      if (!isAliveByIsolate.has(isolate)) {
        isAliveByIsolate.set(isolate, this.sharedMemory.isAlive(isolate));
      }
      if (isAliveByIsolate.get(isolate)) continue;
      this.ring.reclaim(index, isolate, ownIsolate);
      logger.debug("freed slot {index} of {channel}, whose owner is gone", {
        index,
        channel: this.name,
      });
    }
    if (this.hasLeaseTables) this.wakeAll(layout.WAITERS_RECEIVERS);
  }

  /** True once a puller that acknowledges held a message on the channel. */
  get hasLeaseTables(): boolean {
    const control = controlOffset(this.capacity);
    return this.words[(control + layout.CONTROL_LEASE_TABLES) >>> 2] !== 0;
  }

  /** Throws if a shelf cannot be right. */
  checkLeaseTables(): void {
    this.mapAll();
    if (this.ring.corruptLeaseTable() >= 0) throw this.corruption("a shelf lies outside of it");
  }

  /** On a channel with shelves: now and then gives back what dead pullers hold. */
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

  /** True while the participant in a slot lives. */
  isParticipantAlive(index: number): boolean {
    const isolate = this.ring.isolateOf(index);
    return isolate !== 0n && this.sharedMemory.isAlive(isolate);
  }

  /** Which one of all its owners has a participant's slot. */
  generationOf(index: number): number {
    return this.words[this.fieldOffset(index, layout.PARTICIPANT_GENERATION) >>> 2];
  }

  /** Byte offset of a field in a participant's slot. */
  fieldOffset(index: number, offset: number): number {
    return this.#participants + index * layout.PARTICIPANT_BYTES + offset;
  }

  /**
   * Adds a region to the segment.
   *
   * @throws {ShmConnectionError} if there is no room for it
   * @throws {ShmCorruptionError} if the segment's end cannot be right
   */
  allocate(bytes: number): number {
    const rounded = Math.ceil(bytes / 4096) * 4096;
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

  /** Our slot's region of at least `bytes`: the one a former owner left, or a new one. */
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

  /** Maps what others have added, if they have. */
  mapAll(): void {
    if (this.words[layout.HEADER_END >>> 2] >>> 0 > this.sharedMemory.mappedBytes) this.remap();
  }

  /** Maps what others have added; nothing changes if they have added nothing. */
  remap(): void {
    const before = this.sharedMemory.mappedBytes;
    this.sharedMemory.remap();
    if (this.sharedMemory.mappedBytes !== before) this.#updateViews();
  }

  #updateViews(): void {
    this.ring.setMapped(this.sharedMemory.mappedBytes);
    this.bytes = new Uint8Array(this.sharedMemory.wasmMemory.buffer);
    this.words = new Int32Array(this.sharedMemory.wasmMemory.buffer);
  }

  /** Wakes the sleeper of a side that had the fewest turns; false if there is none. */
  wakeOne(side: number): boolean {
    const index = this.ring.popWaiter(side);
    if (index >= 0) this.signal(index);
    return index >= 0;
  }

  /** Wakes all sleepers of a side. */
  wakeAll(side: number): void {
    while (this.wakeOne(side)) continue;
  }

  /** Wakes one participant if it sleeps. */
  wake(index: number, side: number): void {
    if (this.ring.wake(index, side)) this.signal(index);
  }

  /** Wakes a participant whose bit was taken. */
  signal(index: number): void {
    const word = this.fieldOffset(index, layout.PARTICIPANT_WAKE);
    const kind = this.words[this.fieldOffset(index, layout.PARTICIPANT_WAIT_KIND) >>> 2];
    const isolate = this.ring.isolateOf(index);
    if (kind === layout.WAIT_WORD) this.sharedMemory.wakeWord(word, isolate);
    else this.sharedMemory.ringDoorbell(word, isolate);
  }

  /** True once the socket is closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Throws if the socket, or the channel for everyone, is closed.
   *
   * @throws {ShmClosedError}
   */
  checkOpen(): void {
    if (this.#isClosed) {
      throw new ShmClosedError(
        `cannot use the ${this.role} of channel "${this.name}": it is closed; open a new one`,
      );
    }
    if (this.ring.closed()) {
      throw new ShmClosedError(
        `cannot use channel "${this.name}": it was closed for everyone; create a new one`,
      );
    }
  }

  /** Damage in this channel, as an error. */
  corruption(what: string): ShmCorruptionError {
    return new ShmCorruptionError(
      `channel "${this.name}" is damaged: ${what}; some process wrote where it should not; close ` +
        `all participants and delete the segment with removeStale()`,
    );
  }

  /** Leaves the channel. A queue that still holds messages, or a persistent segment, stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.ring.leave(this.index) > 0) this.wakeAll(layout.WAITERS_RECEIVERS);
    const isKept = this.#isPersistent;
    this.sharedMemory.close(isKept ? undefined : () => isDisposable(this.sharedMemory, this.kind));
    logger.debug("left {channel} as {role}", { channel: this.name, role: this.role });
  }
}

function isDisposable(memory: SharedMemory, kind: ChannelKind): boolean {
  const source = sourceOf(memory.wasmMemory);
  try {
    memory.remap();
    const config = readConfig(source, memory.mappedBytes, memory.name);
    const control = source(controlOffset(config.capacity), layout.CONTROL_BYTES);
    if (kind !== "queue") return true;
    return pendingBytes(control) === 0n && unacknowledgedMessages(control, source) === 0;
  } catch {
    return true;
  }
}

function sourceOf(memory: WebAssembly.Memory): ByteReader {
  return (offset, bytes) => new Uint8Array(memory.buffer, offset, bytes);
}

/** Bytes that are committed and not yet taken, over all lanes, from a control block. */
export function pendingBytes(control: Uint8Array<ArrayBufferLike>): bigint {
  return sumOverLanes(control, layout.LANE_HEAD) - sumOverLanes(control, layout.LANE_TAIL);
}

/** The sum of a field of all lanes, from a control block: the header's totals may be behind. */
export function sumOverLanes(control: Uint8Array<ArrayBufferLike>, field: number): bigint {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  let sum = 0n;
  for (let lane = 0; lane < layout.MAX_LANES; lane++) {
    sum += view.getBigUint64(layout.CONTROL_LANES + lane * layout.LANE_BYTES + field, true);
  }
  return sum;
}

/** Messages that were taken and not acknowledged, from a control block and what it names. */
export function unacknowledgedMessages(
  control: Uint8Array<ArrayBufferLike>,
  source: ByteReader,
): number {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  let messages = 0;
  let bytes = layout.FIRST_LEASE_TABLE_SLOTS * layout.LEASE_SLOT_BYTES;
  for (
    let table = 0;
    table < layout.MAX_LEASE_TABLES;
    table++, bytes *= layout.LEASE_TABLE_GROWTH
  ) {
    const offset = view.getUint32(layout.CONTROL_LEASE_TABLES + table * 8, true);
    if (offset !== 0) messages += leasedMessagesIn(source(offset, bytes));
  }
  return messages;
}

function leasedMessagesIn(table: Uint8Array<ArrayBufferLike>): number {
  let messages = 0;
  for (let slot = 0; slot < table.length; slot += layout.LEASE_SLOT_BYTES) {
    const status = table[slot + layout.LEASE_SLOT_STATE];
    if (status === layout.LEASE_SLOT_LEASED || status === layout.LEASE_SLOT_RETURNED) messages++;
  }
  return messages;
}

function openMemory(
  target: string | LocalHandle,
  kind: ChannelKind,
  role: Role,
  options: ChannelOptions,
): SharedMemory {
  checkOptions(options, role);
  if (isLocalHandle(target)) return openWorkerMemory(target, kind, options);
  checkName(target);
  const capacity = checkCapacity(options.capacityBytes ?? DEFAULT_CAPACITY_BYTES);
  const codecId = resolveCodec(options.codec).id;
  const segment = { kind, capacity, codecId, persist: options.persist ?? false };
  return FileMemory.open(
    target,
    options.dir,
    newSegmentBytes(capacity),
    (memory) => formatSegment(memory, segment),
  );
}

/** A local channel takes its kind and codec from the first socket on it. */
function openWorkerMemory(
  handle: LocalHandle,
  kind: ChannelKind,
  options: ChannelOptions,
): SharedMemory {
  const memory = new WorkerMemory(handle);
  claimLocal(handle, kind, resolveCodec(options.codec).id);
  return memory;
}

const LOCAL_UNCLAIMED = 0;
const LOCAL_CLAIMING = 1;
const LOCAL_READY = 2;
/** Word of a new local channel that says whether its header is written. */
const LOCAL_STATE_WORD = (layout.HEADER_BYTES - 8) / 4;
/** Word of a new local channel that carries its capacity until then. */
const LOCAL_CAPACITY_WORD = LOCAL_STATE_WORD + 1;

/** Notes a new local channel's capacity where the first socket finds it. */
export function prepareLocal(memory: WebAssembly.Memory, capacity: number): void {
  new Int32Array(memory.buffer)[LOCAL_CAPACITY_WORD] = capacity;
}

function claimLocal(handle: LocalHandle, kind: ChannelKind, codecId: string): void {
  const words = new Int32Array(handle.memory.buffer);
  const before = Atomics.compareExchange(words, LOCAL_STATE_WORD, LOCAL_UNCLAIMED, LOCAL_CLAIMING);
  if (before === LOCAL_UNCLAIMED) {
    const capacity = words[LOCAL_CAPACITY_WORD] >>> 0;
    formatSegment(handle.memory, { kind, capacity, codecId, persist: false });
    Atomics.store(words, LOCAL_STATE_WORD, LOCAL_READY);
    Atomics.notify(words, LOCAL_STATE_WORD);
  }
  while (Atomics.load(words, LOCAL_STATE_WORD) === LOCAL_CLAIMING) {
    Atomics.wait(words, LOCAL_STATE_WORD, LOCAL_CLAIMING, 10);
  }
}

function checkOptions(options: ChannelOptions & { ack?: unknown }, role: Role): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`the options of a socket must be an object, not ${formatValue(options)}`);
  }
  if (options.ack !== undefined && role !== "puller") {
    throw new TypeError(`a ${role} has no option ack: only pullers acknowledge; leave it out`);
  }
  if (options.capacityBytes !== undefined) checkCapacity(options.capacityBytes);
  if (options.persist !== undefined && typeof options.persist !== "boolean") {
    throw new TypeError(`persist must be true or false, not ${formatValue(options.persist)}`);
  }
}

function checkCompatible(
  name: string,
  config: SegmentConfig,
  kind: ChannelKind,
  options: ChannelOptions,
): void {
  const conflict = (what: string, actual: unknown, requested: unknown) =>
    new ShmConnectionError(
      `cannot attach to channel "${name}": its ${what} is ${actual}, and this socket asks for ` +
        `${requested}; use another name, or agree on one ${what}`,
    );
  if (config.kind !== kind) throw conflict("kind", config.kind, kind);
  if (options.capacityBytes === undefined) return;
  const requested = checkCapacity(options.capacityBytes);
  if (requested !== config.capacity) throw conflict("capacityBytes", config.capacity, requested);
}

function codecFor(name: string, id: string, option: ChannelOptions["codec"]): Codec {
  if (option !== undefined) {
    const codec = resolveCodec(option);
    if (codec.id === id) return codec;
    throw new ShmConnectionError(
      `cannot attach to channel "${name}": its codec is "${id}", and this socket asks for ` +
        `"${codec.id}"; use another name, or agree on one codec`,
    );
  }
  try {
    return resolveCodec(id as CodecName);
  } catch (cause) {
    throw new ShmConnectionError(
      `cannot attach to channel "${name}": its codec is "${id}", which is none of the built-in ` +
        `ones; pass that codec with the codec option`,
      { cause },
    );
  }
}
