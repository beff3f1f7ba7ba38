/**
 * Notes: a text that travels in front of a value, whatever the codec. Receivers that want none skip it.
 *
 * @module
 */

import { type Encoded, Encoder } from "./encoder.ts";
import { RECORD_HEADERS } from "../../wasm/layout.ts";

/** Longest note, in bytes of UTF-8. */
export const MAX_HEADER_BYTES = 1024;

const LENGTH_BYTES = 4;
const textEncoder = new TextEncoder();

/** Bytes that a note takes; what follows is aligned to 8. */
export function paddedHeaderBytes(headerBytes: number): number {
  return (LENGTH_BYTES + headerBytes + 7) & ~7;
}

/** A value and what is noted on it. */
export class WithHeader<T = unknown> {
  readonly value: T;
  readonly header: string;

  constructor(value: T, header: string) {
    this.value = value;
    this.header = header;
  }
}

/** Encodes values, and what is noted on them. */
export class HeaderEncoder extends Encoder {
  #scratch = new Uint8Array(256);

  /**
   * A value as bytes, with the note before it if it is `Noted`.
   *
   * @throws {ShmSerializationError} if it cannot be encoded
   * @throws {RangeError} if the note is too long
   */
  override encode(value: unknown): Encoded {
    if (!(value instanceof WithHeader)) return super.encode(value);
    const { bytes, flags } = super.encode(value.value);
    const header = textEncoder.encode(value.header);
    if (header.length > MAX_HEADER_BYTES) {
      throw new RangeError(`a note has at most ${MAX_HEADER_BYTES} bytes, not ${header.length}`);
    }
    return { bytes: this.#prepend(header, bytes), flags: flags | RECORD_HEADERS };
  }

  #prepend(header: Uint8Array, bytes: Uint8Array): Uint8Array {
    const paddedBytes = paddedHeaderBytes(header.length);
    const length = paddedBytes + bytes.length;
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    const scratch = this.#scratch;
    new DataView(scratch.buffer).setUint32(0, header.length, true);
    scratch.set(header, LENGTH_BYTES);
    scratch.fill(0, LENGTH_BYTES + header.length, paddedBytes);
    scratch.set(bytes, paddedBytes);
    return scratch.subarray(0, length);
  }
}
