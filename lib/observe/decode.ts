/**
 * From the bytes of a message to its value.
 *
 * @module
 */

import type { SegmentConfig } from "../segment/format.ts";
import { type Codec, type CodecName, resolveCodec } from "../codecs/builtin.ts";
import { ShmSerializationError } from "../base/errors.ts";
import { MAX_HEADER_BYTES, paddedHeaderBytes } from "../channel/headers.ts";
import { readTensor } from "../codecs/tensor.ts";
import { RECORD_HEADERS, RECORD_TENSOR } from "../../wasm/layout.ts";

/** A payload, and how it is to be read. */
export interface Payload {
  /** Record flags, which tell a tensor, and a note, from the codec's bytes. */
  readonly flags: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A payload without what is noted on it. */
export interface PayloadParts extends Payload {
  /** The note that stood before the value. */
  readonly header: string | undefined;
}

const headerDecoder = new TextDecoder();

/**
 * Takes a payload apart.
 *
 * @throws {ShmSerializationError} if its note is longer than it is
 */
export function splitHeader({ flags, bytes }: Payload): PayloadParts {
  if ((flags & RECORD_HEADERS) === 0) return { flags, bytes, header: undefined };
  const length = bytes.length < 4 ? Infinity : new DataView(bytes.buffer, bytes.byteOffset)
    .getUint32(0, true);
  if (length > MAX_HEADER_BYTES || paddedHeaderBytes(length) > bytes.length) {
    throw new ShmSerializationError(
      `cannot decode ${bytes.length} bytes with a note: the note is longer than they are`,
    );
  }
  return {
    flags: flags & ~RECORD_HEADERS,
    bytes: bytes.subarray(paddedHeaderBytes(length)),
    header: headerDecoder.decode(bytes.subarray(4, 4 + length)),
  };
}

/** The built-in codec with an id; undefined for one that only its users know. */
export function builtInCodec(id: string): Codec | undefined {
  try {
    return resolveCodec(id as CodecName);
  } catch {
    return undefined;
  }
}

/** Decodes the messages of one channel. */
export class Decoder {
  readonly #codec: Codec | undefined;
  readonly #id: string;

  /** Decodes with the codec that a channel names. */
  constructor({ codecId }: Pick<SegmentConfig, "codecId">) {
    this.#codec = builtInCodec(codecId);
    this.#id = codecId;
  }

  /**
   * The value of a message, without what is noted on it.
   *
   * @throws {ShmSerializationError} if the bytes cannot be decoded, or nobody here knows how
   */
  decode(payload: Payload): unknown {
    const { flags, bytes } = splitHeader(payload);
    if ((flags & RECORD_TENSOR) === 0 && this.#codec === undefined) {
      throw new ShmSerializationError(
        `cannot decode messages of codec "${this.#id}": it is none of the built-in ones; ` +
          `look at their bytes instead`,
      );
    }
    try {
      return (flags & RECORD_TENSOR) !== 0 ? readTensor(bytes) : this.#codec!.decode(bytes);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ShmSerializationError(
        `cannot decode ${bytes.length} bytes with codec "${this.#id}": ${reason}`,
        { cause },
      );
    }
  }
}
