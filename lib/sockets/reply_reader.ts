/**
 * Reading the replies to the requests of one requester.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import type { Encoded } from "../channel/encoder.ts";
import { readHeader } from "../channel/headers.ts";
import type { MessageCheck } from "../channel/message_checks.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "../channel/self_described.ts";
import type { SocketStatistics } from "../channel/statistics.ts";
import { type ContextHeaders, parseContextHeaders } from "../base/context_headers.ts";
import {
  SchemaError,
  ShmPeerLostError,
  ShmRemoteError,
  ShmSerializationError,
} from "../base/errors.ts";
import { logReceived, logsMessages } from "../base/log.ts";
import { messageOf } from "../base/thrown.ts";
import { readParts } from "./part_batch.ts";
import { readFailure, type RemoteFailure } from "./remote_failure.ts";
import {
  RECORD_ERROR,
  RECORD_HEADERS,
  RECORD_UNDEFINED,
  REPLY_END,
  REPLY_PARTS,
  REQUEST_SLOTS,
  SLOT_BYTES,
  SLOT_FLAGS,
  SLOT_LENGTH,
  SLOT_OFFSET,
} from "../../wasm/layout.ts";

/** How a request ended. */
export type Outcome<R> = { value: R } | { error: Error };

/** A reply, and its headers if they are read. */
export interface Reply<R> {
  outcome: Outcome<R>;
  headers: ContextHeaders | undefined;
}

/** What has arrived of a stream: parts, or how it has ended. */
export type StreamReply<R> = { parts: Encoded[] } | {
  outcome: Outcome<R>;
  /** False for the only reply of a replier that does not stream. */
  isEnd: boolean;
};

/** A reply as its replier wrote it. */
interface Copy {
  bytes: Uint8Array<ArrayBuffer>;
  flags: number;
}

/** Reads replies from a requester's region. */
export class ReplyReader<R> {
  readonly #attachment: Attachment;
  readonly #counts: SocketStatistics;
  readonly #region: number;
  readonly #readsHeaders: boolean;
  readonly #isLogged = logsMessages();

  /** `region` is the offset of the requester's region. */
  constructor(
    attachment: Attachment,
    counts: SocketStatistics,
    region: number,
    readsHeaders: boolean,
  ) {
    this.#attachment = attachment;
    this.#counts = counts;
    this.#region = region;
    this.#readsHeaders = readsHeaders;
  }

  /** The reply in a slot; a corrupt one is an error. */
  read(slot: number): Reply<R> {
    const copy = this.#copy(slot);
    if (typeof copy === "string") return this.#corrupt(copy);
    this.#countReceived(copy.bytes.length);
    return this.#decodeReply(copy);
  }

  /** The reply to a stream's request in a slot; a corrupt one is an error. */
  readStream(slot: number): StreamReply<R> {
    const copy = this.#copy(slot);
    if (typeof copy === "string") return { outcome: this.corrupt(copy), isEnd: true };
    if ((copy.flags & REPLY_PARTS) !== 0) {
      const parts = readParts(copy.bytes);
      return parts ? { parts } : { outcome: this.corrupt("a part of a stream"), isEnd: true };
    }
    const isEnd = (copy.flags & REPLY_END) !== 0;
    if (!isEnd) this.#countReceived(copy.bytes.length);
    return { outcome: this.#decodeReply(copy, isEnd).outcome, isEnd };
  }

  /** Decodes a part of a stream. */
  readPart({ bytes, flags }: Encoded): Outcome<unknown> {
    this.#countReceived(bytes.length);
    const check = this.#attachment.checks?.incomingPart;
    return this.#decode(bytes as Uint8Array<ArrayBuffer>, flags, check);
  }

  /** Copies a reply out of its slot; returns what is corrupt if it is not whole. */
  #copy(slot: number): Copy | string {
    const { ring, words, sharedMemory } = this.#attachment;
    const at = this.#region + REQUEST_SLOTS + slot * SLOT_BYTES;
    const offset = words[(at + SLOT_OFFSET) >>> 2] >>> 0;
    const length = words[(at + SLOT_LENGTH) >>> 2] >>> 0;
    const flags = words[(at + SLOT_FLAGS) >>> 2];
    if (ring.isReply(slot, offset, length, flags) === 0) return "a reply's slot";
    if (offset + length > sharedMemory.mappedBytes) this.#attachment.remap();
    if (offset + length > sharedMemory.mappedBytes) return "a reply's offset";
    const bytes = new Uint8Array(length);
    this.#attachment.copyOut(offset, bytes, length);
    // The replier does not change the bytes while the slot holds the reply.
    return ring.isReply(slot, offset, length, flags) === 0 ? "a reply's slot" : { bytes, flags };
  }

  #decodeReply({ bytes, flags }: Copy, isEnd = false): Reply<R> {
    // A stream may end with nothing.
    const isNothing = isEnd && (flags & RECORD_UNDEFINED) !== 0;
    const check = isNothing ? undefined : this.#attachment.checks?.incoming;
    if ((flags & RECORD_HEADERS) === 0) {
      return { outcome: this.#decode(bytes, flags, check), headers: undefined };
    }
    return this.#decodeWithHeader(bytes, flags, check);
  }

  #countReceived(length: number): void {
    const counts = this.#counts;
    counts.received++;
    counts.bytes += length;
    if (this.#isLogged) {
      logReceived(this.#attachment.name, length, `reply #${counts.received}`);
    }
  }

  #decodeWithHeader(bytes: Uint8Array, flags: number, check: MessageCheck | undefined): Reply<R> {
    const reply = readHeader(bytes);
    if (reply === undefined) return this.#corrupt("a reply's header");
    const headers = this.#readsHeaders ? parseContextHeaders(reply.header) : undefined;
    return { outcome: this.#decode(reply.payload, flags, check), headers };
  }

  #corrupt(what: string): Reply<R> {
    return { outcome: this.corrupt(what), headers: undefined };
  }

  /** Counts damage, and returns the outcome of the request that it ends. */
  corrupt(what: string): { error: Error } {
    this.#counts.errors++;
    return { error: this.#attachment.corruption(`${what} was overwritten`) };
  }

  #decode(bytes: Uint8Array, flags: number, check: MessageCheck | undefined): Outcome<R> {
    try {
      if ((flags & RECORD_ERROR) !== 0) return { error: this.#remoteError(readFailure(bytes)) };
      const value = (flags & SELF_DESCRIBED) !== 0
        ? readSelfDescribed(flags, bytes)
        : this.#attachment.codec.decode(bytes);
      return { value: (check === undefined ? value : check(value)) as R };
    } catch (cause) {
      this.#counts.errors++;
      if (cause instanceof SchemaError) return { error: cause };
      const error = new ShmSerializationError(
        `a reply on channel "${this.#attachment.name}" cannot be decoded: ${messageOf(cause)}`,
        { cause },
      );
      return { error };
    }
  }

  /** The error that a replier reported. A replier that closed counts as lost. */
  #remoteError({ name, code, message, isReplierClosed }: RemoteFailure): Error {
    if (!isReplierClosed) return new ShmRemoteError(message, name, code);
    return new ShmPeerLostError(
      `a request on channel "${this.#attachment.name}" has no reply: ${message}; ` +
        `send it again if it may be done twice`,
    );
  }
}
