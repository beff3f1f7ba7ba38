/**
 * Arrays whose bytes are no longer readable.
 *
 * @module
 */

/** An array whose buffer was transferred. */
export function detachedBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** An array that lies beyond the end of its buffer. */
export function outOfBoundsBytes(): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
  const bytes = new Uint8Array(buffer, 8, 8);
  buffer.resize(4);
  return bytes;
}
