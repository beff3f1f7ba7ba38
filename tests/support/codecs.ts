/**
 * The built-in codecs, and values to encode.
 *
 * @module
 */

import { resolveCodec } from "../../lib/codecs/builtin.ts";
import type { Codec } from "../../lib/codecs/codec.ts";

export const msgpack: Codec = resolveCodec("msgpack");
export const json: Codec = resolveCodec("json");
export const raw: Codec = resolveCodec("raw");
export const clone: Codec = resolveCodec("clone");

/** Encodes and decodes a value. */
export function roundTrip(codec: Codec, value: unknown): unknown {
  const bytes = new Uint8Array(codec.encode(value));
  const result = codec.decode(bytes);
  // This would change a result that refers to its input.
  bytes.fill(0x55);
  return result;
}

/** Bytes of some numbers. */
export function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

/** An array of every kind, with its extreme values. */
export const TYPED_ARRAYS: readonly ArrayBufferView[] = [
  new Int8Array([-128, 0, 127]),
  new Uint8Array([0, 1, 255]),
  new Uint8ClampedArray([0, 255]),
  new Int16Array([-32768, 32767]),
  new Uint16Array([0, 65535]),
  new Int32Array([-(2 ** 31), 2 ** 31 - 1]),
  new Uint32Array([0, 2 ** 32 - 1]),
  new Float16Array([1.5, -0, NaN, Infinity]),
  new Float32Array([1.5, -0, NaN, -Infinity]),
  new Float64Array([Math.PI, -0, NaN, Number.MIN_VALUE]),
  new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]),
  new BigUint64Array([0n, 2n ** 64n - 1n]),
];

/** A value in `depth` arrays and objects. */
export function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}
