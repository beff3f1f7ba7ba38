/**
 * The replies that clients have not read, and what they take of the memory of the server.
 *
 * @module
 */

import { checkHeap } from "../../hosting/memory_guard.ts";
import { StoreFullError } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import { textBytes } from "../../store/text.ts";
import { HttpError } from "./errors.ts";
import {
  arrayChunks,
  CHUNK_LENGTH,
  chunkedJson,
  json,
  textChunks,
  type WithText,
} from "./responses.ts";

/** Bytes that the runtime uses for a body that is a stream, measured. */
export const STREAM_BYTES: number = 64 * 1024;
/** Smaller replies do not count: the objects of their connection are of that size, too. */
const FREE_LENGTH = 4096;
/** Most chunks of one body that the runtime keeps until the client reads. */
const BUFFERED_CHUNKS = 16;
/** Characters in one chunk of a store with a limit. */
const SHORT_CHUNK_LENGTH = 16_384;
/** Chunks after which the heap is looked at: each is garbage when it was sent. */
const CHUNKS_PER_CHECK = 32;
/** Bytes of a place in an array. */
const PLACE_BYTES = 8;

/** Makes replies, and counts them until they were sent. */
export class ReplyQuota {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get #isBounded(): boolean {
    return this.#store.maxBytes !== Infinity;
  }

  get #chunkLength(): number {
    return this.#isBounded ? SHORT_CHUNK_LENGTH : CHUNK_LENGTH;
  }

  /**
   * A response with JSON text, or with a JSON array. A large one is sent in chunks, as fast as the
   * client reads.
   *
   * @param sent fulfilled when the response was sent, or cannot be
   * @throws {HttpError} if there is no room for it
   */
  respond(result: string | readonly WithText[], sent: Promise<void>): Response {
    if (typeof result === "string") return this.#respondText(result, sent);
    let length = 2 + result.length;
    for (const { text } of result) length += text.length;
    if (length <= CHUNK_LENGTH) {
      return this.#respondText(`[${result.map(({ text }) => text).join(",")}]`, sent);
    }
    this.#reserve(
      STREAM_BYTES + PLACE_BYTES * result.length +
        Math.min(length, BUFFERED_CHUNKS * this.#chunkLength),
      sent,
    );
    return this.#isBounded
      ? this.#respondUntilCut(result, sent)
      : chunkedJson(arrayChunks(result, this.#chunkLength));
  }

  #respondText(text: string, sent: Promise<void>): Response {
    if (text.length <= CHUNK_LENGTH) {
      if (text.length > FREE_LENGTH) this.#reserve(text.length, sent);
      return json(text);
    }
    this.#reserveValue(STREAM_BYTES + textBytes(text), sent);
    return chunkedJson(textChunks(text, this.#chunkLength));
  }

  /** The texts of messages are those in the store. They live on here when it has evicted them. */
  #respondUntilCut(items: readonly WithText[], sent: Promise<void>): Response {
    let chunks: Iterator<Uint8Array, void> | undefined = arrayChunks(items, this.#chunkLength);
    const release = this.#store.held.hold(() => {
      chunks = undefined;
    });
    sent.then(release);
    let count = 0;
    return chunkedJson({
      [Symbol.iterator]: () => ({
        next() {
          if (++count % CHUNKS_PER_CHECK === 0) checkHeap();
          if (chunks === undefined) {
            throw new StoreFullError("the messages of a reply were evicted");
          }
          return chunks.next() as IteratorResult<Uint8Array>;
        },
      }),
    });
  }

  /** Counts the bytes of one value, which cannot be asked for in parts. */
  #reserveValue(bytes: number, sent: Promise<void>): void {
    const { transit } = this.#store;
    if (!transit.hasRoomForValue(bytes)) throw noRoomForReply();
    transit.add(bytes);
    sent.then(() => transit.add(-bytes));
  }

  /** Counts bytes until a response was sent. */
  #reserve(bytes: number, sent: Promise<void>): void {
    const { transit } = this.#store;
    if (!transit.reserve(bytes)) throw noRoomForReply();
    sent.then(() => transit.add(-bytes));
  }
}

/**
 * Counts an event stream until it has ended.
 *
 * @throws {HttpError} if there is no room for one more
 */
export function reserveStream({ subscriptions }: Store, sent: Promise<void>): void {
  const release = subscriptions.reserveStream(STREAM_BYTES);
  if (release === undefined) {
    throw new HttpError(
      429,
      "there is no room for a further event stream now: close others, or raise maxBytes",
    );
  }
  sent.then(release);
}

/** The error for a reply that finds no room. */
export function noRoomForReply(): HttpError {
  return new HttpError(
    503,
    "there is no room for this reply now: ask for less with limit, ask later, or raise maxBytes",
    { "retry-after": "1" },
  );
}
