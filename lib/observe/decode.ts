/**
 * From the bytes of a message to its value.
 *
 * @module
 */

import type { SegmentFacts } from "../attachment.ts";
import { type Codec, type CodecName, resolveCodec } from "../codec.ts";
import { ShmSerializationError } from "../errors.ts";
import { readTensor } from "../tensor.ts";
import { RECORD_TENSOR } from "../../wasm/layout.ts";

/** A payload, and how it is to be read. */
export interface Payload {
  /** Record flags, which tell a tensor from the codec's bytes. */
  readonly flags: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
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
  constructor({ codecId }: Pick<SegmentFacts, "codecId">) {
    this.#codec = builtInCodec(codecId);
    this.#id = codecId;
  }

  /**
   * The value of a message.
   *
   * @throws {ShmSerializationError} if the bytes cannot be decoded, or nobody here knows how
   */
  decode({ flags, bytes }: Payload): unknown {
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
