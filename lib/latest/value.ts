/**
 * Values of keys, to bytes and back.
 *
 * @module
 */

import { ShmSerializationError } from "../base/errors.ts";
import { messageOf } from "../base/thrown.ts";
import type { Attachment } from "../channel/attachment.ts";
import type { Encoded } from "../channel/encoder.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "../channel/self_described.ts";
import { isTensor, tensorByteLength, writeTensor } from "../codecs/tensor.ts";
import { RECORD_TENSOR, RECORD_UNDEFINED } from "../../wasm/layout.ts";

/**
 * A value as bytes.
 *
 * @throws {ShmSerializationError} if it cannot be encoded
 */
export function encodeValue({ name, codec }: Attachment, key: string, value: unknown): Encoded {
  try {
    if (isTensor(value)) {
      const bytes = new Uint8Array(tensorByteLength(value));
      writeTensor(value, bytes, 0);
      return { bytes, flags: RECORD_TENSOR };
    }
    if (value === undefined && codec.id !== "raw") {
      return { bytes: new Uint8Array(0), flags: RECORD_UNDEFINED };
    }
    return { bytes: codec.encode(value), flags: 0 };
  } catch (cause) {
    throw new ShmSerializationError(
      `cannot set ${JSON.stringify(key)} of "${name}": the value cannot be encoded with codec ` +
        `"${codec.id}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * The value of bytes.
 *
 * @throws {ShmSerializationError} if they cannot be decoded
 */
export function decodeValue(
  { name, codec }: Attachment,
  key: string,
  bytes: Uint8Array,
  flags: number,
): unknown {
  try {
    return (flags & SELF_DESCRIBED) === 0 ? codec.decode(bytes) : readSelfDescribed(flags, bytes);
  } catch (cause) {
    throw new ShmSerializationError(
      `the value of ${JSON.stringify(key)} of "${name}" cannot be decoded with codec ` +
        `"${codec.id}": ${messageOf(cause)}; set the key again, or delete it`,
      { cause },
    );
  }
}
