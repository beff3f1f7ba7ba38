/**
 * Values that are checked before they are encoded.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { type Encoded, Encoder } from "./encoder.ts";
import { HeaderEncoder, WithHeader } from "./headers.ts";
import type { MessageCheck } from "./message_checks.ts";
import type { SocketStatistics } from "./statistics.ts";

/** The encoder of a socket: one that checks, if the socket has a check of what it sends. */
export function newEncoder(
  attachment: Attachment,
  counts: SocketStatistics,
  isForReplies = false,
): Encoder {
  const { checks } = attachment;
  if (checks?.outgoing === undefined) return new Encoder(attachment, counts, isForReplies);
  const { outgoing, outgoingPart = outgoing } = checks;
  return new CheckedEncoder(attachment, counts, isForReplies, outgoing, outgoingPart);
}

/** Encodes what the checks return, and headers if values have some. */
class CheckedEncoder extends HeaderEncoder {
  readonly #counts: SocketStatistics;
  readonly #check: MessageCheck;
  readonly #checkPart: MessageCheck;

  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    isForReplies: boolean,
    check: MessageCheck,
    checkPart: MessageCheck,
  ) {
    super(attachment, counts, isForReplies);
    this.#counts = counts;
    this.#check = check;
    this.#checkPart = checkPart;
  }

  override encode(value: unknown): Encoded {
    return super.encode(this.#checked(value, this.#check));
  }

  override encodePart(value: unknown): Encoded {
    return super.encode(this.#checked(value, this.#checkPart));
  }

  /** A stream may end with nothing. */
  override encodeEnd(value: unknown): Encoded {
    const content = value instanceof WithHeader ? value.value : value;
    return content === undefined ? super.encode(value) : this.encode(value);
  }

  #checked(value: unknown, check: MessageCheck): unknown {
    try {
      return value instanceof WithHeader
        ? new WithHeader(check(value.value), value.header)
        : check(value);
    } catch (error) {
      this.#counts.errors++;
      throw error;
    }
  }
}
