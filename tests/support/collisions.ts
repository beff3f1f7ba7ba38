// Keys that the engine, without a seed, puts into one bucket of a map.

import { cpuMs } from "./cpu_clock.ts";

const MASK = 2n ** 64n - 1n;
/** Values with equal lower 16 bits share a bucket in maps of up to 65,536 buckets. */
const STRIDE = 65_536;
const FIRST = 1_000_000_000;

/** Texts of array indexes that share a bucket. */
export function collidingTexts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(FIRST + i * STRIDE));
}

/** Message ids that share a bucket. */
export function collidingIds(count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => idOfHash((BigInt(i) << 30n) | 0x1234n));
}

/** The id of a hash: each step of the engine's hash of 64 bits is reversed. */
function idOfHash(hash: bigint): bigint {
  let id = unshifted(hash, 22n);
  id = (id * inverse(65n)) & MASK;
  id = unshifted(id, 11n);
  id = (id * inverse(21n)) & MASK;
  id = unshifted(id, 31n);
  return ((id + 1n) * inverse(2n ** 18n - 1n)) & MASK;
}

/** The inverse of an odd number modulo 2^64. */
function inverse(odd: bigint): bigint {
  let found = 1n;
  for (let i = 0; i < 7; i++) found = (found * (2n - odd * found)) & MASK;
  return found;
}

/** Reverses `x ^ x >> bits`. */
function unshifted(mixed: bigint, bits: bigint): bigint {
  let found = mixed;
  for (let i = 0n; i <= 64n / bits; i++) found = mixed ^ found >> bits;
  return found;
}

/** How many times longer a call takes for some items than for others: the shortest of three runs each. */
export function timeRatio<T>(call: (items: T) => void, items: T, others: T): number {
  const shortestMs = (given: T) =>
    Math.min(...[1, 2, 3].map(() => {
      const startMs = cpuMs();
      call(given);
      return cpuMs() - startMs;
    }));
  const othersMs = shortestMs(others);
  return shortestMs(items) / othersMs;
}
