/**
 * Server-Sent Events: a subscriber whose queue is sent as a response, while the connection is open.
 *
 * @module
 */

import { TextSet } from "../../../lib/base/text_map.ts";
import { MAX_ENTRIES_PER_RESPONSE, MAX_ENTRY_BYTES_PER_RESPONSE } from "../../store/limits.ts";
import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { glob } from "../../../lib/base/glob.ts";
import type { Store } from "../../store/store.ts";
import type { StoredMessage } from "../../store/stored_message.ts";
import { type Delivery, Subscription } from "../../store/subscription.ts";
import { reserveStream } from "./reply_quota.ts";
import { SERVER_NAME } from "./responses.ts";
import { entryToJson } from "./entries.ts";
import { HttpError } from "./errors.ts";
import type { SubscriberLimits } from "./subscriber_quota.ts";

/** Interval of comments that detect dead connections and keep proxies from closing idle ones. */
const HEARTBEAT_MS = 15_000;

/**
 * Bytes of entries in a chunk of a store with a limit: the runtime keeps up to 16 chunks for a client that does
 * not read.
 */
const CHUNK_BYTES = 4096;

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "server": SERVER_NAME,
};

/** What a client requests of a stream. */
export interface EventStreamRequest {
  readonly topics: readonly string[];
  readonly patterns: readonly string[];
  /** Start with the stored messages after this id. */
  readonly sinceId: bigint | undefined;
  /** Go on after the event with this id, with what was stored since then. */
  readonly lastId?: bigint | undefined;
}

/** The open streams of a server. */
export class EventStreams {
  readonly #store: Store;
  readonly #limits: SubscriberLimits;
  readonly #open = new Set<EventStream>();
  #opened = 0;
  /** Those that were open when the server stopped. */
  #finishing: readonly EventStream[] = [];

  constructor(store: Store, limits: SubscriberLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Number of open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** Subscribes, and responds with the entries. */
  open(request: EventStreamRequest, sent: Promise<void>): Response {
    const { topics, patterns } = request;
    if (topics.length + patterns.length === 0) {
      throw new HttpError(400, "topic or pattern is missing: name at least one");
    }
    const { quota } = this.#limits;
    quota.check();
    reserveStream(this.#store, sent);
    const name = `stream ${++this.#opened}`;
    const stream = new EventStream(name, this.#limits, {
      chunkBytes: this.#store.maxBytes === Infinity ? MAX_ENTRY_BYTES_PER_RESPONSE : CHUNK_BYTES,
      onEnd: () => this.#close(stream),
    });
    const { subscriptions } = this.#store;
    try {
      for (const topic of topics) subscriptions.subscribe(stream.subscription, topic);
      for (const pattern of patterns) subscriptions.psubscribe(stream.subscription, pattern);
    } catch (error) {
      subscriptions.remove(stream.subscription);
      throw error;
    }
    this.#open.add(stream);
    quota.used++;
    const backlog = this.#backlogOf(request);
    if (backlog.messages.length > 0) sent.then(this.#store.held.hold(() => stream.end()));
    return new Response(stream.body(backlog), { headers: HEADERS });
  }

  /** What a client has missed, or asks for in addition. */
  #backlogOf({ topics, patterns, sinceId, lastId }: EventStreamRequest): Backlog {
    const names = new TextSet(topics);
    const isNamed = (message: StoredMessage) => names.has(message.topic);
    if (lastId === undefined) {
      const messages = sinceId === undefined ? [] : this.#since(names, sinceId);
      return { messages, isFiltered: true, toEntries: (message) => [toDelivery(message)] };
    }
    const globs = [...new TextSet(patterns)].map((pattern) => ({
      pattern,
      matches: glob(pattern),
    }));
    const isFiltered = globs.length === 0;
    const all = this.#store.topics.allStoredAfter(lastId);
    return {
      messages: isFiltered ? all.filter(isNamed) : all,
      isFiltered,
      toEntries: (message) => [
        ...isNamed(message) ? [toDelivery(message)] : [],
        ...globs.filter(({ matches }) => matches(message.topic))
          .map(({ pattern }) => toDelivery(message, pattern)),
      ],
    };
  }

  /** The messages of topics after an id, sorted by time. */
  #since(topics: TextSet, id: bigint): StoredMessage[] {
    return [...topics].flatMap((topic) => this.#store.topics.since(topic, id))
      .sort((a, b) => a.timestampMs - b.timestampMs || (a.id < b.id ? -1 : 1));
  }

  #close(stream: EventStream): void {
    if (!this.#open.delete(stream)) return;
    this.#store.subscriptions.remove(stream.subscription);
    this.#limits.quota.used--;
  }

  /** Ends all subscriptions. Each stream ends when it has sent the entries that it has. */
  clear(): void {
    this.#finishing = [...this.#open];
    for (const stream of this.#finishing) stream.finish();
  }

  /** Entries of the streams that were finished which no client has taken. */
  get unsent(): number {
    return this.#finishing.reduce((sum, { unsent }) => sum + unsent, 0);
  }
}

/** Stored messages that a stream begins with. */
interface Backlog {
  readonly messages: readonly StoredMessage[];
  /** False if some of the messages have no entries. */
  readonly isFiltered: boolean;
  /** The entries of a message, as it would have been delivered to the stream. */
  toEntries(message: StoredMessage): Delivery[];
}

class EventStream {
  readonly subscription: Subscription;
  readonly #onEnd: () => void;
  /** Bytes of entries after which a chunk gets no further one. */
  readonly #chunkBytes: number;
  #wake: (() => void) | undefined;
  #isFinishing = false;
  #isEnded = false;
  #reportedDropped = 0;
  /** Stored messages to send before what is delivered. */
  #backlog: Backlog | undefined;
  #backlogAt = 0;
  /** Entries of the chunk that is sent now. */
  #sending = 0;

  constructor(
    name: string,
    { queue }: SubscriberLimits,
    { chunkBytes, onEnd }: { chunkBytes: number; onEnd: () => void },
  ) {
    const onReady = () => this.#wake?.();
    this.subscription = new Subscription({ ...queue, transport: "events", name, onReady });
    this.#chunkBytes = chunkBytes;
    this.#onEnd = onEnd;
  }

  end(): void {
    this.#isEnded = true;
    this.#backlog = undefined;
    this.#wake?.();
    this.#onEnd();
  }

  /** Subscribes to nothing more, and ends when the entries that it has are sent. */
  finish(): void {
    this.#isFinishing = true;
    this.#wake?.();
    this.#onEnd();
  }

  /** Entries that the client has not taken. */
  get unsent(): number {
    const backlog = this.#backlog?.isFiltered ? this.#backlog.messages.length - this.#backlogAt : 0;
    return this.#sending + backlog + this.subscription.length;
  }

  /** The body. The next chunk is produced when the client has read the one before. */
  body(backlog: Backlog): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    this.#backlog = backlog;
    let isFirst = true;
    return new ReadableStream({
      pull: async (controller) => {
        // A comment shows that the subscription is in force.
        const chunk = isFirst ? ": listening\n\n" : await this.#next();
        isFirst = false;
        if (this.#isEnded) controller.close();
        else controller.enqueue(encoder.encode(chunk));
      },
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  /** Waits for entries. Returns a comment if there are none for a while. */
  async #next(): Promise<string> {
    this.#sending = 0;
    const stored = await this.#nextOfBacklog();
    if (stored !== undefined) return this.#chunkOf(stored);
    await this.#waitForDelivery();
    const isDrained = this.#isFinishing && this.subscription.length === 0;
    if (this.subscription.isDisconnected || isDrained) this.end();
    return this.#chunkOf(
      this.subscription.take(MAX_ENTRIES_PER_RESPONSE, this.#chunkBytes),
    );
  }

  /** The entries of the next message in the backlog that has any. Matching many patterns takes long. */
  async #nextOfBacklog(): Promise<Delivery[] | undefined> {
    while (this.#backlog !== undefined && !this.#isEnded) {
      const message = this.#backlog.messages.at(this.#backlogAt++);
      if (message === undefined) {
        // It keeps messages alive that the store may have removed.
        this.#backlog = undefined;
        return undefined;
      }
      const entries = this.#backlog.toEntries(message);
      if (entries.length > 0) return entries;
      if (isTurnDue()) await takeTurn();
    }
    return undefined;
  }

  #chunkOf(entries: readonly Delivery[]): string {
    this.#sending = entries.length;
    return `${this.#reportDropped()}${entries.map(toEvent).join("")}` || ": still here\n\n";
  }

  /** An event with the number of entries dropped since the last such event. */
  #reportDropped(): string {
    const dropped = this.subscription.dropped - this.#reportedDropped;
    this.#reportedDropped += dropped;
    return dropped === 0 ? "" : `event: dropped\ndata: ${dropped}\n\n`;
  }

  /** Waits for entries, the end, or the time of the next heartbeat. */
  async #waitForDelivery(): Promise<void> {
    if (this.subscription.length > 0 || this.#isFinishing || this.#isEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, HEARTBEAT_MS);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

function toDelivery(message: StoredMessage, pattern?: string): Delivery {
  const { topic, bytes, timestampMs: atMs } = message;
  return { kind: "stored", topic, message, bytes, atMs, ...pattern !== undefined && { pattern } };
}

/** JSON may have line ends between its tokens: each line becomes a data field. */
function toEvent(delivery: Delivery): string {
  const id = delivery.kind === "stored" ? `id: ${delivery.message.id}\n` : "";
  const data = entryToJson(delivery).split(/\r\n|\r|\n/).join("\ndata: ");
  return `${id}data: ${data}\n\n`;
}
