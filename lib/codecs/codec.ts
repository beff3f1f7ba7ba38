/**
 * The interface of codecs.
 *
 * @module
 */

/**
 * Turns values into bytes and back.
 *
 * Implement it for a serialization format of your own. All participants of a channel must use codecs
 * with the same {@linkcode Codec.id}.
 *
 * @example A codec for one fixed record
 * ```ts
 * import type { Codec } from "@ringbus/ringbus";
 *
 * const scratch = new Uint8Array(8);
 * const point: Codec<{ x: number; y: number }> = {
 *   id: "point.v1",
 *   encode(value) {
 *     const view = new DataView(scratch.buffer);
 *     view.setFloat32(0, value.x);
 *     view.setFloat32(4, value.y);
 *     return scratch;
 *   },
 *   decode(bytes) {
 *     const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
 *     return { x: view.getFloat32(0), y: view.getFloat32(4) };
 *   },
 * };
 * ```
 */
export interface Codec<T = unknown> {
  /**
   * Stored in the segment: a participant with another codec cannot attach. 1 to 31 characters of
   * `[A-Za-z0-9._-]`.
   */
  readonly id: string;
  /**
   * Encodes a value. It may return a view of a buffer that the next call reuses: the caller copies
   * the bytes at once.
   */
  encode(value: T): Uint8Array;
  /**
   * Decodes a value. `bytes` is never shared memory. It is valid only during the call and reused
   * after it: the result must not refer to it.
   */
  decode(bytes: Uint8Array): T;
}
