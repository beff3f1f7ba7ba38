/**
 * Messages for those who look at them, as Server-Sent Events. A viewer that does not read is not waited for, and
 * nothing is kept for it: it gets what is there when it reads on.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import type { MessageBatch, MessageFeed } from "../metrics/message_feed.ts";

/** Most viewers at once. */
export const MAX_STREAMS = 20;
/** Milliseconds between two looks. */
const LOOK_MS = 200;
/** After a slow look, the next one is delayed by this many times its duration. */
const IDLE_FACTOR = 20;
/** Interval of comments that detect dead connections. */
const HEARTBEAT_MS = 15_000;

const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store" };

/** The open streams of a server. */
export class MessageStreams {
  readonly #open = new Set<MessageStream>();

  /** Number of open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** True if no more streams may be opened. */
  get isFull(): boolean {
    return this.size >= MAX_STREAMS;
  }

  /** Sends what a feed has, one batch in each event, until the client closes the connection. */
  open(feed: MessageFeed): Response {
    const stream = new MessageStream(feed, () => this.#open.delete(stream));
    this.#open.add(stream);
    return new Response(stream.body(), { headers: HEADERS });
  }

  /** Ends all streams. */
  clear(): void {
    for (const stream of [...this.#open]) stream.end();
  }
}

class MessageStream {
  readonly #feed: MessageFeed;
  readonly #onEnd: () => void;
  readonly #ended = new AbortController();
  readonly #encoder = new TextEncoder();
  /** Milliseconds until the next look. */
  #delayMs = 0;
  #isLooking = false;

  constructor(feed: MessageFeed, onEnd: () => void) {
    this.#feed = feed;
    this.#onEnd = onEnd;
  }

  /** The body. The next look is taken when the client has read what the one before has found. */
  body(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const text = await this.#next();
        if (text !== undefined) controller.enqueue(this.#encoder.encode(text));
        if (text === undefined || this.#ended.signal.aborted) controller.close();
      },
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  /** The next event; undefined at the end. */
  async #next(): Promise<string | undefined> {
    const beganMs = performance.now();
    while (!this.#ended.signal.aborted) {
      await sleep(this.#delayMs, this.#ended.signal);
      if (this.#ended.signal.aborted) break;
      const isFirst = this.#delayMs === 0;
      const batch = await this.#look();
      if (batch === undefined) break;
      if (batch.end !== null) this.end();
      if (isFirst || !isEmpty(batch)) return `data: ${JSON.stringify(batch)}\n\n`;
      if (performance.now() - beganMs > HEARTBEAT_MS) return ": still here\n\n";
    }
    return undefined;
  }

  /** Looks once; undefined if that fails, which ends the stream. */
  async #look(): Promise<MessageBatch | undefined> {
    const startMs = performance.now();
    this.#isLooking = true;
    try {
      return await this.#feed.next();
    } catch (error) {
      logger.warn("cannot show messages on the dashboard: {error}", { error });
      this.end();
      return undefined;
    } finally {
      this.#isLooking = false;
      if (this.#ended.signal.aborted) this.#close();
      this.#delayMs = Math.max(LOOK_MS, (performance.now() - startMs) * IDLE_FACTOR);
    }
  }

  /** Ends the stream. A look that goes on is completed first. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#onEnd();
    if (!this.#isLooking) this.#close();
  }

  #close(): void {
    this.#feed[Symbol.dispose]();
  }
}

function isEmpty({ messages, skipped, problems, end }: MessageBatch): boolean {
  return messages.length === 0 && skipped === 0 && problems.length === 0 && end === null;
}
