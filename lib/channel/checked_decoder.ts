/**
 * Values that are checked after they were decoded.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { Decoder } from "./decoder.ts";
import type { ReceivedFrame } from "./frame_cursor.ts";
import { WithHeader } from "./headers.ts";
import type { MessageCheck } from "./message_checks.ts";
import type { SocketStatistics } from "./statistics.ts";

/** The decoder of a socket: one that checks, if the socket has a check of what it receives. */
export function newDecoder(attachment: Attachment, counts: SocketStatistics): Decoder {
  const check = attachment.checks?.incoming;
  return check === undefined
    ? new Decoder(attachment, counts)
    : new CheckedDecoder(attachment, counts, check);
}

/** Decodes what the check then accepts or replaces. */
class CheckedDecoder extends Decoder {
  readonly #check: MessageCheck;

  constructor(attachment: Attachment, counts: SocketStatistics, check: MessageCheck) {
    super(attachment, counts);
    this.#check = check;
  }

  override decode(frame: ReceivedFrame): unknown {
    const value = super.decode(frame);
    return value instanceof WithHeader
      ? new WithHeader(this.#check(value.value), value.header)
      : this.#check(value);
  }
}
