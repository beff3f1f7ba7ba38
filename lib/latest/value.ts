/**
 * Values of keys, to bytes and back.
 *
 * @module
 */

import { SchemaError, ShmSerializationError } from "../base/errors.ts";
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
 * @throws {SchemaError} if it does not match the schema
 */
export function encodeValue(attachment: Attachment, key: string, value: unknown): Encoded {
  const { checks } = attachment;
  return encodeChecked(
    attachment,
    key,
    checks?.outgoing === undefined ? value : checks.outgoing(value),
  );
}

function encodeChecked({ name, codec }: Attachment, key: string, value: unknown): Encoded {
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
 * @throws {SchemaError} if the value does not match the schema
 */
export function decodeValue(
  { name, codec, checks }: Attachment,
  key: string,
  bytes: Uint8Array,
  flags: number,
): unknown {
  try {
    const value = (flags & SELF_DESCRIBED) === 0
      ? codec.decode(bytes)
      : readSelfDescribed(flags, bytes);
    return checks?.incoming === undefined ? value : checks.incoming(value);
  } catch (cause) {
    if (cause instanceof SchemaError) throw cause;
    throw new ShmSerializationError(
      `the value of ${JSON.stringify(key)} of "${name}" cannot be decoded with codec ` +
        `"${codec.id}": ${messageOf(cause)}; set the key again, or delete it`,
      { cause },
    );
  }
}
