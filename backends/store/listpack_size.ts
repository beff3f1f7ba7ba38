/**
 * Bytes that Redis needs for an element in a listpack, its packed form of lists. It decides where a node
 * of a stream ends.
 *
 * @module
 */

/** Header and end of a listpack. */
export const LISTPACK_BYTES = 7;

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;

/** Bytes of an element with a text. Whole numbers are shorter. */
export function textSize(text: string): number {
  if (INTEGER.test(text)) {
    const value = BigInt(text);
    if (BigInt.asIntN(64, value) === value) return numberSize(value);
  }
  const { length } = text;
  return withBacklength(length + (length < 64 ? 1 : length < 4096 ? 2 : 5));
}

/** Bytes of an element with a whole number of 64 bits. */
export function numberSize(value: bigint): number {
  if (value >= 0n && value < 128n) return 2;
  for (const [bits, bytes] of [[13, 2], [16, 3], [24, 4], [32, 5]]) {
    if (BigInt.asIntN(bits, value) === value) return withBacklength(bytes);
  }
  return withBacklength(9);
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
