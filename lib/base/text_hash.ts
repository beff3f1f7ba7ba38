/**
 * A hash of byte strings for tables of many entries.
 *
 * A `Map` of texts looks each text up in the engine's own table of names first, which takes most of the time of
 * a lookup. A `Map` of these hashes does not. Each character is multiplied with a secret number of its
 * place: no two texts have the same hash in more than one of some millions of processes, so nobody can choose
 * texts that share one.
 *
 * @module
 */

import { mapKey } from "./text_map.ts";

/** Longer texts have the hash of their digest. */
const MAX_LENGTH = 8192;
/** Bits of a hash. The low bits of the sum, which tell texts apart less well, are dropped. */
export const HASH_BITS = 24;

const factors = crypto.getRandomValues(new Int32Array(MAX_LENGTH));

/** A whole number from 0 to 2^24 - 1. */
export function textHash(text: string): number {
  const hashed = text.length > MAX_LENGTH ? mapKey(text) : text;
  let sum = 0;
  for (let i = 0; i < hashed.length; i++) {
    // One more, because a character of 0 would hide that a text is longer.
    sum = (sum + Math.imul(factors[i], hashed.charCodeAt(i) + 1)) | 0;
  }
  return sum >>> (32 - HASH_BITS);
}
