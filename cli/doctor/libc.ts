/**
 * The calls of the doctor to the C library of Linux.
 *
 * @module
 */

import { openLibrary } from "../../lib/platform/linux_library.ts";
import { cString } from "../../lib/platform/libc.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  strncpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  gnu_get_libc_version: { parameters: [], result: "usize", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

const O_CLOEXEC = 0o2000000;
const RLIMIT_NOFILE = 7;
const MAX_FILE_BYTES = 4096;
const MAX_VERSION_BYTES = 32;
/** Bytes for the structure, which is smaller. */
const STATFS_BYTES = 256;

/** A file system. */
export interface FileSystem {
  /** Magic number of the file system. */
  readonly type: bigint;
  readonly bytes: number;
  readonly freeBytes: number;
}

/** A few calls. Disposing closes the library. */
export class DoctorLibc implements Disposable {
  readonly #library = openLibrary(SYMBOLS);

  /** `glibc` with its version, or `musl`. */
  name(): string {
    const { gnu_get_libc_version: version, strncpy } = this.#library.symbols;
    const location = version?.();
    if (location === undefined) return "musl";
    const bytes = new Uint8Array(MAX_VERSION_BYTES);
    strncpy(bytes, BigInt(location), BigInt(MAX_VERSION_BYTES - 1));
    return `glibc ${textIn(bytes)}`;
  }

  /** The first line of a small file, such as one in `/proc`. Undefined if it cannot be read. */
  line(path: string): string | undefined {
    const { open, read, close } = this.#library.symbols;
    const fd = open(cString(path), O_CLOEXEC, 0);
    if (fd === -1) return undefined;
    const bytes = new Uint8Array(MAX_FILE_BYTES);
    const count = Number(read(fd, bytes, BigInt(bytes.length - 1)));
    close(fd);
    return count < 0 ? undefined : textIn(bytes).split("\n")[0];
  }

  /** The file system of a path. Undefined if there is no such path. */
  fileSystem(path: string): FileSystem | undefined {
    const view = new DataView(new ArrayBuffer(STATFS_BYTES));
    const result = this.#library.symbols.statfs(cString(path), new Uint8Array(view.buffer));
    if (result !== 0) return undefined;
    const blockBytes = Number(view.getBigUint64(8, true));
    return {
      type: view.getBigUint64(0, true),
      bytes: Number(view.getBigUint64(16, true)) * blockBytes,
      freeBytes: Number(view.getBigUint64(32, true)) * blockBytes,
    };
  }

  /** Number of files that this process may have open. */
  openFiles(): number {
    const limits = new BigUint64Array(2);
    this.#library.symbols.getrlimit(RLIMIT_NOFILE, new Uint8Array(limits.buffer));
    return Number(limits[0]);
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}

function textIn(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
