/**
 * Linux, with glibc or musl.
 *
 * @module
 */

import {
  type Constants,
  cString,
  Libc,
  OWNER_BYTES,
  READER_BYTES,
  SHARED_SYMBOLS,
} from "./libc.ts";
import { type Functions, openUncompiled } from "./linux_library.ts";
import type { FileStatus, ThreadId } from "./platform.ts";
import { SystemError } from "./system_error.ts";

const SYMBOLS = {
  ...SHARED_SYMBOLS,
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  fdatasync: { parameters: ["i32"], result: "i32" },
  fdatasyncLater: { name: "fdatasync", parameters: ["i32"], result: "i32", nonblocking: true },
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  __errno_location: { parameters: [], result: "usize" },
  // Variadic in C; on x86-64 and arm64 Linux, integer arguments are passed alike.
  futex: {
    name: "syscall",
    parameters: ["i64", "buffer", "i32", "u32", "buffer"],
    result: "i64",
  },
  gettid: { name: "syscall", parameters: ["i64"], result: "i64" },
  tgkill: { name: "syscall", parameters: ["i64", "i32", "i32", "i32"], result: "i64" },
  tkill: { name: "syscall", parameters: ["i64", "i32", "i32"], result: "i64" },
  renameat2: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "i32", "buffer", "u32"],
    result: "i64",
  },
  fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  prctl: { name: "syscall", parameters: ["i64", "i32", "buffer"], result: "i64" },
  getdents64: { name: "syscall", parameters: ["i64", "i32", "buffer", "usize"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Errors that callers distinguish, or that users see. */
const ERRORS: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  4: "EINTR",
  6: "ENXIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  17: "EEXIST",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  27: "EFBIG",
  28: "ENOSPC",
  30: "EROFS",
  32: "EPIPE",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  40: "ELOOP",
  95: "EOPNOTSUPP",
  122: "EDQUOT",
};

const isArm = Deno.build.arch === "aarch64";
const O_RDONLY = 0;
const O_WRONLY = 0o1;
const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const O_DIRECTORY = isArm ? 0o40000 : 0o200000;
const O_NOFOLLOW = isArm ? 0o100000 : 0o400000;

const AT_FDCWD = -100;
const AT_FOLLOW = 0;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC = 0x7ff;
const STATX_BYTES = 256;

const SYS_GETDENTS64 = isArm ? 61n : 217n;
const SYS_GETTID = isArm ? 178n : 186n;
const SYS_TGKILL = isArm ? 131n : 234n;
const SYS_TKILL = isArm ? 130n : 200n;
const SYS_PRCTL = isArm ? 167n : 157n;
const PR_GET_NAME = 16;
const THREAD_NAME_BYTES = 16;
const SYS_FUTEX = isArm ? 98n : 202n;
const SYS_RENAMEAT2 = isArm ? 276n : 316n;
const RENAME_NOREPLACE = 1;
const FUTEX_WAIT = 0;
const CLOCK_BOOTTIME = 7;
const FUTEX_WAKE = 1;
const ALL_WAITERS = 0x7fffffff;

/** The null signal, which only checks that the target exists. */
const PROBE = 0;
const NO_TIMEOUT = null;
const decoder = new TextDecoder();

const OWN_DESCRIPTORS = "/proc/self/fd";
const OWN_THREADS = "/proc/self/task";
/** A lock in the description of a descriptor, with its first and last byte. */
const OWNER_LOCK = /^lock:.*OFDLCK.* (\d+) (\d+)$/m;

/** The calls of Linux. */
export class Linux extends Libc {
  readonly hasFutex = true;
  readonly #c: Functions<typeof SYMBOLS>;
  readonly #statx = new DataView(new ArrayBuffer(STATX_BYTES));
  readonly #threadName = new Uint8Array(THREAD_NAME_BYTES);
  readonly #timespec = new BigInt64Array(2);
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);

  /** Opens the C library. */
  constructor() {
    const symbols = openUncompiled(SYMBOLS);
    const constants: Constants = {
      errors: ERRORS,
      mapAnonymous: 0x20,
      uptimeClock: CLOCK_BOOTTIME,
      sigactionBytes: 152,
      sigactionFlagsOffset: 136,
      oneShotFlag: 0x80000000,
      errnoLocation: () => symbols.__errno_location(),
      fileLock: {
        bytes: 32,
        typeOffset: 0,
        startOffset: 8,
        read: 0,
        write: 1,
        none: 2,
        set: 37,
        get: 36,
      },
    };
    super(symbols, constants);
    this.#c = symbols;
  }

  defaultDirectory(): string {
    return `/dev/shm/ringbus-${this.uid}`;
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
    return this.#open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  }

  openFifoToRing(path: string): number {
    return this.#open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  }

  #open(path: string, flags: number): number {
    return this.checked(`open ${path}`, this.#c.open(cString(path), flags, 0o600));
  }

  renameNew(from: string, to: string): void {
    const result = this.#c.renameat2(
      SYS_RENAMEAT2,
      AT_FDCWD,
      cString(from),
      AT_FDCWD,
      cString(to),
      RENAME_NOREPLACE,
    );
    this.checked(`rename ${to}`, result);
  }

  protected fcntl(fd: number, command: number, lock: Uint8Array<ArrayBuffer>): number {
    return this.#c.fcntl(fd, command, lock);
  }

  closeOfEndedThreads(): number {
    const directory = this.#open(OWN_DESCRIPTORS, O_DIRECTORY | O_CLOEXEC);
    try {
      // Two threads that closed the same descriptor could close another one that got its number.
      if (!this.lock(directory, "exclusive")) return 0;
      return this.#closeOfEndedThreads();
    } finally {
      this.close(directory);
    }
  }

  #closeOfEndedThreads(): number {
    let closed = 0;
    for (const name of this.list(OWN_DESCRIPTORS)) {
      const owner = name.startsWith(".") ? undefined : this.#ownerOf(name);
      if (owner === undefined || this.isOwnThread(owner)) continue;
      this.close(Number(name));
      closed++;
    }
    return closed;
  }

  /** The thread that a lock names as the owner of a descriptor. */
  #ownerOf(descriptor: string): number | undefined {
    const [, first, last] = OWNER_LOCK.exec(this.#descriptorInfo(descriptor)) ?? [];
    const byte = Number(first);
    const owner = byte - (byte > READER_BYTES ? READER_BYTES : OWNER_BYTES);
    return first !== undefined && first === last && owner > 0 ? owner : undefined;
  }

  #descriptorInfo(descriptor: string): string {
    try {
      return this.#readText(`/proc/self/fdinfo/${descriptor}`);
    } catch {
      // It was closed meanwhile.
      return "";
    }
  }

  #readText(path: string): string {
    const fd = this.openReadOnly(path);
    try {
      const bytes = new Uint8Array(1024);
      return decoder.decode(bytes.subarray(0, this.read(fd, bytes, 0)));
    } finally {
      this.close(fd);
    }
  }

  list(path: string): string[] {
    const fd = this.#open(path, O_DIRECTORY | O_CLOEXEC);
    try {
      return this.#readNames(fd, path);
    } finally {
      this.close(fd);
    }
  }

  #readNames(fd: number, path: string): string[] {
    const names: string[] = [];
    const bytes = new Uint8Array(32768);
    const view = new DataView(bytes.buffer);
    while (true) {
      const bytesRead = this.checked(`list ${path}`, this.#readEntries(fd, bytes));
      if (bytesRead === 0) return names;
      for (let at = 0; at < bytesRead; at += view.getUint16(at + 16, true)) {
        const name = bytes.subarray(at + 19, bytes.indexOf(0, at + 19));
        names.push(decoder.decode(name));
      }
    }
  }

  #readEntries(fd: number, bytes: Uint8Array<ArrayBuffer>): bigint {
    return this.#c.getdents64(SYS_GETDENTS64, fd, bytes, BigInt(bytes.length));
  }

  status(path: string): FileStatus {
    return this.#status(path, AT_SYMLINK_NOFOLLOW);
  }

  #status(path: string, flags: number): FileStatus {
    const view = this.#statx;
    const target = new Uint8Array(view.buffer);
    const result = this.#c.statx(AT_FDCWD, cString(path), flags, STATX_BASIC, target);
    this.checked(`stat ${path}`, result);
    return readStatx(view);
  }

  statusOf(fd: number): FileStatus {
    const view = this.#statx;
    const empty = cString("");
    const target = new Uint8Array(view.buffer);
    this.checked("stat", this.#c.statx(fd, empty, AT_EMPTY_PATH, STATX_BASIC, target));
    return readStatx(view);
  }

  reserve(fd: number, offset: number, bytes: number): void {
    const code = this.#c.posix_fallocate(fd, BigInt(offset), BigInt(bytes));
    if (code !== 0) throw this.systemError(`reserve ${bytes} bytes`, code);
  }

  protected syncOpen(fd: number): number {
    return this.#c.fdatasync(fd);
  }

  protected syncOpenLater(fd: number): Promise<number> {
    return this.#c.fdatasyncLater(fd);
  }

  bootId(): string {
    return this.#readText("/proc/sys/kernel/random/boot_id");
  }

  thisThread(): ThreadId | undefined {
    try {
      const { inode: pidNamespace } = this.#status("/proc/self/ns/pid", AT_FOLLOW);
      return { pidNamespace, number: Number(this.#c.gettid(SYS_GETTID)) };
    } catch {
      return undefined;
    }
  }

  isThreadAlive(number: number): boolean {
    if (Number(this.#c.tkill(SYS_TKILL, number, PROBE)) === 0) return true;
    return this.error("probe a thread").errno !== "ESRCH";
  }

  hasFileOpen(thread: number, name: string): boolean | undefined {
    if (!this.#showsOwnNamespace()) return undefined;
    const directory = `/proc/${thread}/fd`;
    let descriptors: string[];
    try {
      descriptors = this.list(directory);
    } catch (error) {
      return error instanceof SystemError && error.errno === "ENOENT" ? false : undefined;
    }
    return descriptors.some((descriptor) => this.#isNamed(`${directory}/${descriptor}`, name));
  }

  /** False if `/proc` has the numbers of another namespace of process ids than this process. */
  #showsOwnNamespace(): boolean {
    try {
      return this.readLink("/proc/self") === String(Deno.pid);
    } catch {
      return false;
    }
  }

  #isNamed(link: string, name: string): boolean {
    try {
      return this.readLink(link).replace(/ \(deleted\)$/, "").endsWith(`/${name}`);
    } catch {
      // It is "." or "..", or was closed meanwhile.
      return false;
    }
  }

  isOwnThread(number: number): boolean {
    return Number(this.#c.tgkill(SYS_TGKILL, Deno.pid, number, PROBE)) === 0;
  }

  threadName(): string {
    this.#c.prctl(SYS_PRCTL, PR_GET_NAME, this.#threadName);
    return decoder.decode(this.#threadName.subarray(0, this.#threadName.indexOf(0)));
  }

  threadNames(): string[] {
    return this.#threadPaths().map((path) => this.#nameAt(path)).filter((name) => name !== "");
  }

  renameThreads(from: ReadonlySet<string>, to: string): void {
    for (const path of this.#threadPaths()) {
      if (from.has(this.#nameAt(path))) this.#writeText(path, to);
    }
  }

  #threadPaths(): string[] {
    const names = this.list(OWN_THREADS).filter((name) => !name.startsWith("."));
    return names.map((name) => `${OWN_THREADS}/${name}/comm`);
  }

  #nameAt(path: string): string {
    try {
      return this.#readText(path).trimEnd();
    } catch {
      // The thread has ended.
      return "";
    }
  }

  #writeText(path: string, text: string): void {
    const fd = this.#open(path, O_WRONLY | O_CLOEXEC);
    try {
      const bytes = new TextEncoder().encode(text);
      this.checked(`write ${path}`, this.#c.write(fd, bytes, BigInt(bytes.length)));
    } finally {
      this.close(fd);
    }
  }

  sleep(word: Uint32Array<ArrayBuffer>, value: number, timeoutMs: number): void {
    this.#timespec[0] = BigInt(Math.floor(timeoutMs / 1000));
    this.#timespec[1] = BigInt(Math.floor((timeoutMs % 1000) * 1e6));
    this.#c.futex(SYS_FUTEX, word, FUTEX_WAIT, value, this.#timespecBytes);
  }

  wake(word: Uint32Array<ArrayBuffer>): void {
    this.#c.futex(SYS_FUTEX, word, FUTEX_WAKE, ALL_WAITERS, NO_TIMEOUT);
  }
}

function readStatx(view: DataView): FileStatus {
  const mode = view.getUint16(28, true);
  return {
    links: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    mode: mode & 0o7777,
    type: FILE_TYPES[mode >> 12] ?? "other",
    inode: view.getBigUint64(32, true),
    size: Number(view.getBigUint64(40, true)),
    modifiedAtMs: Number(view.getBigInt64(112, true)) * 1000 + view.getUint32(120, true) / 1e6,
  };
}

const FILE_TYPES: Record<number, FileStatus["type"]> = {
  1: "fifo",
  4: "directory",
  8: "file",
  10: "link",
};
