/**
 * The `"raw"` codec.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { describeValue } from "./describe.ts";
import { isDetached } from "./typed_array.ts";

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
  if (isDetached(value.buffer)) {
    throw new TypeError(
      "raw cannot encode a Uint8Array whose ArrayBuffer is detached: it was transferred",
    );
  }
  return value;
}

function decode(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
