/**
 * macOS, written from its documented interfaces and not yet tested there. It has no futex between
 * processes, so that every waiting socket polls its FIFO.
 *
 * @module
 */

import { type Constants, cString, Libc, SHARED_SYMBOLS } from "./libc.ts";
import type { FileStatus } from "./platform.ts";

const CLOCK_MONOTONIC = 6;
const SYMBOLS = {
  ...SHARED_SYMBOLS,
  // Variadic: on arm64, arguments after the named ones are on the stack, behind eight registers.
  open: {
    parameters: ["buffer", "i32", "usize", "usize", "usize", "usize", "usize", "usize", "u32"],
    result: "i32",
  },
  fcntl: {
    parameters: ["i32", "i32", "usize", "usize", "usize", "usize", "usize", "usize", "buffer"],
    result: "i32",
  },
  renamex_np: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32" },
  fsyncLater: { name: "fsync", parameters: ["i32"], result: "i32", nonblocking: true },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  __error: { parameters: [], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

const ERRORS: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  6: "ENXIO",
  12: "ENOMEM",
  13: "EACCES",
  17: "EEXIST",
  20: "ENOTDIR",
  22: "EINVAL",
  24: "EMFILE",
  28: "ENOSPC",
  32: "EPIPE",
  35: "EAGAIN",
  45: "ENOTSUP",
  62: "ELOOP",
  63: "ENAMETOOLONG",
};

const O_RDONLY = 0x0;
const O_WRONLY = 0x1;
const O_RDWR = 0x2;
const O_NONBLOCK = 0x4;
const O_NOFOLLOW = 0x100;
const O_CREAT = 0x200;
const O_EXCL = 0x800;
const O_CLOEXEC = 0x1000000;
const RENAME_EXCL = 4;

/** The calls of macOS. */
export class MacOs extends Libc {
  readonly hasFutex = false;
  readonly #c: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

  /** Opens the system library. */
  constructor() {
    const library = Deno.dlopen("libSystem.dylib", SYMBOLS);
    const constants: Constants = {
      errors: ERRORS,
      mapAnonymous: 0x1000,
      uptimeClock: CLOCK_MONOTONIC,
      sigactionBytes: 16,
      sigactionFlagsOffset: 12,
      oneShotFlag: 4,
      errnoLocation: () => library.symbols.__error(),
      fileLock: {
        bytes: 24,
        typeOffset: 20,
        startOffset: 0,
        read: 1,
        write: 3,
        none: 2,
        set: 90,
        get: 92,
      },
    };
    super(library.symbols, constants);
    this.#c = library.symbols;
  }

  defaultDirectory(): string {
    return `${this.environment("TMPDIR") ?? "/tmp"}/ringbus-${this.uid}`;
  }

  list(path: string): string[] {
    return [...Deno.readDirSync(path)].map((entry) => entry.name);
  }

  status(path: string): FileStatus {
    return fromInfo(Deno.lstatSync(path));
  }

  statusOf(fd: number): FileStatus {
    return fromInfo(Deno.statSync(`/dev/fd/${fd}`));
  }

  open(path: string): number {
    return this.#open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  }

  openReadOnly(path: string): number {
    return this.#open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  }

  create(path: string): number {
    return this.#open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
  }

  openFifo(path: string): number {
    return this.open(path);
  }

  openFifoToRing(path: string): number {
    return this.#open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  }

  #open(path: string, flags: number): number {
    const name = cString(path);
    return this.checked(
      `open ${path}`,
      this.#c.open(name, flags, 0o600n, 0n, 0n, 0n, 0n, 0n, 0o600),
    );
  }

  renameNew(from: string, to: string): void {
    const result = this.#c.renamex_np(cString(from), cString(to), RENAME_EXCL);
    this.checked(`rename ${to}`, result);
  }

  protected fcntl(fd: number, command: number, lock: Uint8Array<ArrayBuffer>): number {
    return this.#c.fcntl(fd, command, 0n, 0n, 0n, 0n, 0n, 0n, lock);
  }

  reserve(fd: number, offset: number, bytes: number): void {
    const end = offset + bytes;
    if (this.statusOf(fd).size >= end) return;
    this.checked(`reserve ${bytes} bytes`, this.#c.ftruncate(fd, BigInt(end)));
  }

  protected syncOpen(fd: number): number {
    return this.#c.fsync(fd);
  }

  protected syncOpenLater(fd: number): Promise<number> {
    return this.#c.fsyncLater(fd);
  }

  /** The same after each start: the uptime distinguishes starts well enough. */
  bootId(): string {
    return "";
  }

  /** A thread cannot be identified here. */
  closeOfEndedThreads(): number {
    return 0;
  }

  thisThread(): undefined {}

  isThreadAlive(): boolean {
    return true;
  }

  hasFileOpen(): undefined {}

  isOwnThread(): boolean {
    return false;
  }

  threadName(): undefined {}

  threadNames(): string[] {
    return [];
  }

  renameThreads(): void {}

  sleep(_word: Uint32Array, _value: number, timeoutMs: number, fifo: number): void {
    this.awaitRing([fifo], timeoutMs);
  }

  wake(_word: Uint32Array): void {}
}

function fromInfo(info: Deno.FileInfo): FileStatus {
  return {
    size: info.size,
    uid: info.uid ?? 0,
    mode: (info.mode ?? 0) & 0o7777,
    type: typeOf(info),
    links: info.nlink ?? 1,
    inode: BigInt(info.ino ?? 0),
    modifiedAtMs: info.mtime?.getTime() ?? 0,
  };
}

function typeOf(info: Deno.FileInfo): FileStatus["type"] {
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  if (info.isSymlink) return "link";
  return info.isFifo ? "fifo" : "other";
}
