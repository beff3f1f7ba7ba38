/**
 * Byte strings: bytes as a string with one character for each, from U+0000 to U+00FF. Keys, fields,
 * members and values are kept in this form, so that a program of any language may store any bytes. A text
 * is stored as its UTF-8. Most texts are ASCII, and are their own byte string.
 *
 * Bytes that are not UTF-8 are read as text all the same: each of them becomes one character from U+DC80 to
 * U+DCFF, which no UTF-8 has, and which is that byte again when it is written. Python calls this
 * `surrogateescape`.
 *
 * @module
 */

import { latin1Bytes, readLatin1 } from "./latin1.ts";

// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Added to a byte from 0x80 on that is not part of UTF-8. */
const ESCAPE = 0xdc00;

/** The byte string of a text. */
export function bytesOfText(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  if (text.isWellFormed()) return readLatin1(encoder.encode(text));
  let bytes = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += isEscape(code) ? String.fromCharCode(code - ESCAPE) : encoded(code);
  }
  return bytes;
}

function isEscape(code: number): boolean {
  return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
}

/** A surrogate that stands for no byte has three bytes, like all characters of its size. */
function encoded(code: number): string {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  if (!isSurrogate) return readLatin1(encoder.encode(String.fromCodePoint(code)));
  return String.fromCharCode(0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f);
}

/** The text of a byte string. */
export function textOfBytes(bytes: string): string {
  if (!BEYOND_ASCII.test(bytes)) return bytes;
  const array = latin1Bytes(bytes);
  try {
    return decoder.decode(array);
  } catch {
    return decodeInPieces(array);
  }
}

/** Decodes the longest pieces of UTF-8, and escapes the bytes between them. */
function decodeInPieces(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    text += length === 0
      ? String.fromCharCode(ESCAPE + bytes[at])
      : decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character at an index; 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
