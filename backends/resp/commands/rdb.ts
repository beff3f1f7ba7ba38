/**
 * Bytes of values in the form that `DUMP` of Redis has: lengths, strings, numbers and a checksum.
 *
 * @module
 */

import { readLatin1 } from "../../store/latin1.ts";
import { err } from "../engine/errors.ts";
import { crc64 } from "./crc64.ts";

/** Version of the form that is written: that of Redis 7.0, which later ones read. */
const WRITTEN_VERSION = 10;
/** Latest version that is read. */
const MAX_VERSION = 12;
const FOOTER_BYTES = 10;
/** A reference of two bytes or three stands for at most so many times its size. */
const MAX_EXPANSION = 132;
const BAD_FORMAT = err("Bad data format");
const BAD_CHECKSUM = err("DUMP payload version or checksum are wrong");

/** Writes a value as a byte string. */
export class RdbWriter {
  #parts: string[] = [];

  byte(value: number): void {
    this.#parts.push(String.fromCharCode(value));
  }

  /** A number of parts, or of bytes. */
  length(value: number): void {
    if (value < 1 << 6) this.byte(value);
    else if (value < 1 << 14) {
      this.#parts.push(String.fromCharCode(0x40 | value >> 8, value & 0xff));
    } else {
      this.byte(0x80);
      this.#parts.push(bigEndian(value));
    }
  }

  /** A length of 64 bits. */
  length64(value: bigint): void {
    if (value < 1n << 32n) return this.length(Number(value));
    this.byte(0x81);
    this.#parts.push(bigEndian(Number(value >> 32n)), bigEndian(Number(value & 0xffffffffn)));
  }

  /** Bytes as they are. */
  bytes(bytes: string): void {
    this.#parts.push(bytes);
  }

  /** A byte string after its length. */
  text(text: string): void {
    this.length(text.length);
    this.#parts.push(text);
  }

  /** A number with a fraction. */
  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.#parts.push(String.fromCharCode(...bytes));
  }

  /** A whole number of 64 bits. */
  int64(value: bigint): void {
    this.#parts.push(littleEndian(value));
  }

  /** All of it, with version and checksum. */
  finish(): string {
    const text = this.#parts.join("") + String.fromCharCode(WRITTEN_VERSION, 0);
    return text + littleEndian(crc64(text));
  }
}

/** Reads what `RdbWriter`, or Redis, has written. */
export class RdbReader {
  readonly #text: string;
  #at = 0;
  readonly #end: number;

  /** Throws if version or checksum are wrong. */
  constructor(text: string) {
    this.#end = text.length - FOOTER_BYTES;
    const version = text.charCodeAt(this.#end) | text.charCodeAt(this.#end + 1) << 8;
    const isWhole = this.#end > 0 && version <= MAX_VERSION &&
      littleEndian(crc64(text.slice(0, -8))) === text.slice(-8);
    if (!isWhole) throw BAD_CHECKSUM;
    this.#text = text;
  }

  byte(): number {
    return this.bytes(1).charCodeAt(0);
  }

  /** The next bytes. */
  bytes(count: number): string {
    if (this.#at + count > this.#end) throw BAD_FORMAT;
    const text = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    return text;
  }

  length(): number {
    const first = this.byte();
    if (first < 0x40) return first;
    if (first < 0x80) return (first & 0x3f) << 8 | this.byte();
    if (first === 0x80) return this.#unsigned(4);
    if (first === 0x81) return this.#unsigned(8);
    throw BAD_FORMAT;
  }

  /** A length of 64 bits. */
  length64(): bigint {
    if (this.#text.charCodeAt(this.#at) !== 0x81) return BigInt(this.length());
    this.#at++;
    const high = BigInt(this.#unsigned(4));
    return high << 32n | BigInt(this.#unsigned(4));
  }

  #unsigned(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + this.byte();
    return value;
  }

  /** A byte string. Redis writes short numbers, and compresses long texts. */
  text(): string {
    const first = this.#text.charCodeAt(this.#at);
    if (first < 0xc0) return this.bytes(this.length());
    this.#at++;
    if (first === 0xc0) return String(this.byte() << 24 >> 24);
    if (first === 0xc1) return String(this.#little(2) << 16 >> 16);
    if (first === 0xc2) return String(this.#little(4) | 0);
    if (first === 0xc3) return this.#compressed();
    throw BAD_FORMAT;
  }

  #little(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value |= this.byte() << 8 * i;
    return value;
  }

  /** Pieces of text, and references to text before them. */
  #compressed(): string {
    const [size, length] = [this.length(), this.length()];
    if (length > size * MAX_EXPANSION) throw BAD_FORMAT;
    const end = this.#at + size;
    const text = new Uint8Array(length);
    let to = 0;
    while (this.#at < end) {
      const control = this.byte();
      to = control < 32
        ? this.#copyPiece(text, to, control + 1)
        : this.#copyBefore(text, to, control);
    }
    if (to !== length) throw BAD_FORMAT;
    return readLatin1(text);
  }

  /** Copies the next bytes to a place; returns the place after them. */
  #copyPiece(text: Uint8Array, to: number, count: number): number {
    const piece = this.bytes(count);
    if (to + count > text.length) throw BAD_FORMAT;
    for (let i = 0; i < count; i++) text[to + i] = piece.charCodeAt(i);
    return to + count;
  }

  /** Copies text that came before, of which the next bytes tell length and distance. */
  #copyBefore(text: Uint8Array, to: number, control: number): number {
    const count = (control >> 5) + 2 + (control >> 5 === 7 ? this.byte() : 0);
    const from = to - ((control & 0x1f) << 8 | this.byte()) - 1;
    if (from < 0 || to + count > text.length) throw BAD_FORMAT;
    for (let i = 0; i < count; i++) text[to + i] = text[from + i];
    return to + count;
  }

  double(): number {
    const bytes = Uint8Array.from(this.bytes(8), (character) => character.charCodeAt(0));
    return new DataView(bytes.buffer).getFloat64(0, true);
  }

  int64(): bigint {
    let value = 0n;
    for (const [i, character] of [...this.bytes(8)].entries()) {
      value |= BigInt(character.charCodeAt(0)) << BigInt(8 * i);
    }
    return BigInt.asIntN(64, value);
  }

  /** Throws if anything is left. */
  finish(): void {
    if (this.#at !== this.#end) throw BAD_FORMAT;
  }
}

function bigEndian(value: number): string {
  return String.fromCharCode(value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff);
}

function littleEndian(value: bigint): string {
  const bytes = Array.from({ length: 8 }, (_, i) => Number(value >> BigInt(8 * i) & 0xffn));
  return String.fromCharCode(...bytes);
}
