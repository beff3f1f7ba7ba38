/**
 * The `"raw"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { describeValue } from "./describe.ts";
import { viewProblem } from "./typed_array.ts";

/**
 * Bytes without any encoding. `encode` takes only `Uint8Array`; a subclass, such as `Buffer`, arrives
 * as `Uint8Array`.
 */
export const rawCodec: Codec<Uint8Array> = Object.freeze({ id: "raw", encode, decode });

function encode(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(
      `raw cannot encode ${describeValue(value)}: send a Uint8Array, or use another codec`,
    );
  }
  // Only a view without bytes can be one that cannot be read.
  const problem = value.length === 0 ? viewProblem(value) : undefined;
  if (problem !== undefined) throw new TypeError(`raw cannot encode a Uint8Array: ${problem}`);
  return value;
}

function decode(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
