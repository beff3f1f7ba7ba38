/**
 * Decodes the bytes of an observed or recorded message.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { SegmentConfig } from "../segment/format.ts";
import { type CodecName, resolveCodec } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import { ShmSerializationError } from "../base/errors.ts";
import { readHeader } from "../channel/headers.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "../channel/self_described.ts";
import { RECORD_HEADERS } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

/** A payload, and how it is encoded. */
export interface Payload {
  /** Record flags, which mark a tensor and a header. */
  readonly flags: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A payload without its header. */
export interface PayloadParts extends Payload {
  /** The header, which stood before the value. */
  readonly header: string | undefined;
}

/**
 * Splits a payload into its header and its value.
 *
 * @throws {ShmSerializationError} if the header is longer than the payload
 */
export function splitHeader({ flags, bytes }: Payload): PayloadParts {
  if ((flags & RECORD_HEADERS) === 0) return { flags, bytes, header: undefined };
  const parts = readHeader(bytes);
  if (parts === undefined) {
    throw new ShmSerializationError(
      `cannot decode ${pluralize(bytes.length, "byte")} with a header: the header is longer ` +
        `than the payload`,
    );
  }
  return { flags: flags & ~RECORD_HEADERS, bytes: parts.payload, header: parts.header };
}

/** The built-in codec with an id; undefined for the id of a custom codec. */
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

  /** Decodes with the codec that a channel has. */
  constructor({ codecId }: Pick<SegmentConfig, "codecId">) {
    this.#codec = builtInCodec(codecId);
    this.#id = codecId;
  }

  /**
   * The value of a message, without its header.
   *
   * @throws {ShmSerializationError} if the bytes cannot be decoded, or the codec is not built in
   */
  decode(payload: Payload): unknown {
    const { flags, bytes } = splitHeader(payload);
    if ((flags & SELF_DESCRIBED) === 0 && this.#codec === undefined) {
      throw new ShmSerializationError(
        `cannot decode messages of codec "${this.#id}": it is no built-in codec; ` +
          `read their bytes instead`,
      );
    }
    try {
      return (flags & SELF_DESCRIBED) !== 0
        ? readSelfDescribed(flags, bytes)
        : this.#codec!.decode(bytes);
    } catch (cause) {
      const reason = messageOf(cause);
      throw new ShmSerializationError(
        `cannot decode ${pluralize(bytes.length, "byte")} with codec "${this.#id}": ${reason}`,
        { cause },
      );
    }
  }
}
