/**
 * Copies of payloads. A loop copies small ones faster than `set`, whose call costs more than the copy; the page
 * about performance has the figures. Words of 64 bits are those of a `BigInt64Array`, since a copy of floats may
 * change the bits of a NaN; compiled code copies the bits and makes no bigint.
 *
 * @module
 */

/** Payloads up to this size, in bytes, are copied by words of 64 bits where they lie at multiples of eight. */
export const WORDWISE_BYTES = 256;

/** Others up to this size are copied in smaller steps. */
const STEPWISE_BYTES = 64;

/** Payloads from this size on, in bytes, are copied by the C library where the memory is a file. */
export const LARGE_BYTES = 16384;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new BigInt64Array(0);

/** Copies whole words. */
function copyWords(
  from: Int32Array,
  fromWord: number,
  to: Int32Array,
  toWord: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) to[toWord + i] = from[fromWord + i];
}

/** Bytes, and the 64-bit words that they consist of. */
export interface Words64 {
  readonly bytes: Uint8Array;
  readonly words64: BigInt64Array;
}

/** Copies bytes between offsets that are multiples of eight: whole words, then what is left. */
export function copyAligned(
  from: Words64,
  fromOffset: number,
  to: Words64,
  toOffset: number,
  length: number,
): void {
  const source = from.words64;
  const target = to.words64;
  const sourceWord = fromOffset >>> 3;
  const targetWord = toOffset >>> 3;
  const words = length >>> 3;
  for (let i = 0; i < words; i++) target[targetWord + i] = source[sourceWord + i];
  if ((length & 7) !== 0) copyRest(from.bytes, fromOffset, to.bytes, toOffset, length);
}

/** Copies the bytes behind the last whole word. */
function copyRest(
  from: Uint8Array,
  fromOffset: number,
  to: Uint8Array,
  toOffset: number,
  length: number,
): void {
  for (let i = length & ~7; i < length; i++) to[toOffset + i] = from[fromOffset + i];
}

/** Memory as bytes and as words. */
export interface Memory extends Words64 {
  readonly words: Int32Array;
}

/** Memory of this thread. */
export class OwnMemory implements Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array;
  readonly words64: BigInt64Array;

  /** `byteLength` is a multiple of 8. */
  constructor(byteLength: number) {
    this.bytes = new Uint8Array(byteLength);
    this.words = new Int32Array(this.bytes.buffer);
    this.words64 = new BigInt64Array(this.bytes.buffer);
  }
}

/** Copies a message of any length to an offset that is a multiple of eight. */
export function copyMessage(
  from: Memory,
  offset: number,
  to: OwnMemory,
  toOffset: number,
  length: number,
): void {
  if ((offset & 7) === 0 && length <= WORDWISE_BYTES) {
    copyAligned(from, offset, to, toOffset, length);
  } else if (length > STEPWISE_BYTES) {
    to.bytes.set(from.bytes.subarray(offset, offset + length), toOffset);
  } else copyWords(from.words, offset >>> 2, to.words, toOffset >>> 2, (length + 3) >>> 2);
}

/** A program's buffer as words, for programs that pass the same buffer again and again. */
export class BufferWords implements Words64 {
  bytes: Uint8Array = NO_BYTES;
  words64: BigInt64Array = NO_WORDS;

  /**
   * True if the first `length` bytes of a buffer are there as words. False when it is passed for the first
   * time in a row, and when its words cannot be used.
   */
  has(bytes: Uint8Array, length: number): boolean {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.words64 = NO_WORDS;
      return false;
    }
    // A view of a buffer that shrank has no words left.
    return length >>> 3 <= this.words64.length || this.#tryWords(bytes, length);
  }

  #tryWords(bytes: Uint8Array, length: number): boolean {
    if (length > WORDWISE_BYTES || (bytes.byteOffset & 7) !== 0) return false;
    this.words64 = new BigInt64Array(bytes.buffer, bytes.byteOffset, length >>> 3);
    return true;
  }
}

/** Copies bytes of shared memory into an array of their own. */
export function copyToArray(
  bytes: Uint8Array,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  if (length > STEPWISE_BYTES) copy.set(bytes.subarray(offset, offset + length));
  else for (let i = 0; i < length; i++) copy[i] = bytes[offset + i];
  return copy;
}

/** A buffer that one receiver copies messages into, one after another, to decode them there. */
export class Scratch {
  #memory = new OwnMemory(1024);

  /** Copies a message in. The result is valid until the next copy. */
  copy(from: Memory, offset: number, length: number): Uint8Array {
    if (length > this.#memory.bytes.length) {
      this.#memory = new OwnMemory(2 ** Math.ceil(Math.log2(length)));
    }
    copyMessage(from, offset, this.#memory, 0, length);
    return this.#memory.bytes.subarray(0, length);
  }
}
