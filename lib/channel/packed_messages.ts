/**
 * Messages side by side in one buffer of the program.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { copyAligned, type Memory, type Words64, WORDWISE_BYTES } from "./copy.ts";
import { formatValue } from "../base/options.ts";
import { recordBytes } from "./record_run.ts";
import { RECORD_FRAME, RECORD_PAYLOAD } from "../../wasm/layout.ts";

/** Messages that were sent as long as they follow each other in a buffer. */
export class PackedMessages implements Iterable<Uint8Array> {
  readonly #bytes: Uint8Array;
  readonly #lengths: ArrayLike<number>;
  /** The same bytes as words, if they can be read as such. */
  readonly #source: Words64 | undefined;
  /** Messages that were sent. */
  sent = 0;
  /** Where the next one begins. */
  #offset = 0;

  /**
   * Checks that the lengths are those of parts of the bytes.
   *
   * @throws {TypeError} if the bytes are none
   * @throws {RangeError} if a length is no whole number, or the lengths exceed the bytes
   */
  constructor(bytes: Uint8Array, lengths: ArrayLike<number>) {
    checkPacked(bytes, lengths);
    this.#bytes = bytes;
    this.#lengths = lengths;
    if ((bytes.byteOffset & 7) === 0) {
      const words64 = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3);
      this.#source = { bytes, words64 };
    }
  }

  get hasNext(): boolean {
    return this.sent < this.#lengths.length;
  }

  /** The next message. */
  get next(): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#offset + this.#lengths[this.sent]);
  }

  /** Goes on behind the next message. */
  skip(): void {
    this.#offset += this.#lengths[this.sent++];
  }

  /** How many of the next messages take at most `space` bytes as records, and how many bytes these are. */
  nextRun(space: number): { messages: number; recordBytes: number } {
    const lengths = this.#lengths;
    let at = this.sent;
    let bytes = 0;
    for (; at < lengths.length; at++) {
      const more = recordBytes(lengths[at]);
      if (bytes + more > space) break;
      bytes += more;
    }
    return { messages: at - this.sent, recordBytes: bytes };
  }

  /** Copies the next messages as records without frames, and goes on behind them; returns their bytes. */
  copyRun(to: Memory, at: number, messages: number): number {
    const lengths = this.#lengths;
    const begin = this.#offset;
    let offset = begin;
    for (let i = this.sent; i < this.sent + messages; i++) {
      const length = lengths[i];
      writeSize(to, at, length);
      this.#copy(offset, to, at + RECORD_PAYLOAD, length);
      offset += length;
      at += recordBytes(length);
    }
    this.sent += messages;
    this.#offset = offset;
    return offset - begin;
  }

  #copy(offset: number, to: Memory, at: number, length: number): void {
    const source = this.#source;
    if (length <= WORDWISE_BYTES && source !== undefined && (offset & 7) === 0) {
      copyAligned(source, offset, to, at, length);
    } else to.bytes.set(this.#bytes.subarray(offset, offset + length), at);
  }

  *[Symbol.iterator](): Iterator<Uint8Array> {
    for (; this.hasNext; this.skip()) yield this.next;
  }
}

function writeSize({ words }: Memory, at: number, length: number): void {
  words[at >>> 2] = length + (RECORD_PAYLOAD - RECORD_FRAME);
  words[(at >>> 2) + 1] = 0;
}

function checkPacked(bytes: unknown, lengths: ArrayLike<number>): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`packed messages must be a Uint8Array, not ${formatValue(bytes)}`);
  }
  let sum = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i];
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(
        `lengths[${i}] must be a whole number, at least 0, not ${formatValue(length)}`,
      );
    }
    sum += length;
  }
  if (sum > bytes.length) {
    throw new RangeError(
      `lengths must add up to at most ${pluralize(bytes.length, "byte")}, not ${sum}`,
    );
  }
}

/** True for an array that may hold lengths. */
export function isLengths(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || ArrayBuffer.isView(value) && "length" in value;
}
