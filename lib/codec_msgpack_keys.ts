/**
 * Remembers the property names of messages.
 *
 * @module
 */

import { readUtf8 } from "./codec_utf8.ts";

/** A power of two. */
const SLOTS = 512;

/**
 * Makes each property name once: messages repeat a few names, and making a string costs more than
 * comparing it. Holds at most one name for each slot.
 */
export class KeyCache {
  #slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);

  /**
   * Reads a property name.
   *
   * @param bytes Holds the name.
   * @param start The offset of its first byte.
   * @param size How many bytes it has.
   * @returns The name.
   * @throws {RangeError} If the bytes are not UTF-8.
   */
  read(bytes: Uint8Array, start: number, size: number): string {
    let hash = size;
    for (let index = start; index < start + size; index++) {
      hash = (Math.imul(hash, 31) + bytes[index]) | 0;
    }
    const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isAscii(known, bytes, start, size)) return known;
    const name = internalized(readUtf8(bytes, start, start + size));
    // Only of ASCII is the length in bytes the length of the string.
    if (name.length === size) this.#slots[slot] = name;
    return name;
  }
}

function isAscii(name: string, bytes: Uint8Array, start: number, size: number): boolean {
  if (name.length !== size) return false;
  for (let index = 0; index < size; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** The engine finds a property faster by the string that it uses for the name itself. */
function internalized(name: string): string {
  return Object.keys({ [name]: 0 })[0];
}
