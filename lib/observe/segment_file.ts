/**
 * A segment's file, opened for reading alone. Nothing is mapped: a file that others truncate gives
 * fewer bytes, where a mapping would end the process with SIGBUS. No lock is taken, so that whoever
 * leaves the channel last still deletes it.
 *
 * @module
 */

import { codeOf } from "../platform/directory.ts";
import { isClosed } from "../segment/lifecycle.ts";
import { ShmConnectionError, type ShmError, ShmPermissionError } from "../base/errors.ts";
import { platform } from "../platform/mod.ts";
import { HEADER_BYTES } from "../../wasm/layout.ts";

/** Bytes that may change, or become fewer, while they are read. */
export interface ByteSource {
  /** How many there are now. */
  size(): number;
  /** Copies up to `bytes` from an offset; fewer if there are fewer. */
  read(offset: number, bytes: number): Uint8Array<ArrayBuffer>;
}

/** An open file. */
export class SegmentFile implements ByteSource, Disposable {
  /** Where it was opened. */
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Opens a file.
   *
   * @throws {ShmConnectionError} if there is none, or it is no regular file
   * @throws {ShmPermissionError} if it may not be read, or without `--allow-ffi`
   */
  static open(path: string): SegmentFile {
    const file = SegmentFile.find(path);
    if (file !== undefined) return file;
    throw new ShmConnectionError(`cannot read ${path}: there is no such file`);
  }

  /** Opens a file; undefined if there is none. Throws what `open` throws otherwise. */
  static find(path: string): SegmentFile | undefined {
    const os = platform();
    let fd: number;
    try {
      fd = os.openReadOnly(path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw openError(error, path);
    }
    const { type } = os.statusOf(fd);
    if (type === "file") return new SegmentFile(path, fd);
    os.close(fd);
    throw new ShmConnectionError(`cannot read ${path}: it is no regular file (${type})`);
  }

  /** Bytes of the file now. */
  size(): number {
    return platform().statusOf(this.#fd).size;
  }

  /** True once nothing names the file any more, or nobody may enter: its channel is gone. */
  isDeleted(): boolean {
    const header = this.read(0, HEADER_BYTES);
    if (header.length === HEADER_BYTES && isClosed(new Uint32Array(header.buffer))) return true;
    return platform().statusOf(this.#fd).links === 0;
  }

  /** Copies up to `bytes` from an offset; fewer if there are fewer. */
  read(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    const target = new Uint8Array(bytes);
    const bytesRead = platform().read(this.#fd, target, offset);
    return bytesRead === bytes ? target : target.subarray(0, bytesRead);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    platform().close(this.#fd);
  }
}

function openError(error: unknown, path: string): ShmError {
  const code = codeOf(error);
  if (code === "ELOOP") {
    return new ShmPermissionError(
      `cannot read ${path}: it is a symbolic link; name the file itself`,
      { cause: error },
    );
  }
  const Kind = code === "EACCES" || code === "EPERM" ? ShmPermissionError : ShmConnectionError;
  return new Kind(`cannot read ${path}: opening it failed with ${code}`, { cause: error });
}
