/**
 * The checks that the compiled ring (wasm/assembly/checksum.ts) writes beside words and records, for
 * readers without an instance of it.
 *
 * @module
 */

/** The check over two words. */
export function checksum(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x52494e47, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ b, 0xc2b2ae35);
  hash ^= hash >>> 13;
  return (hash | 1) >>> 0;
}

/** The check over the index of a lane, and the offset and the bytes of its ring. */
export function ringChecksum(index: number, offset: number, bytes: number): number {
  return checksum(checksum(offset, index), bytes);
}

/** The tag before the bytes of a big message whose record is at a position. */
export function blockTag(position: number, offset: number, length: number): number {
  return checksum(checksum(offset, length), position >>> 0);
}

/** True if the upper half of a 64-bit word is the check over the lower. */
export function matchesChecksum(low: number, high: number): boolean {
  return checksum(low, 0) === high;
}

/** A word with its check: the word in the lower half, the check over it in the upper half. */
export function checkedWord(value: number): bigint {
  return (BigInt(checksum(value, 0)) << 32n) | BigInt(value);
}

/** The word in a word with its check; undefined if the check is wrong. */
export function valueOfChecked(word: bigint): number | undefined {
  const low = Number(BigInt.asUintN(32, word));
  return matchesChecksum(low, Number(BigInt.asUintN(32, word >> 32n))) ? low : undefined;
}

const MULTIPLIER_LOW = 0x7f4a7c15;
const MULTIPLIER_HIGH = 0x9e3779b9;
const TWO_POW_32 = 2 ** 32;

/** Where a record lies: its offset in the segment, a multiple of 8, and its position on the lane. */
export interface RecordPlace {
  readonly offset: number;
  readonly position: number;
}

/** The upper half of a record's frame: its flags, and the check over place, size, number and flags. */
export function frameHigh(
  { offset, position }: RecordPlace,
  size: number,
  sequence: number,
  flags: number,
): number {
  const low = (position >>> 0) ^ (size >>> 28) ^ sequence;
  const high = Math.floor(position / TWO_POW_32) ^ (offset >>> 3) ^ (size << 4) ^ flags;
  const mixed = upperHalf(low >>> 0, MULTIPLIER_LOW) + Math.imul(high, MULTIPLIER_LOW) +
    Math.imul(low, MULTIPLIER_HIGH);
  return ((mixed & 0xffffff00) | flags) >>> 0;
}

/** The upper 32 bits of a product of two unsigned 32-bit numbers. */
function upperHalf(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const cross = aHigh * bLow + Math.floor(aLow * bLow / 65536);
  const middle = aLow * bHigh + cross % 65536;
  return aHigh * bHigh + Math.floor(cross / 65536) + Math.floor(middle / 65536);
}
