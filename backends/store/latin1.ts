/**
 * Bytes to byte strings and back. `TextDecoder` has no such encoding: its "latin1" is that of Windows.
 *
 * @module
 */

import { nodeModule } from "../../lib/base/node_module.ts";

/** Up to this length a loop over the bytes is faster than a call of the runtime. */
const SHORT = 16;

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
  if (end - start > SHORT) return (slice ??= loadSlice()).call(bytes, start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Writes a byte string at an index, where there is room for it. */
export function writeLatin1(text: string, bytes: Uint8Array, at: number): void {
  const { length } = text;
  if (length > SHORT) {
    // Characters beyond ASCII take two bytes, or no longer fit.
    const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + length));
    if (read === length && written === length) return;
  }
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** The bytes of a byte string. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}
