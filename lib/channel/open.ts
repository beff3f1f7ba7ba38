/**
 * Opening a channel's memory: the options are checked, the segment is found or created, and its
 * configuration is compared with what the socket asks for.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import { ShmConnectionError } from "../base/errors.ts";
import { checkCapacity, checkChannelName, DEFAULT_CAPACITY_BYTES } from "./channel_options.ts";
import { FileMemory } from "../segment/file_memory.ts";
import { UNCHOSEN } from "../segment/chosen_codec.ts";
import {
  type ChannelKind,
  formatSegment,
  isSender,
  newSegmentBytes,
  parseConfig,
  type Role,
  type SegmentConfig,
} from "../segment/format.ts";
import type { SharedMemory } from "../base/shared_memory.ts";
import { isLocalHandle, type LocalHandle, WorkerMemory } from "../segment/worker_memory.ts";
import { logger } from "../base/log.ts";
import { WASM_PAGE_BYTES } from "../base/pages.ts";
import { growMemory } from "../segment/grow.ts";
import { MemorySource } from "../segment/byte_source.ts";
import { geometryOf, readControl } from "../segment/tables.ts";
import { undeliveredMessages } from "../segment/undelivered.ts";
import { HEADER_BYTES, INDEX_END, SIGNAL_COUNTS, SIGNAL_END } from "../../wasm/layout.ts";

/** How often a segment is replaced that ended processes left with other options. */
const MAX_REPLACEMENTS = 10;

/** Options of every socket. */
export interface ChannelOptions {
  /**
   * Bytes of this sender's ring, from 1,024 to 2 GiB. Default: what the channel was created with, or
   * 1 MiB for a new one. A receiver that creates the channel sets the default of its senders.
   */
  capacityBytes?: number | undefined;
  /**
   * How values become bytes. Default: the channel's. The first socket that sends or that names a codec
   * chooses it; a sender that names none chooses `"msgpack"`.
   */
  codec?: CodecName | Codec | undefined;
  /** Directory of the segment; Default: `RINGBUS_DIR`, or the user's own directory. */
  dir?: string | undefined;
  /**
   * Keeps the segment when its last participant closes. One participant that sets it is enough. Default: false.
   */
  persist?: boolean | undefined;
  /**
   * A name for this socket, for people who look at the channel: `listChannels()`, `ringbus who` and
   * `ringbus stat` show it. 1 to 40 bytes of UTF-8. It need not be unique. Default: none.
   */
  label?: string | undefined;
}

/**
 * Opens the memory of a channel: the handle's, or the segment's of a name, which is created if it is new.
 *
 * @throws {TypeError} if the name is invalid
 * @throws {ShmConnectionError} if there is no space for a new segment
 */
export function openMemory(
  target: string | LocalHandle,
  kind: ChannelKind,
  role: Role,
  options: ChannelOptions,
): SharedMemory {
  const codecId = choosesCodec(role, options) ? resolveCodec(options.codec).id : UNCHOSEN;
  if (isLocalHandle(target)) return openWorkerMemory(target, kind, codecId);
  checkNoHandleNeeded(target);
  checkChannelName(target);
  const capacity = checkCapacity(options.capacityBytes ?? DEFAULT_CAPACITY_BYTES);
  const segment = { kind, capacity, codecId, persist: options.persist ?? false };
  const open = () =>
    FileMemory.open(
      target,
      options.dir,
      newSegmentBytes(capacity),
      (memory) => formatSegment(memory, segment),
    );
  for (let attempt = 0; attempt < MAX_REPLACEMENTS; attempt++) {
    const memory = open();
    if (isAsAsked(memory, kind, options)) return memory;
    if (!memory.close(true)) break;
    logger.info("replaced {channel}, which an ended process had left with other options", {
      channel: target,
    });
  }
  return open();
}

/**
 * Throws for what is almost the handle of a local channel.
 *
 * @throws {TypeError}
 */
function checkNoHandleNeeded(target: unknown): void {
  if (typeof target !== "object" || target === null) return;
  if (isLocalHandle((target as { handle?: unknown }).handle)) {
    throw new TypeError(
      "cannot open a channel: pass the handle of the local channel, its 'handle'",
    );
  }
  if ((target as { ringbus?: unknown }).ringbus === "local") {
    throw new TypeError(
      "cannot open a channel: its name must be a string, or a handle that has its memory; pass the " +
        "handle itself with postMessage, not a copy through JSON or a file",
    );
  }
}

/**
 * False for a segment that a socket cannot use, and that may be replaced if no other socket is attached
 * and it is empty. A journal is not replaced: it may hold data.
 */
function isAsAsked(memory: FileMemory, kind: ChannelKind, options: ChannelOptions): boolean {
  const config = parseConfig(new MemorySource(memory.wasmMemory, memory.mappedBytes));
  if ("problem" in config || config.kind === "journal") return true;
  const { codec } = options;
  return config.kind === kind &&
    capacityOf(options, config.capacity) === config.capacity &&
    (config.codecId === UNCHOSEN || isCodecAsAsked(config.codecId, codec));
}

function isCodecAsAsked(id: string, codec: ChannelOptions["codec"]): boolean {
  return codec === undefined ? isBuiltIn(id) : resolveCodec(codec).id === id;
}

function isBuiltIn(id: string): boolean {
  try {
    resolveCodec(id as CodecName);
    return true;
  } catch {
    return false;
  }
}

/** True for a socket that decides how values become bytes: it sends, or it names a codec. */
export function choosesCodec(role: Role, { codec }: ChannelOptions): boolean {
  return isSender(role) || codec !== undefined;
}

/** A local channel takes its kind from the first socket on it. */
function openWorkerMemory(handle: LocalHandle, kind: ChannelKind, codecId: string): SharedMemory {
  claimLocal(handle, kind, codecId);
  return new WorkerMemory(handle);
}

const LOCAL_UNCLAIMED = 0;
const LOCAL_CLAIMING = 1;
const LOCAL_READY = 2;
/** Word of a new local channel that says whether its header is written. */
const LOCAL_STATE_WORD = (HEADER_BYTES - 8) / 4;
/** Word of a new local channel that carries its capacity until then. */
const LOCAL_CAPACITY_WORD = LOCAL_STATE_WORD + 1;

/** Writes a new local channel's capacity where the first socket reads it. */
export function prepareLocal(memory: WebAssembly.Memory, capacity: number): void {
  new Int32Array(memory.buffer)[LOCAL_CAPACITY_WORD] = capacity;
}

function claimLocal(handle: LocalHandle, kind: ChannelKind, codecId: string): void {
  const words = new Int32Array(handle.memory.buffer);
  const before = Atomics.compareExchange(words, LOCAL_STATE_WORD, LOCAL_UNCLAIMED, LOCAL_CLAIMING);
  if (before === LOCAL_UNCLAIMED) {
    const capacity = localCapacity(handle, kind, words[LOCAL_CAPACITY_WORD] >>> 0);
    formatSegment(handle.memory, { kind, capacity, codecId, persist: false });
    Atomics.store(words, LOCAL_STATE_WORD, LOCAL_READY);
    Atomics.notify(words, LOCAL_STATE_WORD);
  }
  while (Atomics.load(words, LOCAL_STATE_WORD) === LOCAL_CLAIMING) {
    Atomics.wait(words, LOCAL_STATE_WORD, LOCAL_CLAIMING, 10);
  }
}

/** Bytes of the first ring of a local channel, which was created for rings of `ringBytes`, or in place of it. */
function localCapacity(handle: LocalHandle, kind: ChannelKind, ringBytes: number): number {
  if (kind === "latest") return makeRoomForIndex(handle);
  return kind === "signal" ? SIGNAL_CAPACITY_BYTES : ringBytes;
}

/** Bytes in place of the first ring of a signal's segment: no ring is smaller. */
export const SIGNAL_CAPACITY_BYTES: number = SIGNAL_END - SIGNAL_COUNTS;

/** Bytes in place of the first ring of a segment of keyed values. */
export const LATEST_CAPACITY_BYTES: number = INDEX_END - HEADER_BYTES;

/** The memory of a local channel is made for its rings, which can be smaller than an index. */
function makeRoomForIndex({ name, memory }: LocalHandle): number {
  const missing = newSegmentBytes(LATEST_CAPACITY_BYTES) - memory.buffer.byteLength;
  if (missing > 0) growMemory(memory, Math.ceil(missing / WASM_PAGE_BYTES), name);
  return LATEST_CAPACITY_BYTES;
}

/** Bytes of a sender's ring on a channel that was created with a capacity. */
export function capacityOf({ capacityBytes }: ChannelOptions, channelCapacity: number): number {
  return capacityBytes === undefined ? channelCapacity : checkCapacity(capacityBytes);
}

/** Who created a channel, and when. */
export function creatorText(memory: SharedMemory, capacity: number): string {
  const source = new MemorySource(memory.wasmMemory, memory.mappedBytes);
  const { creatorPid, createdAt } = readControl(source, geometryOf(capacity))!;
  return `process ${creatorPid} created it at ${timeText(createdAt)}`;
}

/** A time that another process has written. */
function timeText(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? "an unknown time" : time.toISOString();
}

/** Who created a channel, when, and with which options; and who chose its codec, if that came later. */
function originOf(memory: SharedMemory, config: SegmentConfig): string {
  const { kind, codecId, capacity, persist } = config;
  const creator = creatorText(memory, capacity);
  const options = `capacityBytes ${capacity} and persist ${persist}`;
  const chooser = chooserText(memory, config);
  return chooser === undefined
    ? `${creator} as a ${kind} with ${codecText(codecId)}, ${options}`
    : `${creator} as a ${kind} with ${options}, and ${chooser}`;
}

function codecText(codecId: string): string {
  return codecId === UNCHOSEN ? "no codec chosen yet" : `codec "${codecId}"`;
}

/** Which process chose the codec of a channel after it was created. */
function chooserText(
  memory: SharedMemory,
  { codecId, capacity }: SegmentConfig,
): string | undefined {
  const source = new MemorySource(memory.wasmMemory, memory.mappedBytes);
  const { chosenCodec, chooserPid, chosenAt } = readControl(source, geometryOf(capacity))!;
  if (chosenCodec.value === 0) return undefined;
  const chooser = chooserPid === 0 ? "a process" : `process ${chooserPid}`;
  const time = chosenAt === 0 ? "" : ` at ${timeText(chosenAt)}`;
  return `${chooser} chose codec "${codecId}"${time}`;
}

/** What to do about a channel that differs from what a socket asks for. */
function remedyFor(memory: SharedMemory, config: SegmentConfig, what: string): string {
  const origin = originOf(memory, config);
  if (memory.isShared()) {
    return `${origin}, and it is in use; use another name, or agree on one ${what}`;
  }
  const geometry = geometryOf(config.capacity);
  const source = new MemorySource(memory.wasmMemory, memory.mappedBytes);
  const count = config.kind === "queue" ? undeliveredMessages(source, geometry) : 0;
  const left = config.kind === "journal" || config.kind === "latest"
    ? "no process uses it, and it may hold data"
    : `no process uses it, and it holds ${pluralize(count, "undelivered message")}`;
  return `${origin}; ${left}; open it with its own options to receive what it holds, delete it with ` +
    `${removalCall(config, count > 0)}, or use another name`;
}

/** The call that deletes a channel which no process uses. */
export function removalCall({ persist }: SegmentConfig, isNonEmpty: boolean): string {
  const flags = [
    ...isNonEmpty ? ["includeNonEmpty: true"] : [],
    ...persist ? ["includePersistent: true"] : [],
  ];
  return flags.length === 0 ? "removeStale()" : `removeStale({ ${flags.join(", ")} })`;
}

/** Throws unless a channel is of the kind that a socket asks for. */
export function checkCompatible(
  memory: SharedMemory,
  config: SegmentConfig,
  kind: ChannelKind,
): void {
  if (config.kind === kind) return;
  throw new ShmConnectionError(
    `cannot attach to channel "${memory.name}": its kind is ${config.kind}, and this socket asks ` +
      `for ${kind}; ${remedyFor(memory, config, "kind")}`,
  );
}

/** The codec of a channel: the one that the socket passes, or the built-in one of that name. */
export function codecFor(
  memory: SharedMemory,
  config: SegmentConfig,
  option: ChannelOptions["codec"],
): Codec {
  const { name } = memory;
  const id = config.codecId;
  if (option !== undefined) {
    const codec = resolveCodec(option);
    if (codec.id === id) return codec;
    throw new ShmConnectionError(
      `cannot attach to channel "${name}": its codec is "${id}", and this socket asks for ` +
        `"${codec.id}"; ${remedyFor(memory, config, "codec")}`,
    );
  }
  try {
    return resolveCodec(id as CodecName);
  } catch (cause) {
    throw new ShmConnectionError(
      `cannot attach to channel "${name}": its codec is "${id}", which is none of the built-in ` +
        `ones; ${originOf(memory, config)}; pass that codec with the codec option`,
      { cause },
    );
  }
}
