/**
 * Hashes that are the same on every machine and in every version.
 *
 * Two checks are not of this kind. A journal's records have a faster mix of whole words (`generation.ts`),
 * since it is computed with each append, and recordings have CRC-32, which other programs can compute.
 *
 * @module
 */

const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a of 32 bits over bytes or character codes; `hash` is the hash of what comes before them. */
export function fnv1a(units: Iterable<number>, hash: number = FNV_OFFSET_BASIS): number {
  for (const unit of units) hash = Math.imul(hash ^ unit, FNV_PRIME);
  return hash >>> 0;
}

/** 2 ** 64 divided by the golden ratio. */
const FIBONACCI_MULTIPLIER = 0x9e3779b97f4a7c15n;

/** A hash of `bits` bits, never 0. It spreads numbers that lie close together, such as inodes. */
export function fibonacciHash(value: bigint, bits: bigint): bigint {
  return BigInt.asUintN(64, value * FIBONACCI_MULTIPLIER) >> (64n - bits) || 1n;
}
