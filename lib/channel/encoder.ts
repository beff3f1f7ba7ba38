/**
 * Values on their way into a channel: encoded by the codec, or as a tensor with any codec.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { ShmSerializationError } from "../base/errors.ts";
import type { SocketStatistics } from "./statistics.ts";
import { isTensor, tensorByteLength, writeTensor } from "../codecs/tensor.ts";
import { RECORD_TENSOR, RECORD_UNDEFINED } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

/** A value as bytes, with the record flags that describe how to read them. */
export interface Encoded {
  /** Valid until the next value is encoded. */
  bytes: Uint8Array;
  flags: number;
}

const UNDEFINED: Encoded = { bytes: new Uint8Array(0), flags: RECORD_UNDEFINED };

/** Encodes the values that one socket sends. */
export class Encoder {
  readonly #attachment: Attachment;
  readonly #counts: SocketStatistics;
  readonly #isForReplies: boolean;
  #tensorScratch = new Uint8Array(0);

  /** With `isForReplies`, codec `"raw"` takes `undefined` as well: a handler that returns nothing has replied. */
  constructor(attachment: Attachment, counts: SocketStatistics, isForReplies = false) {
    this.#attachment = attachment;
    this.#counts = counts;
    this.#isForReplies = isForReplies;
  }

  /**
   * A value as bytes.
   *
   * @throws {ShmSerializationError} if it cannot be encoded
   */
  encode(value: unknown): Encoded {
    try {
      if (isTensor(value)) return { bytes: this.#encodeTensor(value), flags: RECORD_TENSOR };
      if (value === undefined && this.#takesUndefined) return UNDEFINED;
      return { bytes: this.#attachment.codec.encode(value), flags: 0 };
    } catch (cause) {
      this.#counts.errors++;
      const { name, codec } = this.#attachment;
      throw new ShmSerializationError(
        `cannot send on channel "${name}": the value cannot be encoded with codec "${codec.id}": ${
          messageOf(cause)
        }`,
        { cause },
      );
    }
  }

  /** A part of a stream as bytes. Throws as `encode` does. */
  encodePart(value: unknown): Encoded {
    return this.encode(value);
  }

  /** What a stream ends with as bytes. Throws as `encode` does. */
  encodeEnd(value: unknown): Encoded {
    return this.encode(value);
  }

  get #takesUndefined(): boolean {
    return this.#isForReplies || this.#attachment.codec.id !== "raw";
  }

  #encodeTensor(value: Parameters<typeof writeTensor>[0]): Uint8Array {
    const bytes = tensorByteLength(value);
    if (this.#tensorScratch.length < bytes) this.#tensorScratch = new Uint8Array(bytes);
    writeTensor(value, this.#tensorScratch, 0);
    return this.#tensorScratch.subarray(0, bytes);
  }
}
