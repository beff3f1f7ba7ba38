/**
 * The C library through FFI: what Linux and macOS share. The declarations need no pointer objects, so
 * that `--allow-ffi=<path of the library>` is enough.
 *
 * @module
 */

import type { EndSignal, Platform, ThreadId } from "./platform.ts";
import { SystemError } from "./system_error.ts";

/** Declarations for both systems. */
export const SHARED_SYMBOLS = {
  close: { parameters: ["i32"], result: "i32" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
  mmap: { parameters: ["buffer", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  getcwd: { parameters: ["buffer", "usize"], result: "usize" },
  getuid: { parameters: [], result: "u32" },
  getenv: { parameters: ["buffer"], result: "usize" },
  setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  strncpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  memmove: { parameters: ["buffer", "buffer", "usize"], result: "usize" },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  raise: { parameters: ["i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A string with a zero byte at its end. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

/** Where the bytes begin whose locks name threads: no file reaches so far, and no other program locks there. */
export const OWNER_BYTES = 0x5247_0000_0000;
/** The same for descriptors that are no share of their file. */
export const READER_BYTES = 0x5248_0000_0000;
const NOW = null;
const NO_THREAD = -1;
const POLLIN = 1;
/** Rings that are read from a FIFO at once. */
const RINGS_READ = 4096;
const SHARED_LOCK = 1;
const EXCLUSIVE_LOCK = 2;
const NO_WAIT = 4;
const UNLOCK = 8;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 16;
const SIGNAL_NUMBERS: Record<EndSignal, number> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const HANDLER_BYTES = 8;
const DEFAULT = 0n;
const IGNORE = 1n;
/**
 * The bit of SIGWINCH in the mask of a handler. All isolates of a process see it, and for the microsecond
 * of the runtime's handler it does not matter that this signal is blocked.
 */
const PROGRAM_LISTENS = 1 << 27;
const MAX_ENVIRONMENT_BYTES = 4096;
const MAX_PATH_BYTES = 4096;

/** Constants that differ between the systems. */
export interface Constants {
  errors: Record<number, string>;
  mapAnonymous: number;
  sigactionBytes: number;
  /** Offset of `sa_flags` in `struct sigaction`. */
  sigactionFlagsOffset: number;
  /** The clock that counts since the machine was started, also while it sleeps. */
  uptimeClock: number;
  /** `SA_RESETHAND`. */
  oneShotFlag: number;
  errnoLocation(): number | bigint;
  fileLock: FileLockConstants;
}

/** `struct flock`, and the commands for locks of an open file description. */
export interface FileLockConstants {
  bytes: number;
  /** Offset of `l_type`. */
  typeOffset: number;
  /** Offset of `l_start`, which `l_len` follows. */
  startOffset: number;
  read: number;
  write: number;
  none: number;
  /** `F_OFD_SETLK`. */
  set: number;
  /** `F_OFD_GETLK`. */
  get: number;
}

type SharedLibrary = Deno.DynamicLibrary<typeof SHARED_SYMBOLS>["symbols"];

/** The calls that are alike on both systems. */
export abstract class Libc implements Platform {
  readonly #rings = new Uint8Array(RINGS_READ);
  readonly uid: number;
  abstract readonly hasFutex: boolean;
  readonly #c: SharedLibrary;
  readonly #constants: Constants;
  readonly #errno = new Int32Array(1);
  readonly #byte = new Uint8Array(1);
  #threadNumber: number | undefined;
  readonly #uptime = new BigInt64Array(2);
  readonly #uptimeBytes = new Uint8Array(this.#uptime.buffer);
  /** The runtime's handlers, in `struct sigaction`. */
  readonly #handlers = new Map<EndSignal, Uint8Array<ArrayBuffer>>();
  readonly #action: Uint8Array<ArrayBuffer>;

  constructor(library: SharedLibrary, constants: Constants) {
    this.#c = library;
    this.#constants = constants;
    this.uid = library.getuid();
    this.#action = new Uint8Array(constants.sigactionBytes);
  }

  abstract defaultDirectory(): string;
  abstract list(path: string): string[];
  abstract status(path: string): ReturnType<Platform["status"]>;
  abstract statusOf(fd: number): ReturnType<Platform["statusOf"]>;
  abstract open(path: string): number;
  abstract openReadOnly(path: string): number;
  abstract create(path: string): number;
  abstract openFifo(path: string): number;
  abstract openFifoToRing(path: string): number;
  abstract renameNew(from: string, to: string): void;
  abstract reserve(fd: number, offset: number, bytes: number): void;
  protected abstract syncOpen(fd: number): number;
  protected abstract syncOpenLater(fd: number): Promise<number>;
  abstract bootId(): string;
  abstract closeOfEndedThreads(): number;
  abstract thisThread(): ThreadId | undefined;
  abstract isThreadAlive(number: number): boolean;
  abstract isOwnThread(number: number): boolean;
  abstract threadName(): string | undefined;
  abstract threadNames(): string[];
  abstract renameThreads(from: ReadonlySet<string>, to: string): void;
  abstract hasFileOpen(thread: number, name: string): boolean | undefined;
  abstract sleep(word: Uint32Array, value: number, timeoutMs: number, fifo: number): void;
  abstract wake(word: Uint32Array): void;

  uptimeMs(): number {
    this.checked(
      "read the clock",
      this.#c.clock_gettime(this.#constants.uptimeClock, this.#uptimeBytes),
    );
    return Number(this.#uptime[0]) * 1000 + Number(this.#uptime[1]) / 1e6;
  }

  /** `fcntl` with a lock. */
  protected abstract fcntl(fd: number, command: number, lock: Uint8Array<ArrayBuffer>): number;

  /** The error of the call that has just failed. */
  protected error(call: string): SystemError {
    const location = this.#constants.errnoLocation();
    this.#c.memcpy(new Uint8Array(this.#errno.buffer), BigInt(location), 4n);
    return this.systemError(call, this.#errno[0]);
  }

  protected systemError(call: string, code: number): SystemError {
    return new SystemError(call, this.#constants.errors[code] ?? `E${code}`);
  }

  /** Returns a result, or throws the error that -1 stands for. */
  protected checked(call: string, result: number | bigint): number {
    if (Number(result) === -1) throw this.error(call);
    return Number(result);
  }

  environment(name: string): string | undefined {
    const location = this.#c.getenv(cString(name));
    if (BigInt(location) === 0n) return undefined;
    const bytes = new Uint8Array(MAX_ENVIRONMENT_BYTES);
    this.#c.strncpy(bytes, BigInt(location), BigInt(MAX_ENVIRONMENT_BYTES - 1));
    return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  setEnvironment(name: string, value: string): void {
    this.checked(`set ${name}`, this.#c.setenv(cString(name), cString(value), 1));
  }

  workingDirectory(): string {
    const bytes = new Uint8Array(MAX_PATH_BYTES);
    if (BigInt(this.#c.getcwd(bytes, BigInt(bytes.length))) === 0n) throw this.error("getcwd");
    return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** What a symbolic link refers to. */
  protected readLink(path: string): string {
    const bytes = new Uint8Array(MAX_PATH_BYTES);
    const length = this.#c.readlink(cString(path), bytes, BigInt(bytes.length));
    return decoder.decode(bytes.subarray(0, this.checked(`readlink ${path}`, length)));
  }

  makeDirectory(path: string): void {
    this.checked(`mkdir ${path}`, this.#c.mkdir(cString(path), 0o700));
  }

  unlink(path: string): void {
    this.checked(`unlink ${path}`, this.#c.unlink(cString(path)));
  }

  link(from: string, to: string): void {
    this.checked(`link ${to}`, this.#c.link(cString(from), cString(to)));
  }

  rename(from: string, to: string): void {
    this.checked(`rename ${to}`, this.#c.rename(cString(from), cString(to)));
  }

  sync(path: string): void {
    const fd = this.openReadOnly(path);
    try {
      this.checked(`sync ${path}`, this.syncOpen(fd));
    } finally {
      this.close(fd);
    }
  }

  /** The reason of a failure stays in the other thread: it is almost always that of the disk. */
  async syncLater(path: string): Promise<void> {
    const fd = this.openReadOnly(path);
    try {
      if (await this.syncOpenLater(fd) !== 0) throw new SystemError(`sync ${path}`, "EIO");
    } finally {
      this.close(fd);
    }
  }

  touch(fd: number): void {
    this.checked("touch", this.#c.futimens(fd, NOW));
  }

  close(fd: number): void {
    this.#c.close(fd);
  }

  read(fd: number, target: Uint8Array<ArrayBuffer>, offset: number): number {
    return this.checked("read", this.#c.pread(fd, target, BigInt(target.length), BigInt(offset)));
  }

  awaitRing(fifos: readonly number[], timeoutMs: number): boolean {
    const requests = new Int32Array(fifos.flatMap((fd) => [fd, POLLIN]));
    const bytes = new Uint8Array(requests.buffer);
    return this.#c.poll(bytes, BigInt(fifos.length), Math.ceil(timeoutMs)) > 0;
  }

  readRings(fifo: number): boolean {
    let hasRung = false;
    while (Number(this.#c.read(fifo, this.#rings, BigInt(RINGS_READ))) > 0) hasRung = true;
    return hasRung;
  }

  map(memory: Uint8Array<ArrayBuffer>, fd: number, offset: number): void {
    const bytes = BigInt(memory.byteLength);
    this.#checkMapped(
      this.#c.mmap(memory, bytes, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, BigInt(offset)),
    );
  }

  unmap(memory: Uint8Array<ArrayBuffer>): void {
    const flags = MAP_PRIVATE | MAP_FIXED | this.#constants.mapAnonymous;
    this.#checkMapped(this.#c.mmap(memory, BigInt(memory.byteLength), READ_WRITE, flags, -1, 0n));
  }

  copy(target: Uint8Array<ArrayBuffer>, source: Uint8Array<ArrayBuffer>): void {
    this.#c.memmove(target, source, BigInt(source.length));
  }

  #checkMapped(address: number | bigint): void {
    if (BigInt.asIntN(64, BigInt(address)) === -1n) throw this.error("mmap");
  }

  lock(fd: number, kind: "shared" | "exclusive"): boolean {
    const operation = kind === "shared" ? SHARED_LOCK : EXCLUSIVE_LOCK;
    return this.#c.flock(fd, operation | NO_WAIT) === 0;
  }

  unlock(fd: number): void {
    this.#c.flock(fd, UNLOCK);
  }

  share(fd: number): void {
    const { set, read } = this.#constants.fileLock;
    this.#lockFile(fd, set, read, this.#ownByte());
  }

  markWriter(fd: number): void {
    const { set, write } = this.#constants.fileLock;
    this.#lockFile(fd, set, write, this.#ownByte());
  }

  markReader(fd: number): void {
    const { set, read } = this.#constants.fileLock;
    const byte = this.#ownByte(READER_BYTES);
    if (byte !== undefined) this.#lockFile(fd, set, read, byte);
  }

  /** The byte whose lock names this thread as the owner of a descriptor; undefined for the whole file. */
  #ownByte(begin = OWNER_BYTES): number | undefined {
    this.#threadNumber ??= this.thisThread()?.number ?? NO_THREAD;
    return this.#threadNumber === NO_THREAD ? undefined : begin + this.#threadNumber;
  }

  unshare(fd: number): void {
    const { set, none } = this.#constants.fileLock;
    this.#lockFile(fd, set, none);
  }

  isSharedByOthers(fd: number): boolean {
    const { get, write, none } = this.#constants.fileLock;
    return this.#lockFile(fd, get, write, 0, READER_BYTES) !== none;
  }

  /** Without a byte, all of the file. Returns the lock type that the structure has afterwards. */
  #lockFile(fd: number, command: number, type: number, byte?: number, count = 1): number {
    const { bytes, typeOffset, startOffset } = this.#constants.fileLock;
    const lock = new DataView(new ArrayBuffer(bytes));
    if (byte !== undefined) {
      lock.setBigInt64(startOffset, BigInt(byte), true);
      lock.setBigInt64(startOffset + 8, BigInt(count), true);
    }
    lock.setInt16(typeOffset, type, true);
    this.checked("fcntl", this.fcntl(fd, command, new Uint8Array(lock.buffer)));
    return lock.getInt16(typeOffset, true);
  }

  makeFifo(path: string, mode = 0o600): number {
    this.checked(`mkfifo ${path}`, this.#c.mkfifo(cString(path), mode));
    try {
      return this.openFifo(path);
    } catch (error) {
      this.#c.unlink(cString(path));
      throw error;
    }
  }

  ring(fd: number): boolean {
    if (this.#c.write(fd, this.#byte, 1n) === 1n) return true;
    return this.error("write").errno === "EAGAIN";
  }

  watchSignal(signal: EndSignal): void {
    const action = this.#readAction(signal);
    if (!hasHandler(action)) return;
    this.#setOneShot(signal, action, true);
    this.#handlers.set(signal, action.slice());
  }

  unwatchSignal(signal: EndSignal): void {
    const action = this.#readAction(signal);
    if (hasHandler(action)) this.#setOneShot(signal, action, false);
  }

  /** Delivery of a one-shot signal leaves the default action, with the flag still set. */
  isSignalDelivered(signal: EndSignal): boolean | undefined {
    const action = this.#readAction(signal);
    const isOneShot = (this.#flags(action)[0] & this.#constants.oneShotFlag) !== 0;
    if (isOneShot) return !hasHandler(action);
    if (hasHandler(action)) this.#setOneShot(signal, action, true);
    return undefined;
  }

  rearmSignal(signal: EndSignal): void {
    const handler = this.#handlers.get(signal);
    if (handler === undefined || hasHandler(this.#readAction(signal))) return;
    const action = this.#action;
    action.set(handler.subarray(0, HANDLER_BYTES));
    this.#c.sigaction(SIGNAL_NUMBERS[signal], action, null);
  }

  raiseSignal(signal: EndSignal): void {
    this.#c.raise(SIGNAL_NUMBERS[signal]);
  }

  endBySignal(signal: EndSignal): void {
    const defaultAction = new Uint8Array(this.#constants.sigactionBytes);
    this.#c.sigaction(SIGNAL_NUMBERS[signal], defaultAction, null);
    this.raiseSignal(signal);
  }

  setProgramListens(signal: EndSignal, listens: boolean): void {
    const action = this.#readAction(signal);
    if (!hasHandler(action)) return;
    const mask = maskOf(action);
    mask[0] = listens ? mask[0] | PROGRAM_LISTENS : mask[0] & ~PROGRAM_LISTENS;
    this.#c.sigaction(SIGNAL_NUMBERS[signal], action, null);
  }

  doesProgramListen(signal: EndSignal): boolean {
    return (maskOf(this.#readAction(signal))[0] & PROGRAM_LISTENS) !== 0;
  }

  #readAction(signal: EndSignal): Uint8Array<ArrayBuffer> {
    this.#c.sigaction(SIGNAL_NUMBERS[signal], null, this.#action);
    return this.#action;
  }

  #flags(action: Uint8Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
    return new Int32Array(action.buffer, this.#constants.sigactionFlagsOffset, 1);
  }

  #setOneShot(signal: EndSignal, action: Uint8Array<ArrayBuffer>, enabled: boolean): void {
    const flags = this.#flags(action);
    const { oneShotFlag } = this.#constants;
    flags[0] = enabled ? flags[0] | oneShotFlag : flags[0] & ~oneShotFlag;
    this.#c.sigaction(SIGNAL_NUMBERS[signal], action, null);
  }
}

/** The handler is the first word of the structure on both systems; 0 is the default action. */
function hasHandler(action: Uint8Array<ArrayBuffer>): boolean {
  const handler = new BigUint64Array(action.buffer, 0, 1)[0];
  return handler !== DEFAULT && handler !== IGNORE;
}

/** The signals that are blocked while the handler runs; the handler is followed by them on both systems. */
function maskOf(action: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return new Uint32Array(action.buffer, HANDLER_BYTES, 1);
}
