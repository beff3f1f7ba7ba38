/**
 * The events of a queue as an iteration.
 *
 * @module
 */

import { Deque } from "../../lib/base/deque.ts";
import { logger } from "./log.ts";
import type { EventOptions, QueueEvent, QueueEvents } from "./types.ts";

/** Most events that wait for a slow reader. */
const MAX_WAITING = 10_000;

/** What an iteration needs to know of its queue. */
export interface EventHost {
  /** Calls `onEvent` with what happens in all processes, until the result is called. */
  listen(onEvent: (event: QueueEvent) => void): Promise<() => void>;
  /** Called once, when the iteration has ended. */
  onEnd(): void;
}

/** Waits for one event. */
type Reader = PromiseWithResolvers<IteratorResult<QueueEvent>>;

/** Events from now on. Those that a reader does not take in time are dropped, the oldest first. */
export class EventStream implements QueueEvents {
  readonly ready: Promise<void>;
  readonly #host: EventHost;
  readonly #channel: string | undefined;
  readonly #waiting = new Deque<QueueEvent>();
  readonly #readers = new Deque<Reader>();
  readonly #stopped = Promise.withResolvers<void>();
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #dropped = 0;

  constructor(host: EventHost, { channel, signal }: EventOptions) {
    this.#host = host;
    this.#channel = channel;
    this.ready = this.#start();
    // A failure must not end a program that awaits neither `ready` nor `next()`.
    this.ready.catch((error) => this.#fail(error));
    this.#heed(signal);
  }

  async #start(): Promise<void> {
    const stop = await this.#host.listen((event) => this.#onEvent(event));
    void this.#stopped.promise.then(stop);
  }

  #heed(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = () => this.end();
    signal.addEventListener("abort", onAbort, { once: true });
    void this.#stopped.promise.then(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  }

  #onEvent(event: QueueEvent): void {
    if (this.#hasEnded || this.#channel !== undefined && event.channel !== this.#channel) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: event });
    this.#waiting.push(event);
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting.shift();
    if (this.#dropped++ === 0) logger.warn("events_dropped", { maxWaiting: MAX_WAITING });
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  /** Ends the iteration. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopped.resolve();
    this.#host.onEnd();
    for (let reader = this.#readers.shift(); reader; reader = this.#readers.shift()) {
      if (this.#failure === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(this.#failure.error);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<QueueEvent>> {
    if (this.#hasEnded) {
      if (this.#failure !== undefined) throw this.#failure.error;
      return { done: true, value: undefined };
    }
    const event = this.#waiting.shift();
    if (event !== undefined) return { done: false, value: event };
    const reader: Reader = Promise.withResolvers();
    this.#readers.push(reader);
    return await reader.promise;
  }

  return(): Promise<IteratorResult<QueueEvent>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
