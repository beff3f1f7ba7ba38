/**
 * Copies of small payloads, word by word. For up to some dozens of bytes a loop is faster than `set`,
 * whose call costs more than the copy.
 *
 * @module
 */

/** Payloads up to this size, in bytes, are copied word by word. */
export const WORDWISE_BYTES = 64;

const NO_WORDS = new Int32Array(0);

/** Copies whole words. */
export function copyWords(
  from: Int32Array,
  fromWord: number,
  to: Int32Array,
  toWord: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) to[toWord + i] = from[fromWord + i];
}

/** A program's buffer as words, for programs that pass the same buffer again and again. */
export class BufferWords {
  #bytes: Uint8Array | undefined;
  #words: Int32Array = NO_WORDS;

  /**
   * The first `length` bytes as words. Undefined when a buffer is passed for the first time in a row, and
   * when the bytes are not whole words.
   */
  of(bytes: Uint8Array, length: number): Int32Array | undefined {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#words = NO_WORDS;
      return undefined;
    }
    if ((length & 3) !== 0) return undefined;
    // A view of a buffer that shrank has no words left.
    return length >>> 2 <= this.#words.length ? this.#words : this.#wordsOf(bytes, length);
  }

  #wordsOf(bytes: Uint8Array, length: number): Int32Array | undefined {
    if (length > WORDWISE_BYTES || (bytes.byteOffset & 3) !== 0) return undefined;
    return this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, length >>> 2);
  }
}

/** Copies bytes of shared memory into an array of their own. */
export function copyToArray(
  bytes: Uint8Array,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  if (length > WORDWISE_BYTES) copy.set(bytes.subarray(offset, offset + length));
  else for (let i = 0; i < length; i++) copy[i] = bytes[offset + i];
  return copy;
}

/** A buffer that one receiver copies messages into, one after another, to decode them there. */
export class Scratch {
  #bytes = new Uint8Array(1024);
  #words = new Int32Array(this.#bytes.buffer);

  /**
   * Copies a message in; `words` and `bytes` show the same memory. The result is valid until the next
   * copy.
   */
  copy(words: Int32Array, bytes: Uint8Array, offset: number, length: number): Uint8Array {
    if (length > this.#bytes.length) this.#grow(length);
    if (length > WORDWISE_BYTES) this.#bytes.set(bytes.subarray(offset, offset + length));
    else copyWords(words, offset >>> 2, this.#words, 0, (length + 3) >>> 2);
    return this.#bytes.subarray(0, length);
  }

  #grow(length: number): void {
    this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    this.#words = new Int32Array(this.#bytes.buffer);
  }
}
