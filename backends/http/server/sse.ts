/**
 * Server-Sent Events: a subscriber whose queue is sent as a response, while the connection is open.
 *
 * @module
 */

import { MAX_ENTRIES_PER_RESPONSE } from "../../store/limits.ts";
import type { Store } from "../../store/store.ts";
import type { StoredMessage } from "../../store/stored_message.ts";
import { type Delivery, Subscription } from "../../store/subscription.ts";
import { SERVER_NAME } from "./responses.ts";
import { entryToJson } from "./entries.ts";
import { HttpError } from "./errors.ts";
import type { SubscriberLimits } from "./subscriber_quota.ts";

/** Interval of comments that detect dead connections and keep proxies from closing idle ones. */
const HEARTBEAT_MS = 15_000;

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
}

/** The open streams of a server. */
export class EventStreams {
  readonly #store: Store;
  readonly #limits: SubscriberLimits;
  readonly #open = new Set<EventStream>();
  #opened = 0;

  constructor(store: Store, limits: SubscriberLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Number of open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** Subscribes, and responds with the entries. */
  open({ topics, patterns, sinceId }: EventStreamRequest): Response {
    if (topics.length + patterns.length === 0) {
      throw new HttpError(400, "topic or pattern is missing: name at least one");
    }
    const { quota } = this.#limits;
    quota.check();
    const name = `stream ${++this.#opened}`;
    const stream = new EventStream(name, this.#limits, () => this.#close(stream));
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
    const backlog = sinceId === undefined ? [] : this.#since(new Set(topics), sinceId);
    return new Response(stream.body(backlog), { headers: HEADERS });
  }

  /** The messages of topics after an id, sorted by time. */
  #since(topics: ReadonlySet<string>, id: bigint): StoredMessage[] {
    return [...topics].flatMap((topic) => this.#store.topics.since(topic, id))
      .sort((a, b) => a.timestampMs - b.timestampMs || (a.id < b.id ? -1 : 1));
  }

  #close(stream: EventStream): void {
    if (!this.#open.delete(stream)) return;
    this.#store.subscriptions.remove(stream.subscription);
    this.#limits.quota.used--;
  }

  /** Ends all streams. */
  clear(): void {
    for (const stream of [...this.#open]) stream.end();
  }
}

class EventStream {
  readonly subscription: Subscription;
  readonly #onEnd: () => void;
  #wake: (() => void) | undefined;
  #isEnded = false;
  #reportedDropped = 0;

  constructor(name: string, { queue }: SubscriberLimits, onEnd: () => void) {
    const onReady = () => this.#wake?.();
    this.subscription = new Subscription({ ...queue, transport: "events", name, onReady });
    this.#onEnd = onEnd;
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
    this.#onEnd();
  }

  /** The body. The next chunk is produced when the client has read the one before. */
  body(backlog: readonly StoredMessage[]): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    const first = initialChunks(backlog);
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = first.next().value ?? await this.#next();
        if (this.#isEnded) controller.close();
        else controller.enqueue(encoder.encode(chunk));
      },
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  /** Waits for entries. Returns a comment if there are none for a while. */
  async #next(): Promise<string> {
    await this.#waitForDelivery();
    if (this.subscription.isDisconnected) this.end();
    const entries = this.subscription.take(MAX_ENTRIES_PER_RESPONSE).map(toEvent).join("");
    return `${this.#reportDropped()}${entries}` || ": still here\n\n";
  }

  /** An event with the number of entries dropped since the last such event. */
  #reportDropped(): string {
    const dropped = this.subscription.dropped - this.#reportedDropped;
    this.#reportedDropped += dropped;
    return dropped === 0 ? "" : `event: dropped\ndata: ${dropped}\n\n`;
  }

  /** Waits for entries, the end, or the time of the next heartbeat. */
  async #waitForDelivery(): Promise<void> {
    if (this.subscription.length > 0 || this.#isEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, HEARTBEAT_MS);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

/** A comment that the subscription is in force, then the stored messages. */
function* initialChunks(backlog: readonly StoredMessage[]): Generator<string, undefined> {
  yield ": listening\n\n";
  for (const message of backlog) {
    const { topic, bytes, timestampMs: atMs } = message;
    yield toEvent({ kind: "stored", topic, message, bytes, atMs });
  }
}

/** JSON may have line ends between its tokens: each line becomes a data field. */
function toEvent(delivery: Delivery): string {
  const id = delivery.kind === "stored" ? `id: ${delivery.message.id}\n` : "";
  const data = entryToJson(delivery).split(/\r\n|\r|\n/).join("\ndata: ");
  return `${id}data: ${data}\n\n`;
}
