/**
 * Short words of requests, such as names of commands, options and small values. Most of them come again: then
 * they are the same text in memory as before, which is compared and looked up in less time.
 *
 * @module
 */

import { readLatin1 } from "../../store/latin1.ts";

/** Longer words are made each time. */
export const MAX_SHORT = 12;
/** Texts that are kept, one in each place. A power of 2. */
const PLACES = 512;

const known: string[] = new Array(PLACES).fill("");

/** The byte string of at most `MAX_SHORT` bytes. */
export function shortText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0) return "";
  const middle = bytes[start + (length >>> 1)];
  const place = (bytes[start] + 3 * middle + 37 * bytes[end - 1] + 11 * length) & (PLACES - 1);
  const text = known[place];
  if (text.length === length && isText(text, bytes, start)) return text;
  return known[place] = readLatin1(bytes, start, end);
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
