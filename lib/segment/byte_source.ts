/**
 * Where the bytes of a segment are read from: memory that maps it, or its file.
 *
 * @module
 */

import { platform } from "../platform/mod.ts";

/** Bytes that other processes may change, or truncate, while they are read. */
export interface ByteSource {
  /** Bytes that there are now. */
  size(): number;
  /** Copies up to `bytes` from an offset; fewer if the source ends before. */
  read(offset: number, bytes: number): Uint8Array<ArrayBuffer>;
}

/** The mapped part of a segment's memory. */
export class MemorySource implements ByteSource {
  readonly #memory: WebAssembly.Memory;
  readonly #mappedBytes: number;

  constructor(memory: WebAssembly.Memory, mappedBytes: number) {
    this.#memory = memory;
    this.#mappedBytes = mappedBytes;
  }

  size(): number {
    return this.#mappedBytes;
  }

  read(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(offset + bytes, this.#mappedBytes);
    const copy = new Uint8Array(Math.max(0, end - offset));
    if (copy.length > 0) copy.set(new Uint8Array(this.#memory.buffer, offset, copy.length));
    return copy;
  }
}

/** An open file, which is not mapped: a truncated mapping would end the process with SIGBUS. */
export class FileSource implements ByteSource {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): number {
    return platform().statusOf(this.#fd).size;
  }

  read(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    const target = new Uint8Array(bytes);
    const bytesRead = platform().read(this.#fd, target, offset);
    return bytesRead === bytes ? target : target.slice(0, bytesRead);
  }
}
