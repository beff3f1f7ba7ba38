/**
 * The registers of a HyperLogLog in the form of Redis: a header, and 16384 registers of six bits. Redis
 * has a shorter form for those with few elements, which is read as well.
 *
 * @module
 */

import { ErrorReply } from "../protocol/reply.ts";
import { murmurHash } from "./murmur_hash.ts";

const REGISTERS = 16384;
const INDEX_BITS = 14;
/** Bits of a hash that are left after those of the index. */
const HASH_BITS = 50;
const HEADER_BYTES = 16;
const REGISTER_BITS = 6;
const TOTAL_BYTES = HEADER_BYTES + REGISTERS * REGISTER_BITS / 8;
const MAGIC = "HYLL";
const DENSE = 0;
const SPARSE = 1;
/** Marks the count in the header as out of date. */
const STALE_AT = 15;
const STALE = 0x80;
const ALPHA = 0.721347520444481703680;

const NOT_VALID = new ErrorReply(
  "WRONGTYPE Key is not a valid HyperLogLog string value.",
);
const CORRUPTED = new ErrorReply("INVALIDOBJ Corrupted HLL object detected");

/** A HyperLogLog. It works on its bytes. */
export class HllRegisters {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** One without elements. */
  static empty(): HllRegisters {
    const bytes = new Uint8Array(TOTAL_BYTES);
    for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
    return new HllRegisters(bytes);
  }

  /**
   * The one that bytes hold. They are used, unless they have the shorter form.
   *
   * @throws {ErrorReply} if they are no HyperLogLog
   */
  static from(bytes: Uint8Array): HllRegisters {
    const hasHeader = bytes.length >= HEADER_BYTES &&
      MAGIC === String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (!hasHeader) throw NOT_VALID;
    const form = bytes[MAGIC.length];
    if (form === DENSE && bytes.length === TOTAL_BYTES) return new HllRegisters(bytes);
    if (form !== SPARSE) throw NOT_VALID;
    const registers = HllRegisters.empty();
    registers.#readSparse(bytes);
    return registers;
  }

  /** Runs of equal registers. */
  #readSparse(bytes: Uint8Array): void {
    let index = 0;
    for (let at = HEADER_BYTES; at < bytes.length; at++) {
      const code = bytes[at];
      if (code >= 0x80) {
        const value = (code >> 2 & 0x1f) + 1;
        for (let left = (code & 3) + 1; left > 0 && index < REGISTERS; left--) {
          this.set(index++, value);
        }
      } else if (code >= 0x40) index += ((code & 0x3f) << 8 | bytes[++at]) + 1;
      else index += (code & 0x3f) + 1;
    }
    if (index !== REGISTERS) throw CORRUPTED;
  }

  get(index: number): number {
    const bit = index * REGISTER_BITS;
    const at = HEADER_BYTES + (bit >>> 3);
    const word = this.bytes[at] | (this.bytes[at + 1] ?? 0) << 8;
    return word >>> (bit & 7) & 0x3f;
  }

  set(index: number, value: number): void {
    const bit = index * REGISTER_BITS;
    const at = HEADER_BYTES + (bit >>> 3);
    const shift = bit & 7;
    const word = this.bytes[at] | (this.bytes[at + 1] ?? 0) << 8;
    const changed = word & ~(0x3f << shift) | value << shift;
    this.bytes[at] = changed;
    if (at + 1 < this.bytes.length) this.bytes[at + 1] = changed >>> 8;
    this.bytes[STALE_AT] |= STALE;
  }

  /** Adds an element; true if that has changed a register. */
  add(element: string): boolean {
    const { high, low } = murmurHash(element);
    const index = low & REGISTERS - 1;
    const value = runOf(high, low);
    if (this.get(index) >= value) return false;
    this.set(index, value);
    return true;
  }

  /** Takes in all elements of another one. */
  merge(other: HllRegisters): void {
    for (let index = 0; index < REGISTERS; index++) {
      const value = other.get(index);
      if (value > this.get(index)) this.set(index, value);
    }
  }

  /** About how many different elements were added. */
  count(): number {
    const counts = new Float64Array(64);
    for (let index = 0; index < REGISTERS; index++) counts[this.get(index)]++;
    let z = REGISTERS * tau((REGISTERS - counts[HASH_BITS + 1]) / REGISTERS);
    for (let value = HASH_BITS; value >= 1; value--) z = (z + counts[value]) * 0.5;
    z += REGISTERS * sigma(counts[0] / REGISTERS);
    return Math.round(ALPHA * REGISTERS * REGISTERS / z);
  }
}

/** Zeros at the end of the hash without the bits of the index, and one more. */
function runOf(high: number, low: number): number {
  const lowRest = low >>> INDEX_BITS | high << 32 - INDEX_BITS;
  if (lowRest !== 0) return zerosAtEnd(lowRest) + 1;
  const highRest = high >>> INDEX_BITS | 1 << HASH_BITS - 32;
  return 32 + zerosAtEnd(highRest) + 1;
}

function zerosAtEnd(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [x, y, z, before] = [share, 1, share, 0];
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z, before] = [share, 1, 1 - share, 0];
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  } while (before !== z);
  return z / 3;
}
