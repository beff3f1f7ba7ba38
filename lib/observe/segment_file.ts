/**
 * A segment's file, opened for reading only. Nothing is mapped: a truncated file yields fewer bytes,
 * where a mapping would end the process with SIGBUS. No share is taken, so that the last participant
 * that leaves the channel still deletes it.
 *
 * @module
 */

import { codeOf } from "../platform/directory.ts";
import { FileSource } from "../segment/byte_source.ts";
import { isClosed } from "../segment/lifecycle.ts";
import { ShmConnectionError, type ShmError, ShmPermissionError } from "../base/errors.ts";
import { platform } from "../platform/mod.ts";
import { HEADER_BYTES } from "../../wasm/layout.ts";

/** An open file. */
export class SegmentFile extends FileSource implements Disposable {
  /** Path by which it was opened. */
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    super(fd);
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Opens a file.
   *
   * @throws {ShmConnectionError} if it does not exist, or is no regular file
   * @throws {ShmPermissionError} if it may not be read, or without `--allow-ffi`
   */
  static open(path: string): SegmentFile {
    const file = SegmentFile.find(path);
    if (file !== undefined) return file;
    throw new ShmConnectionError(`cannot read ${path}: there is no such file`);
  }

  /** Opens a file; undefined if it does not exist. Throws what `open` throws otherwise. */
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

  /** True once the file has no name, or its attach gate is closed: its channel is deleted. */
  isDeleted(): boolean {
    const header = this.read(0, HEADER_BYTES);
    if (header.length === HEADER_BYTES && isClosed(new Uint32Array(header.buffer))) return true;
    return platform().statusOf(this.#fd).links === 0;
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
