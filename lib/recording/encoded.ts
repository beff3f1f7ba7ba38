/**
 * Sockets that send encoded messages, byte for byte.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import { UNCHOSEN } from "../segment/chosen_codec.ts";
import type { ChannelKind, Role } from "../segment/format.ts";
import type { ChannelOptions } from "../channel/open.ts";
import type { CodecName } from "../codecs/builtin.ts";
import type { Codec } from "../codecs/codec.ts";
import { builtInCodec, type Payload, splitHeader } from "../observe/decode.ts";
import { TopicEncoder } from "../channel/topics.ts";
import { WithHeader } from "../channel/headers.ts";
import type { WaitOptions } from "../base/options.ts";
import { describeChannel } from "../observe/registry.ts";
import { Requester } from "../sockets/requester.ts";
import { SendingSocket } from "../sockets/sending_socket.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "../channel/self_described.ts";
import type { RecordingInfo } from "./writer.ts";
import { RecordingError } from "./errors.ts";

/** A message of a recording. */
export interface EncodedMessage extends Payload {
  readonly topic?: string | undefined;
}

/** A socket that sends recorded messages. */
export interface EncodedSender extends Disposable {
  /** Sends a message, and waits until the ring has space; on a request channel, also for the reply. */
  sendEncoded(message: EncodedMessage, options: WaitOptions): Promise<void>;
}

/**
 * Opens a socket on a channel of the recording's kind and codec. Creates the channel if it does not exist.
 *
 * @throws {ShmConnectionError} if the channel has another kind or codec
 */
export function openEncodedSender(
  name: string,
  info: RecordingInfo,
  dir?: string,
): EncodedSender {
  const { kind, codecId, capacity } = info;
  const options: ChannelOptions = {
    dir,
    ...codecId === UNCHOSEN ? {} : { codec: codecFor(codecId) },
    capacityBytes: describeChannel(name, { dir }) === undefined ? capacity : undefined,
  };
  if (kind === "broadcast") return new EncodedSocket(name, kind, "publisher", options);
  if (kind === "queue") return new EncodedSocket(name, kind, "pusher", options);
  if (kind === "request") return new EncodedRequester(name, options);
  throw new RecordingError(`cannot replay to channel "${name}": nothing can be sent to a ${kind}`);
}

function codecFor(id: string): CodecName | Codec {
  return builtInCodec(id) ? id as CodecName : passthroughCodec(id);
}

/** A codec whose values are encoded bytes. */
function passthroughCodec(id: string): Codec {
  return { id, encode: (value) => value as Uint8Array, decode: (bytes) => bytes.slice() };
}

/** Lets a socket take encoded messages from here on; the channel keeps its codec's id. */
function usePassthroughCodec(attachment: Attachment): void {
  attachment.codec = passthroughCodec(attachment.codec.id);
}

/** No codec encodes tensors and headers: they are decoded here, and encoded again as they were. */
function valueOf(payload: Payload): unknown {
  const { flags, bytes, header } = splitHeader(payload);
  const value = (flags & SELF_DESCRIBED) !== 0 ? readSelfDescribed(flags, bytes) : bytes;
  return header === undefined ? value : new WithHeader(value, header);
}

class EncodedSocket extends SendingSocket<unknown> implements EncodedSender {
  readonly #topics = new TopicEncoder();

  constructor(name: string, kind: ChannelKind, role: Role, options: ChannelOptions) {
    super(name, kind, role, options);
    this.enableHeaders();
    usePassthroughCodec(this.attachment);
  }

  sendEncoded(message: EncodedMessage, options: WaitOptions): Promise<void> {
    const { topic } = message;
    const words = topic === undefined ? undefined : this.#topics.encode(topic);
    return this.sender.sendAsync(valueOf(message), options, words);
  }
}

class EncodedRequester extends Requester implements EncodedSender {
  constructor(name: string, options: ChannelOptions) {
    super(name, options);
    this.enableHeaders();
    usePassthroughCodec(this.attachment);
  }

  async sendEncoded(message: EncodedMessage, options: WaitOptions): Promise<void> {
    await this.request(valueOf(message), options);
  }
}
