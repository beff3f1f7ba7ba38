/**
 * A channel's memory, mapped onto a named file.
 *
 * Every attached socket has a share of the file. The kernel drops the shares of a dead process, so that
 * the last socket to close deletes what crashes left behind; see lifecycle.ts.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { MAX_WASM_PAGES, PAGE_BYTES, WASM_PAGE_BYTES } from "../base/pages.ts";
import {
  acquireIsolate,
  type Isolate,
  reclaimIfWorkerEnded,
  releaseIsolate,
} from "../presence/isolate.ts";
import type { Bell, SharedMemory, Waiter } from "../base/shared_memory.ts";
import { attach, releaseTombstone, tryClose, unlink } from "./lifecycle.ts";
import {
  codeOf,
  exists,
  hiddenName,
  isNameOf,
  JOURNAL_PREFIX,
  removeIfExists,
  segmentDirectory,
  TEMPORARY_PREFIX,
} from "../platform/directory.ts";
import {
  ShmConnectionError,
  ShmCorruptionError,
  type ShmError,
  ShmPermissionError,
} from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { platform } from "../platform/mod.ts";
import { removeForgottenIsolate, removeForgottenParticipants } from "./dead_isolates.ts";
import { collectOnce } from "./collect.ts";
import { FileSource } from "./byte_source.ts";
import { growMemory, newMemory } from "./grow.ts";
import { isDisposable } from "./disposal.ts";
import { SystemError } from "../platform/system_error.ts";
import { HEADER_BYTES } from "../../wasm/layout.ts";

/** Attempts to attach while other processes create and delete the channel, about 1 ms each. */
const MAX_ATTEMPTS = 2000;

/** Writes the contents of a new segment. */
export type Format = (memory: WebAssembly.Memory) => void;

const sleepWord = new Int32Array(new SharedArrayBuffer(4));

/** One mapping of one channel's file. */
export class FileMemory implements SharedMemory {
  readonly name: string;
  readonly path: string;
  readonly wasmMemory: WebAssembly.Memory;
  readonly #isolate: Isolate;
  readonly #fd: number;
  #mapped = 0;
  #check: (() => void) | undefined;
  #words: Uint32Array<ArrayBuffer>;

  private constructor(name: string, path: string, isolate: Isolate, fd: number) {
    this.name = name;
    this.path = path;
    this.#isolate = isolate;
    this.#fd = fd;
    try {
      this.wasmMemory = newMemory(name, 1, MAX_WASM_PAGES);
      this.#words = wordsOf(this.wasmMemory);
      this.#mapUpTo(platform().statusOf(fd).size);
    } catch (error) {
      platform().close(fd);
      throw error;
    }
  }

  /**
   * Attaches to a channel's segment, or creates it.
   *
   * @param spare path of a file whose storage the new segment takes over, if that file exists; it comes
   * back if there is not enough
   * @throws {ShmConnectionError} if storage is exhausted or the directory cannot be used
   * @throws {ShmPermissionError} if the file or the directory belongs to another user
   * @throws {ShmCorruptionError} if the file is no segment
   */
  static open(
    name: string,
    dir: string | undefined,
    newBytes: number,
    format: Format,
    spare?: string,
  ): FileMemory {
    const directory = segmentDirectory(dir);
    return FileMemory.#openOrCreate(
      name,
      directory,
      (path, isolate) => create(path, name, isolate, newBytes, format, spare),
      () => false,
    )!;
  }

  /** Attaches to a segment that exists; undefined if it does not. */
  static find(name: string, dir: string | undefined): FileMemory | undefined {
    return FileMemory.#openOrCreate(
      name,
      segmentDirectory(dir),
      () => undefined,
      (path) => !exists(path),
    );
  }

  /** Tries to open and then to create a segment, until either succeeds or `isDone` returns true. */
  static #openOrCreate(
    name: string,
    directory: string,
    createFile: (path: string, isolate: Isolate) => number | undefined,
    isDone: (path: string) => boolean,
  ): FileMemory | undefined {
    const isolate = acquireIsolateIn(directory, name);
    collectOnce(directory);
    const path = `${directory}/${name}`;
    let attached: FileMemory | undefined;
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const fd = openExisting(path, name) ?? createFile(path, isolate);
        attached = fd === undefined ? undefined : FileMemory.#attach(name, path, isolate, fd);
        if (attached !== undefined || isDone(path)) return attached;
        Atomics.wait(sleepWord, 0, 0, 1);
      }
      throw openFailed(path, name);
    } finally {
      if (attached === undefined) releaseIsolate(isolate);
    }
  }

  /** Maps an open file; undefined if its attach gate is closed, in which case it is unlinked. */
  static #attach(
    name: string,
    path: string,
    isolate: Isolate,
    fd: number,
  ): FileMemory | undefined {
    const opened = new FileMemory(name, path, isolate, fd);
    if (attach(opened.#words)) return opened;
    unlink(path, fd);
    opened.#unmap();
    return undefined;
  }

  get mappedBytes(): number {
    return this.#mapped;
  }

  get isolate(): bigint {
    return this.#isolate.id;
  }

  get bell(): Bell {
    return this.#isolate;
  }

  /** The file ends where a region ends, except that the last page of the tables has unused bytes. */
  reservedBytes(): number {
    return platform().statusOf(this.#fd).size - PAGE_BYTES + 1;
  }

  extend(end: number, bytes: number): void {
    reserveOrThrow(this.#fd, end - bytes, bytes, this.name);
    this.remap();
  }

  remap(): void {
    this.#mapUpTo(platform().statusOf(this.#fd).size);
  }

  #mapUpTo(bytes: number): void {
    const end = Math.min(bytes, MAX_WASM_PAGES * WASM_PAGE_BYTES - WASM_PAGE_BYTES);
    if (end <= this.#mapped) return;
    const pages = Math.ceil(end / WASM_PAGE_BYTES);
    const missing = pages - this.wasmMemory.buffer.byteLength / WASM_PAGE_BYTES;
    if (missing > 0) growMemory(this.wasmMemory, missing, this.name);
    const from = Math.floor(this.#mapped / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
    platform().map(bytesOf(this.wasmMemory, from, end - from), this.#fd, from);
    this.#mapped = end;
    this.#words = wordsOf(this.wasmMemory);
  }

  copy(target: Uint8Array, source: Uint8Array): void {
    if (target.length !== source.length) {
      throw new RangeError("the bytes lie outside of the memory");
    }
    platform().copy(target as Uint8Array<ArrayBuffer>, source as Uint8Array<ArrayBuffer>);
  }

  isAlive(isolate: bigint): boolean {
    return this.#isolate.isAlive(isolate);
  }

  removeDeadIsolate(isolate: bigint): void {
    removeForgottenIsolate(this.#isolate.directory, isolate);
  }

  waitWord(byteOffset: number, value: number, timeoutMs: number): void {
    const word = this.#words.subarray(byteOffset >>> 2, (byteOffset >>> 2) + 1);
    platform().sleep(word, value >>> 0, timeoutMs, this.#isolate.fifo);
  }

  wakeWord(byteOffset: number, isolate: bigint): void {
    if (!platform().hasFutex) return this.#isolate.ringDoorbell(isolate);
    const word = this.#words.subarray(byteOffset >>> 2, (byteOffset >>> 2) + 1);
    platform().wake(word);
  }

  ringDoorbell(_byteOffset: number, isolate: bigint): void {
    this.#isolate.ringDoorbell(isolate);
  }

  waitWordAsync(): void {}

  addWaiter(waiter: Waiter): void {
    this.#isolate.addWaiter(waiter);
  }

  removeWaiter(waiter: Waiter): void {
    this.#isolate.removeWaiter(waiter);
  }

  announce(): void {
    try {
      platform().touch(this.#fd);
    } catch (error) {
      // Those who watch look again after a while.
      logger.debug("cannot announce a participant of {channel}: {error}", {
        channel: this.name,
        error,
      });
    }
  }

  hasName(): boolean {
    return isNameOf(this.path, this.#fd);
  }

  onNameLost(listener: () => void): void {
    this.#unwatch();
    this.#check = () => this.hasName() || listener();
    this.#isolate.addCheck(this.#check);
  }

  #unwatch(): void {
    if (this.#check !== undefined) this.#isolate.removeCheck(this.#check);
    this.#check = undefined;
  }

  isShared(): boolean {
    return platform().isSharedByOthers(this.#fd);
  }

  close(mayDelete: boolean | (() => boolean) = false): boolean {
    this.#unwatch();
    try {
      return mayDelete !== false && this.#deleteIfUnneeded(mayDelete);
    } catch (error) {
      logger.warn("cannot delete channel {channel}, which stays: {error}", {
        channel: this.name,
        error,
      });
      return false;
    } finally {
      this.#unmap();
      releaseIsolate(this.#isolate);
    }
  }

  #deleteIfUnneeded(mayDelete: true | (() => boolean)): boolean {
    reclaimIfWorkerEnded(this.#isolate.directory);
    const isUnneeded = () =>
      isDisposable(new FileSource(this.#fd)) && (mayDelete === true || mayDelete());
    if (!tryClose(this.#fd, () => this.#words, isUnneeded)) return false;
    unlink(this.path, this.#fd);
    removeForgottenParticipants(this.#isolate.directory, new FileSource(this.#fd), this.isolate);
    return true;
  }

  #unmap(): void {
    const os = platform();
    os.close(this.#fd);
    try {
      os.unmap(bytesOf(this.wasmMemory, 0, this.wasmMemory.buffer.byteLength));
    } catch (error) {
      logger.debug("the memory of {channel} stays mapped: {error}", { channel: this.name, error });
    }
  }
}

function acquireIsolateIn(directory: string, name: string): Isolate {
  try {
    return acquireIsolate(directory);
  } catch (error) {
    const code = codeOf(error);
    const Kind = code === "EACCES" ? ShmPermissionError : ShmConnectionError;
    const remedy = lacksDescriptors(code) ??
      `${directory} cannot be written (${code}); name another directory with the dir option or ` +
        `RINGBUS_DIR`;
    throw new Kind(`cannot open channel "${name}": ${remedy}`, { cause: error });
  }
}

/** FFI accepts a view of any buffer; its types accept plain buffers only. */
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

function openFailed(path: string, name: string): ShmConnectionError {
  return new ShmConnectionError(
    `cannot open channel "${name}": in ${MAX_ATTEMPTS} attempts ${path} was always being created or ` +
      `deleted by another process; keep one socket on the channel open, or resume the stopped process`,
  );
}

/** A descriptor with a share of the file; undefined if the file does not exist or was unlinked. */
function openExisting(path: string, name: string): number | undefined {
  const os = platform();
  let fd: number;
  try {
    fd = os.open(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw openError(error, path, name);
  }
  try {
    checkFile(fd, path, name);
    os.share(fd);
    if (isNameOf(path, fd)) return fd;
    releaseTombstone(path, fd);
  } catch (error) {
    os.close(fd);
    throw error;
  }
  os.close(fd);
  return undefined;
}

/** The error of a channel for which a file could not be opened. */
export function openError(error: unknown, path: string, name: string): ShmError {
  const code = codeOf(error);
  if (code === "ELOOP") {
    return new ShmPermissionError(
      `cannot open channel "${name}": ${path} is a symbolic link; remove it`,
      { cause: error },
    );
  }
  const Kind = code === "EACCES" || code === "EPERM" ? ShmPermissionError : ShmConnectionError;
  const problem = lacksDescriptors(code) ?? `opening ${path} failed with ${code}`;
  return new Kind(`cannot open channel "${name}": ${problem}`, { cause: error });
}

/** What is wrong and what to do, if the reason is that no descriptor is left. */
function lacksDescriptors(code: string): string | undefined {
  if (code !== "EMFILE" && code !== "ENFILE") return undefined;
  return `no file descriptor is left (${code}); close files and sockets, or raise the limit (ulimit -n)`;
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
      `cannot open channel "${name}": ${path} has ${pluralize(status.size, "byte")}, and a ` +
        `segment has at ` +
        `least ${HEADER_BYTES}; delete it by hand`,
    );
  }
}

/** Creates the segment under a hidden name, and links it when it is complete; undefined after a lost race. */
function create(
  path: string,
  name: string,
  isolate: Isolate,
  bytes: number,
  format: Format,
  spare: string | undefined,
): number | undefined {
  const os = platform();
  const temporaryPath = `${isolate.directory}/${
    hiddenName(TEMPORARY_PREFIX, isolate.id.toString(16), name)
  }`;
  let fd: number;
  try {
    fd = spare === undefined ? os.create(temporaryPath) : takeSpare(spare, temporaryPath);
  } catch (error) {
    throw openError(error, temporaryPath, name);
  }
  try {
    // What a spare file has is reserved: to try again could free it.
    const { size } = os.statusOf(fd);
    if (size < bytes) reserveOrThrow(fd, size, bytes - size, name);
    os.share(fd);
    formatFile(fd, bytes, format, name);
    os.link(temporaryPath, path);
    return fd;
  } catch (error) {
    os.close(fd);
    if (spare !== undefined) renameIfExists(temporaryPath, spare);
    // ENOENT: this process was stopped for long, and its file was removed as left by a dead one.
    if (error instanceof SystemError && (error.errno === "EEXIST" || error.errno === "ENOENT")) {
      return undefined;
    }
    throw error;
  } finally {
    removeIfExists(temporaryPath);
  }
}

/** Opens a spare file under a new name, which no other process has; creates one if it does not exist. */
function takeSpare(spare: string, path: string): number {
  return renameIfExists(spare, path) ? platform().open(path) : platform().create(path);
}

function renameIfExists(from: string, to: string): boolean {
  try {
    platform().rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function formatFile(fd: number, bytes: number, format: Format, name: string): void {
  const memory = newMemory(name, Math.ceil(bytes / WASM_PAGE_BYTES));
  platform().map(bytesOf(memory, 0, bytes), fd, 0);
  format(memory);
  platform().unmap(bytesOf(memory, 0, memory.buffer.byteLength));
}

function reserveOrThrow(fd: number, offset: number, bytes: number, name: string): void {
  try {
    platform().reserve(fd, offset, bytes);
  } catch (error) {
    // A generation is reserved for the journal of a backend, which has no rings.
    const [owner, remedy] = name.startsWith(JOURNAL_PREFIX)
      ? [`file "${name}"`, "store less or with a shorter time to live"]
      : [`channel "${name}"`, "choose a smaller capacityBytes"];
    throw new ShmConnectionError(
      `cannot reserve ${pluralize(bytes, "byte")} at offset ${offset} of ${owner}: ${
        codeOf(error)
      }; free space ` +
        `in the segment directory, ${remedy}, or name another directory with the dir option`,
      { cause: error },
    );
  }
}
