/**
 * Bytes that Redis needs for an element in a listpack, its packed form of lists. It decides where a node
 * of a stream ends.
 *
 * @module
 */

/** Header and end of a listpack. */
export const LISTPACK_BYTES = 7;

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const MAX_INTEGER_LENGTH = 20;

/** Bytes of an element with a text. Whole numbers are shorter. */
export function textSize(text: string): number {
  if (text.length <= MAX_INTEGER_LENGTH && INTEGER.test(text)) {
    const value = BigInt(text);
    if (BigInt.asIntN(64, value) === value) return numberSize(value);
  }
  const { length } = text;
  return withBacklength(length + (length < 64 ? 1 : length < 4096 ? 2 : 5));
}

/** Bytes of an element with a whole number of 64 bits. */
export function numberSize(value: bigint): number {
  if (value >= 0n && value < 128n) return 2;
  if (value !== BigInt.asIntN(32, value)) return withBacklength(9);
  return withBacklength(smallSize(Number(value)));
}

/** Bytes of an element with a count. */
export function countSize(value: number): number {
  return value < 128 ? 2 : withBacklength(smallSize(value));
}

/** Bytes of a number of 32 bits, from 13 bits on. */
function smallSize(value: number): number {
  const magnitude = value < 0 ? -1 - value : value;
  if (magnitude < 2 ** 12) return 2;
  if (magnitude < 2 ** 15) return 3;
  return magnitude < 2 ** 23 ? 4 : 5;
}

function withBacklength(bytes: number): number {
  return bytes + backlengthSize(bytes);
}

/** After each element comes its size, with seven bits in a byte. */
export function backlengthSize(bytes: number): number {
  let length = 1;
  for (let most = 127; bytes > most; most = most * 128 + 127) length++;
  return length;
}
