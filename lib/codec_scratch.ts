/**
 * The buffers that encoders reuse from call to call.
 *
 * @module
 */

/** Size of a new scratch buffer in bytes. */
export const INITIAL_SCRATCH = 4096;

/** A scratch buffer that grew beyond this many bytes is given up after the call. */
export const MAX_KEPT_SCRATCH: number = 16 * 1024 * 1024;

/**
 * Makes a larger scratch buffer.
 *
 * @param scratch The present buffer.
 * @param used How many of its bytes to keep.
 * @param needed The least size of the new one.
 * @returns The new buffer, at least twice as large.
 * @throws {RangeError} If there is no memory for it.
 */
export function growScratch(
  scratch: Uint8Array<ArrayBuffer>,
  used: number,
  needed: number,
): Uint8Array<ArrayBuffer> {
  const size = Math.max(needed, scratch.length * 2);
  let larger: Uint8Array<ArrayBuffer>;
  try {
    larger = new Uint8Array(size);
  } catch {
    throw new RangeError(`cannot allocate ${size} bytes to encode the message: it is too large`);
  }
  larger.set(scratch.subarray(0, used));
  return larger;
}
