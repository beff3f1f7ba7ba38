/**
 * Bytes to byte strings and back. `TextDecoder` has no such encoding: its "latin1" is that of Windows.
 *
 * @module
 */

import { nodeModule } from "../../lib/base/node_module.ts";

/** Up to this length a loop that writes the characters is faster than a call of the runtime. */
const SHORT = 64;
/** Longer texts are written in pieces: the first one tells whether a text is bytes of another kind. */
const PIECE = 4096;
/** The engine joins two texts in parts of a tree from a length of 13 on, and looking those up takes long. */
const MAX_FLAT = 12;
/** Most characters of one call below. */
const MAX_CALL = 8;

/** The method of `Buffer` that its types leave out. */
type Slice = (this: Uint8Array, start: number, end: number) => string;
let slice: Slice | undefined;

function loadSlice(): Slice {
  const { prototype } = nodeModule("node:buffer").Buffer;
  return (prototype as unknown as { latin1Slice: Slice }).latin1Slice;
}

const encoder = new TextEncoder();

/** The byte string of a part of some bytes. */
export function readLatin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const length = end - start;
  if (length > MAX_FLAT) return (slice ??= loadSlice()).call(bytes, start, end);
  if (length <= MAX_CALL) return readFew(bytes, start, length);
  return readFew(bytes, start, MAX_CALL) + readFew(bytes, start + MAX_CALL, length - MAX_CALL);
}

const text = String.fromCharCode;

/** A text of up to 8 characters, made by one call. */
function readFew(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 1:
      return text(b[i]);
    case 2:
      return text(b[i], b[i + 1]);
    case 3:
      return text(b[i], b[i + 1], b[i + 2]);
    case 4:
      return text(b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 5:
      return text(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 6:
      return text(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 7:
      return text(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    case 8:
      return text(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
    default:
      return "";
  }
}

/** Writes a byte string at an index, where there is room for it. */
export function writeLatin1(text: string, bytes: Uint8Array, at: number): void {
  for (let i = asciiWritten(text, bytes, at); i < text.length; i++) {
    bytes[at + i] = text.charCodeAt(i);
  }
}

/** Writes long pieces of ASCII; returns the place after them. */
function asciiWritten(text: string, bytes: Uint8Array, at: number): number {
  let done = 0;
  while (text.length - done > SHORT) {
    const end = Math.min(done + PIECE, text.length);
    const piece = done === 0 && end === text.length ? text : text.slice(done, end);
    // Characters beyond ASCII take two bytes, or no longer fit.
    const { read } = encoder.encodeInto(piece, bytes.subarray(at + done, at + end));
    if (read !== piece.length) return done;
    done = end;
  }
  return done;
}

/** The bytes of a byte string. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}
