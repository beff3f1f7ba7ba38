/**
 * Values on their way out of a channel: from a message's bytes to what was sent.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { type RingbusError, SchemaError, ShmSerializationError } from "../base/errors.ts";
import type { ReceivedFrame } from "./frame_cursor.ts";
import { WithHeader } from "./headers.ts";
import type { SocketStatistics } from "./statistics.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "./self_described.ts";
import { RECORD_HEADERS } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

/** Flags of messages that are more than what the codec wrote. */
const NOT_CODEC_ALONE = SELF_DESCRIBED | RECORD_HEADERS;

/** Decodes the values that one socket receives. */
export class Decoder {
  readonly #attachment: Attachment;
  readonly #counts: SocketStatistics;

  constructor(attachment: Attachment, counts: SocketStatistics) {
    this.#attachment = attachment;
    this.#counts = counts;
  }

  /** The value of a message; a `WithHeader` if the message has a header that was read. */
  decode(frame: ReceivedFrame): unknown {
    if ((frame.flags & NOT_CODEC_ALONE) !== 0) return this.#decodeFlagged(frame);
    return this.#decodeBytes(frame.bytes);
  }

  #decodeFlagged({ bytes, flags, header }: ReceivedFrame): unknown {
    const value = (flags & SELF_DESCRIBED) !== 0
      ? readSelfDescribed(flags, bytes)
      : this.#decodeBytes(bytes);
    return header === undefined ? value : new WithHeader(value, header);
  }

  #decodeBytes(bytes: Uint8Array): unknown {
    return this.#attachment.isRaw ? bytes : this.#attachment.codec.decode(bytes);
  }

  /** True if what it returns is more than the value, also of a message that is bytes alone. */
  get wraps(): boolean {
    return false;
  }

  /** Counts a message that could not be decoded, and returns the error to throw. */
  error(cause: unknown): RingbusError {
    this.#counts.errors++;
    if (cause instanceof SchemaError) return cause;
    const { name, codec } = this.#attachment;
    return new ShmSerializationError(
      `a message on channel "${name}" cannot be decoded with codec "${codec.id}": ${
        messageOf(cause)
      }; it is lost, the next one is not`,
      { cause },
    );
  }
}
