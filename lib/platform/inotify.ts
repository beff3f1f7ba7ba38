/**
 * Notices of Linux: inotify for a directory, and a pidfd for each thread. A call of the C library waits for
 * all of them at once, in a thread of the runtime's pool.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import type { DirectoryEvents, Happened } from "./directory_events.ts";
import { cString } from "./libc.ts";
import { openLibrary } from "./linux_library.ts";
import { platform } from "./mod.ts";
import { SystemError } from "./system_error.ts";

const SYMBOLS = {
  inotify_init1: { parameters: ["i32"], result: "i32" },
  inotify_add_watch: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  // Variadic in C; on x86-64 and arm64 Linux, integer arguments are passed alike.
  pidfd_open: { name: "syscall", parameters: ["i64", "i32", "u32"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

const NONBLOCK_CLOEXEC = 0o2004000;
const SYS_PIDFD_OPEN = 434n;
/** Since Linux 6.9. Before, a pidfd is that of a whole process. */
const PIDFD_THREAD = 0o200;

const IN_ATTRIB = 0x4;
const IN_CLOSE_WRITE = 0x8;
const IN_MOVED = 0xc0;
const IN_CREATE = 0x100;
const IN_DELETE = 0x200;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_ONLYDIR = 0x1000000;
const IN_UNMOUNT = 0x2000;
const IN_Q_OVERFLOW = 0x4000;
const IN_IGNORED = 0x8000;
const GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
const MASK = IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED | IN_CREATE | IN_DELETE | IN_DELETE_SELF |
  IN_MOVE_SELF | IN_ONLYDIR;
/** Bytes of `struct inotify_event` before its name. */
const EVENT_BYTES = 16;
const BUFFER_BYTES = 16384;

const POLLIN = 1;
/** Where the first thread's `revents` lie: behind those of inotify and of the interruption. */
const FIRST_THREAD_RESULT = 5;
/** A worker that is terminated ends when the call in the thread has returned. */
const MAX_POLL_MS = 500;
/** Most threads that are watched: each takes a descriptor. */
const MAX_THREADS = 256;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

const decoder = new TextDecoder();

/** The notices of one directory. */
export class Inotify implements DirectoryEvents {
  readonly #library = openLibrary(SYMBOLS);
  readonly #c = this.#library.symbols;
  #inotify = -1;
  #interruption = -1;
  /** Descriptors by threads. */
  readonly #threads = new Map<number, number>();
  /** Threads whose descriptors say that they have ended. */
  #ended: number[] = [];
  readonly #bytes = new Uint8Array(BUFFER_BYTES);

  /** Begins to watch. */
  constructor(directory: string) {
    try {
      this.#inotify = this.#opened("inotify_init1", this.#c.inotify_init1(NONBLOCK_CLOEXEC));
      this.#interruption = this.#opened("eventfd", this.#c.eventfd(0, NONBLOCK_CLOEXEC));
      if (this.#c.inotify_add_watch(this.#inotify, cString(directory), MASK) < 0) {
        // Tells why, if the directory is not there.
        platform().status(directory);
        throw new SystemError(`watch ${directory}`, "ENOSPC");
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Marks a descriptor as this thread's, so that it is closed if this is a worker that is terminated. */
  #opened(call: string, result: number): number {
    if (result < 0) throw new SystemError(call, "EMFILE");
    try {
      platform().share(result);
    } catch (error) {
      logger.debug("cannot mark a descriptor: {error}", { error });
    }
    return result;
  }

  watchThread(thread: number): void {
    if (this.#threads.has(thread) || this.#threads.size >= MAX_THREADS) return;
    const fd = Number(this.#c.pidfd_open(SYS_PIDFD_OPEN, thread, PIDFD_THREAD));
    if (fd >= 0) this.#threads.set(thread, this.#opened("pidfd_open", fd));
  }

  async wait(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    const fds = [this.#inotify, this.#interruption, ...this.#threads.values()];
    const requests = new Int32Array(fds.flatMap((fd) => [fd, POLLIN]));
    const bytes = new Uint8Array(requests.buffer);
    let leftMs = timeoutMs;
    do {
      const waitMs = Math.ceil(Math.max(0, Math.min(leftMs, MAX_POLL_MS)));
      if (await this.#c.poll(bytes, BigInt(fds.length), waitMs) > 0) break;
      leftMs = end - performance.now();
    } while (leftMs > 0);
    [...this.#threads.keys()].forEach((thread, i) => {
      if (requests[2 * i + FIRST_THREAD_RESULT] !== POLLIN) this.#ended.push(thread);
    });
  }

  interrupt(): void {
    this.#c.write(this.#interruption, ONE, 8n);
  }

  take(): Happened {
    this.#c.read(this.#interruption, new Uint8Array(8), 8n);
    const names = new Set<string>();
    let isComplete = true;
    let isGone = false;
    for (const { mask, name } of this.#events()) {
      if (name !== "") names.add(name);
      if ((mask & IN_Q_OVERFLOW) !== 0) isComplete = false;
      if ((mask & GONE) !== 0 && name === "") isGone = true;
    }
    return { names, threads: this.#endedThreads(), isComplete, isGone };
  }

  *#events(): Generator<{ mask: number; name: string }> {
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer);
    while (true) {
      const length = Number(this.#c.read(this.#inotify, bytes, BigInt(bytes.length)));
      if (length <= 0) return;
      for (let at = 0; at < length;) {
        const nameBytes = view.getUint32(at + 12, true);
        const name = bytes.subarray(at + EVENT_BYTES, at + EVENT_BYTES + nameBytes);
        const end = name.indexOf(0);
        yield {
          mask: view.getUint32(at + 4, true),
          name: decoder.decode(end < 0 ? name : name.subarray(0, end)),
        };
        at += EVENT_BYTES + nameBytes;
      }
    }
  }

  #endedThreads(): number[] {
    const ended = this.#ended;
    this.#ended = [];
    for (const thread of ended) {
      platform().close(this.#threads.get(thread)!);
      this.#threads.delete(thread);
    }
    return ended;
  }

  close(): void {
    for (const fd of [this.#inotify, this.#interruption, ...this.#threads.values()]) {
      if (fd >= 0) platform().close(fd);
    }
    this.#library.close();
  }
}
