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
/** Up to this length a loop over the characters is faster than `TextEncoder`. */
const SHORT_TEXT = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Added to a byte from 0x80 on that is not part of UTF-8. */
const ESCAPE = 0xdc00;

/** The byte string of a text. */
export function bytesOfText(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  if (text.length > SHORT_TEXT && text.isWellFormed()) return readLatin1(encoder.encode(text));
  let bytes = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    bytes += encoded(code);
    if (code > 0xffff) i++;
  }
  return bytes;
}

/** The bytes of a character. A surrogate that stands for no byte has three, like all characters of its size. */
function encoded(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | code >> 6, 0x80 | code & 0x3f);
  if (isEscape(code)) return String.fromCharCode(code - ESCAPE);
  const [last, middle] = [0x80 | code & 0x3f, 0x80 | code >> 6 & 0x3f];
  if (code < 0x10000) return String.fromCharCode(0xe0 | code >> 12, middle, last);
  return String.fromCharCode(0xf0 | code >> 18, 0x80 | code >> 12 & 0x3f, middle, last);
}

function isEscape(code: number): boolean {
  return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
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
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = pieceEnd(bytes, at);
    if (end > at) parts.push(decoder.decode(bytes.subarray(at, end)));
    at = end;
    while (at < bytes.length && sequenceLength(bytes, at) === 0) {
      parts.push(String.fromCharCode(ESCAPE + bytes[at++]));
    }
  }
  return parts.join("");
}

/** The end of the piece of UTF-8 that begins at an index. */
function pieceEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) break;
    at += length;
  }
  return at;
}

/** Bytes of the character at an index; 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1];
  if (!(second >= leastSecond(first) && second <= mostSecond(first))) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let i = 2; i < length; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Longer forms of characters that have a shorter one are invalid, and so are surrogates. */
function leastSecond(first: number): number {
  return first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
}

function mostSecond(first: number): number {
  return first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
}
