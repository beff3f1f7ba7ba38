/**
 * Values that are checked after they were decoded, or that come with their topics.
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
export function newDecoder(
  attachment: Attachment,
  counts: SocketStatistics,
  withTopic = false,
): Decoder {
  const check = attachment.checks?.incoming;
  const values = check === undefined
    ? new Decoder(attachment, counts)
    : new CheckedDecoder(attachment, counts, check);
  return withTopic ? new TopicDecoder(attachment, counts, values) : values;
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

/** What a subscriber with `withTopic` receives. */
export interface TopicMessage<T = unknown> {
  /** The topic that the message was sent with; undefined without one. */
  topic: string | undefined;
  /** The value that was sent. */
  value: T;
}

/** Decodes values as messages that tell their topics. */
class TopicDecoder extends Decoder {
  readonly #values: Decoder;

  /** Another decoder decodes the values. */
  constructor(attachment: Attachment, counts: SocketStatistics, values: Decoder) {
    super(attachment, counts);
    this.#values = values;
  }

  override get wraps(): boolean {
    return true;
  }

  override decode(frame: ReceivedFrame): unknown {
    const topic = frame.topic?.text;
    const decoded = this.#values.decode(frame);
    return decoded instanceof WithHeader
      ? new WithHeader<TopicMessage>({ topic, value: decoded.value }, decoded.header)
      : { topic, value: decoded };
  }
}
