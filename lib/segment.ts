/**
 * The segment carrier: a channel's memory mapped onto a named file.
 *
 * Everyone attached holds a shared lock on the file. Whoever leaves tries the exclusive one: who gets
 * it was the last, and deletes the file while nobody can attach. Locks of dead processes are
 * dropped by the kernel, so the last survivor deletes what crashes left behind.
 *
 * @module
 */

import { acquireAgent, type Agent, releaseAgent } from "./agent.ts";
import type { Carrier, Listener } from "./carrier.ts";
import { codeOf, NEW_PREFIX, segmentDirectory } from "./directory.ts";
import {
  ShmConnectionError,
  ShmCorruptionError,
  type ShmError,
  ShmPermissionError,
} from "./errors.ts";
import { platform } from "./platform/mod.ts";
import { SystemError } from "./platform/platform.ts";
import { HEADER_BYTES } from "../wasm/layout.ts";

const WASM_PAGE_BYTES = 65536;
const MAX_PAGES = 65536;
/** Files are made in whole pages. */
const PAGE_BYTES = 4096;
/** Attempts to attach while others create and delete the same channel, about a millisecond each. */
const MAX_ATTEMPTS = 2000;

/** Writes the contents of a new segment. */
export type Format = (memory: WebAssembly.Memory) => void;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** One mapping of one channel's file. */
export class SegmentCarrier implements Carrier {
  readonly name: string;
  readonly path: string;
  readonly memory: WebAssembly.Memory;
  readonly #agent: Agent;
  readonly #fd: number;
  #mapped = 0;
  #words: Uint32Array<ArrayBuffer>;

  private constructor(name: string, path: string, agent: Agent, fd: number) {
    this.name = name;
    this.path = path;
    this.#agent = agent;
    this.#fd = fd;
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    this.#words = wordsOf(this.memory);
    this.#mapUpTo(platform().statusOf(fd).size);
  }

  /**
   * Attaches to a channel's segment, or makes it.
   *
   * @throws {ShmConnectionError} if there is no room or no such directory
   * @throws {ShmPermissionError} if the file or the directory is not ours
   * @throws {ShmCorruptionError} if the file is no segment
   */
  static open(
    name: string,
    dir: string | undefined,
    newBytes: number,
    format: Format,
  ): SegmentCarrier {
    const directory = segmentDirectory(dir);
    return SegmentCarrier.#attach(
      name,
      directory,
      (path, agent) => openOrCreate(path, name, agent, newBytes, format),
    )!;
  }

  /** Attaches to a segment that is there; undefined if there is none. */
  static find(name: string, dir: string | undefined): SegmentCarrier | undefined {
    return SegmentCarrier.#attach(name, segmentDirectory(dir), (path) => openIfThere(path, name));
  }

  static #attach(
    name: string,
    directory: string,
    open: (path: string, agent: Agent) => number | undefined,
  ): SegmentCarrier | undefined {
    const agent = acquireAgentIn(directory, name);
    const path = `${directory}/${name}`;
    try {
      const fd = open(path, agent);
      if (fd !== undefined) return new SegmentCarrier(name, path, agent, fd);
    } catch (error) {
      releaseAgent(agent);
      throw error;
    }
    releaseAgent(agent);
    return undefined;
  }

  get mappedBytes(): number {
    return this.#mapped;
  }

  get agent(): bigint {
    return this.#agent.id;
  }

  /** The file ends where a region ends, save for what is behind the tables in their last page. */
  reservedBytes(): number {
    return platform().statusOf(this.#fd).size - PAGE_BYTES + 1;
  }

  extend(end: number, bytes: number): void {
    reserveOrExplain(this.#fd, end - bytes, bytes, this.name);
    this.remap();
  }

  remap(): void {
    this.#mapUpTo(platform().statusOf(this.#fd).size);
  }

  #mapUpTo(bytes: number): void {
    const end = Math.min(bytes, MAX_PAGES * WASM_PAGE_BYTES - WASM_PAGE_BYTES);
    if (end <= this.#mapped) return;
    const pages = Math.ceil(end / WASM_PAGE_BYTES);
    const missing = pages - this.memory.buffer.byteLength / WASM_PAGE_BYTES;
    if (missing > 0) this.memory.grow(missing);
    const from = Math.floor(this.#mapped / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
    platform().map(bytesOf(this.memory, from, end - from), this.#fd, from);
    this.#mapped = end;
    this.#words = wordsOf(this.memory);
  }

  isAlive(agent: bigint): boolean {
    return this.#agent.isAlive(agent);
  }

  sleep(byteOffset: number, value: number, timeoutMs: number): void {
    const word = this.#words.subarray(byteOffset >>> 2, (byteOffset >>> 2) + 1);
    platform().sleep(word, value >>> 0, timeoutMs, this.#agent.fifo);
  }

  wakeWord(byteOffset: number, agent: bigint): void {
    if (!platform().wakesByWord) return this.#agent.ring(agent);
    const word = this.#words.subarray(byteOffset >>> 2, (byteOffset >>> 2) + 1);
    platform().wake(word);
  }

  ringDoorbell(_byteOffset: number, agent: bigint): void {
    this.#agent.ring(agent);
  }

  listen(): void {}

  startListening(listener: Listener): void {
    this.#agent.startListening(listener);
  }

  stopListening(listener: Listener): void {
    this.#agent.stopListening(listener);
  }

  close(isDisposable: () => boolean): void {
    const os = platform();
    if (os.lock(this.#fd, "exclusive") && isDisposable()) deleteIfSame(this.path, this.#fd);
    os.close(this.#fd);
    os.unmap(bytesOf(this.memory, 0, this.memory.buffer.byteLength));
    releaseAgent(this.#agent);
  }
}

function acquireAgentIn(directory: string, name: string): Agent {
  try {
    return acquireAgent(directory);
  } catch (error) {
    const Kind = codeOf(error) === "EACCES" ? ShmPermissionError : ShmConnectionError;
    throw new Kind(
      `cannot open channel "${name}": ${directory} cannot be written (${codeOf(error)}); ` +
        `name another directory with the dir option or RINGBUS_DIR`,
      { cause: error },
    );
  }
}

/** FFI takes the address of a view whatever its buffer; its types know only plain buffers. */
function bytesOf(
  memory: WebAssembly.Memory,
  offset: number,
  bytes: number,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(memory.buffer as unknown as ArrayBuffer, offset, bytes);
}

function wordsOf(memory: WebAssembly.Memory): Uint32Array<ArrayBuffer> {
  return new Uint32Array(memory.buffer as unknown as ArrayBuffer);
}

function openOrCreate(
  path: string,
  name: string,
  agent: Agent,
  newBytes: number,
  format: Format,
): number {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fd = openExisting(path, name) ?? create(path, name, agent, newBytes, format);
    if (fd !== undefined) return fd;
    Atomics.wait(pause, 0, 0, 1);
  }
  throw neverOpened(path, name);
}

function openIfThere(path: string, name: string): number | undefined {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fd = openExisting(path, name);
    if (fd !== undefined || !isThere(path)) return fd;
    Atomics.wait(pause, 0, 0, 1);
  }
  throw neverOpened(path, name);
}

function isThere(path: string): boolean {
  try {
    platform().status(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function neverOpened(path: string, name: string): ShmConnectionError {
  return new ShmConnectionError(
    `cannot open channel "${name}": somebody has been deleting ${path} for ${MAX_ATTEMPTS} ms; ` +
      `if a stopped process holds it, end that process`,
  );
}

/** A descriptor with the shared lock, undefined if there is no such file or it is going away. */
function openExisting(path: string, name: string): number | undefined {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw explainOpen(error, path, name);
  }
  try {
    checkFile(fd, path, name);
    if (os.lock(fd, "shared") && isNameOf(path, fd)) return fd;
  } catch (error) {
    os.close(fd);
    throw error;
  }
  os.close(fd);
  return undefined;
}

function explainOpen(error: unknown, path: string, name: string): ShmError {
  const code = codeOf(error);
  if (code === "ELOOP") {
    return new ShmPermissionError(
      `cannot open channel "${name}": ${path} is a symbolic link; remove it`,
      { cause: error },
    );
  }
  const Kind = code === "EACCES" || code === "EPERM" ? ShmPermissionError : ShmConnectionError;
  return new Kind(`cannot open channel "${name}": opening ${path} failed with ${code}`, {
    cause: error,
  });
}

function checkFile(fd: number, path: string, name: string): void {
  const status = platform().statusOf(fd);
  if (status.type !== "file") {
    throw new ShmPermissionError(
      `cannot open channel "${name}": ${path} is no regular file; remove it`,
    );
  }
  if (status.uid !== platform().uid) {
    throw new ShmPermissionError(
      `cannot open channel "${name}": ${path} belongs to user ${status.uid}, not to ` +
        `${platform().uid}; remove it or use another directory`,
    );
  }
  if (status.size < HEADER_BYTES) {
    throw new ShmCorruptionError(
      `cannot open channel "${name}": ${path} has ${status.size} bytes, and a segment has at ` +
        `least ${HEADER_BYTES}; remove it with removeStale() or by hand`,
    );
  }
}

/** Makes the segment under another name and links it when it is whole; undefined if we lost a race. */
function create(
  path: string,
  name: string,
  agent: Agent,
  bytes: number,
  format: Format,
): number | undefined {
  const os = platform();
  const unnamed = `${agent.directory}/${NEW_PREFIX}${agent.id.toString(16)}-${name}`;
  let fd: number;
  try {
    fd = os.create(unnamed);
  } catch (error) {
    throw explainOpen(error, unnamed, name);
  }
  try {
    reserveOrExplain(fd, 0, bytes, name);
    os.lock(fd, "shared");
    formatFile(fd, bytes, format);
    os.link(unnamed, path);
    return fd;
  } catch (error) {
    os.close(fd);
    if (error instanceof SystemError && error.code === "EEXIST") return undefined;
    throw error;
  } finally {
    os.unlink(unnamed);
  }
}

function formatFile(fd: number, bytes: number, format: Format): void {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  platform().map(bytesOf(memory, 0, bytes), fd, 0);
  format(memory);
  platform().unmap(bytesOf(memory, 0, memory.buffer.byteLength));
}

function reserveOrExplain(fd: number, offset: number, bytes: number, name: string): void {
  try {
    platform().reserve(fd, offset, bytes);
  } catch (error) {
    throw new ShmConnectionError(
      `cannot reserve ${bytes} bytes for channel "${name}" behind its ${offset}: ` +
        `${codeOf(error)}; free space in the segment directory, choose a smaller capacityBytes, ` +
        `or name another directory with the dir option`,
      { cause: error },
    );
  }
}

/** Deletes a path if it still names the open file. */
export function deleteIfSame(path: string, fd: number): void {
  try {
    if (isNameOf(path, fd)) platform().unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** True if a path names the open file; a count of names would include what a dead creator left. */
function isNameOf(path: string, fd: number): boolean {
  const os = platform();
  try {
    return os.status(path).inode === os.statusOf(fd).inode;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}
