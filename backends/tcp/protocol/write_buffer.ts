/**
 * A buffer of outgoing bytes, which are sent with one write.
 *
 * @module
 */

import { writeLatin1 } from "../../store/latin1.ts";

const INITIAL_BYTES = 1024;
/** Larger buffers are not reused. */
const MAX_SPARE_BYTES = 256 * 1024;
/** Longest text for which a loop over the characters is faster than `TextEncoder`. */
const SHORT_TEXT = 48;
const NO_BYTES = new Uint8Array(0);

const encoder = new TextEncoder();

/** A buffer that grows. */
export class WriteBuffer {
  #bytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  #length = 0;
  #spare: Uint8Array<ArrayBuffer> = NO_BYTES;

  /** Bytes in it. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes. */
  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends a byte string: characters up to U+00FF. */
  writeRaw(text: string): void {
    this.#reserve(text.length);
    writeLatin1(text, this.#bytes, this.#length);
    this.#length += text.length;
  }

  /** Appends a character, a whole number and the end of a line. */
  writeNumber(type: string, value: number): void {
    if (value < 0 || value > 9) return this.writeRaw(`${type}${value}\r\n`);
    this.#reserve(4);
    this.#bytes[this.#length++] = type.charCodeAt(0);
    this.#bytes[this.#length++] = 48 + value;
    this.#bytes[this.#length++] = 13;
    this.#bytes[this.#length++] = 10;
  }

  /** Appends a byte string after its length, as in RESP. */
  writeBulk(text: string): void {
    this.writeNumber("$", text.length);
    this.#reserve(text.length + 2);
    writeLatin1(text, this.#bytes, this.#length);
    this.#length += text.length;
    this.#bytes[this.#length++] = 13;
    this.#bytes[this.#length++] = 10;
  }

  /** Appends bytes after their length, as in RESP. */
  writeBulkBytes(bytes: Uint8Array): void {
    this.writeNumber("$", bytes.length);
    this.writeBytes(bytes);
    this.writeRaw("\r\n");
  }

  /** Appends a text and the end of a line. */
  writeLine(text: string): void {
    this.#reserve(text.length + 2);
    const written = text.length <= SHORT_TEXT ? this.#writeShort(text) : 0;
    this.#length += written;
    if (written < text.length) this.#writeRest(written === 0 ? text : text.slice(written));
    this.#reserve(2);
    this.#bytes[this.#length++] = 13;
    this.#bytes[this.#length++] = 10;
  }

  /** Writes the characters before the first one beyond ASCII; returns their number. */
  #writeShort(text: string): number {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return i;
      this.#bytes[this.#length + i] = code;
    }
    return text.length;
  }

  #writeRest(text: string): void {
    for (let rest = text;;) {
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#length));
      this.#length += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
      this.#reserve(rest.length * 3);
    }
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const size = Math.max(needed, this.#bytes.length * 2, INITIAL_BYTES);
    const larger = this.#length === 0 && this.#spare.length >= size
      ? this.#spare
      : new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  /** Removes and returns all bytes. Call `release` with them when they are sent. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare;
    this.#spare = NO_BYTES;
    this.#length = 0;
    return bytes;
  }

  /** Releases the bytes that `take` returned, so that their memory is reused. */
  release(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.buffer.byteLength <= MAX_SPARE_BYTES) this.#spare = new Uint8Array(bytes.buffer);
  }
}
