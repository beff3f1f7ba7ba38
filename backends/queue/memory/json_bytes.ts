/**
 * The size of names in records.
 *
 * @module
 */

/** Characters of one byte, also in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Bytes of any other character, or of half of one. */
const MAX_CHARACTER_BYTES = 6;

/** Most bytes of a name as JSON in UTF-8, without its quotes. */
export function jsonBytes(name: string): number {
  return PLAIN.test(name) ? name.length : MAX_CHARACTER_BYTES * name.length;
}
