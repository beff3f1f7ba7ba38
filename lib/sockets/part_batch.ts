/**
 * Parts of a stream in one reply: a length and flags before each.
 *
 * @module
 */

import type { Encoded } from "../channel/encoder.ts";
import { PART_HEADER_BYTES } from "../../wasm/layout.ts";

const FIRST_BYTES = 256;

/** Parts that wait to be sent together. */
export class PartBatch {
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #count = 0;

  /** Number of parts. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the parts with their headers. */
  get length(): number {
    return this.#length;
  }

  /** The parts; valid until the next one is added. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies a part. */
  add({ bytes, flags }: Encoded): void {
    const start = this.#length + PART_HEADER_BYTES;
    const end = start + paddedBytes(bytes.length);
    if (end > this.#buffer.length) this.#grow(end);
    const view = new DataView(this.#buffer.buffer, this.#length);
    view.setUint32(0, bytes.length, true);
    view.setUint32(4, flags, true);
    this.#buffer.set(bytes, start);
    this.#length = end;
    this.#count++;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, 2 * this.#buffer.length));
    larger.set(this.bytes);
    this.#buffer = larger;
  }

  /** Forgets the parts. */
  clear(): void {
    this.#length = 0;
    this.#count = 0;
  }
}

/** Reads the parts of a reply; undefined if they are not whole. Each part gets a buffer of its own. */
export function readParts(bytes: Uint8Array<ArrayBuffer>): Encoded[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Encoded[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + PART_HEADER_BYTES;
    if (start > bytes.length) return undefined;
    const end = start + view.getUint32(at, true);
    if (end > bytes.length) return undefined;
    parts.push({ bytes: bytes.slice(start, end), flags: view.getUint32(at + 4, true) });
    at = start + paddedBytes(end - start);
  }
  return parts;
}

/** A part begins at a multiple of eight bytes. */
function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
