/**
 * Requesting: one reply for each request.
 *
 * @module
 */

import { isTurnDue, takeTurn } from "../base/turn.ts";
import { checkNoMore } from "../base/checks.ts";
import {
  RECV_OPTIONS,
  RECV_SYNC_OPTIONS,
  REQUEST_OPTIONS,
  REQUEST_SYNC_OPTIONS,
  socketOptions,
  STREAM_OPTIONS,
} from "./options.ts";
import type { StreamOptions } from "./option_types.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import { ShmBufferFullError, ShmTimeoutError } from "../base/errors.ts";
import type { ContextHeaders } from "../base/context_headers.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { checkTimeout } from "../base/option_checks.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { Sender } from "../channel/sender.ts";
import { type Outcome, ReplyReader, type StreamReply } from "./reply_reader.ts";
import {
  LIVENESS_MS,
  type PendingRequest,
  REQUEST_REGION_BYTES,
  RequestTable,
} from "./request_table.ts";
import { RequesterObserver } from "./requester_observer.ts";
import { Socket, type SocketOptions } from "./socket.ts";
import { NONE, type None } from "../base/none.ts";
import { AsyncWaitQueue, type WaitContext, waitSync } from "../channel/wait.ts";
import { MAX_REQUESTS, REQUEST_PREFIX_BYTES, WAITERS_REQUESTERS } from "../../wasm/layout.ts";

const OPTIONS = socketOptions("Requester");
/** Parts of a stream that may wait for the program. */
const DEFAULT_WINDOW = 16;

/**
 * Sends requests to the repliers of a channel. Each request goes to one of them, and its reply to this
 * requester alone. Up to 256 requests can be in flight at once.
 *
 * Costs: about a microsecond a round trip while the replier spins, some tens when it sleeps. Not
 * safe to share between workers.
 *
 * @example
 * ```ts
 * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using replier = new Replier<number, number>(channel.handle);
 * const stop = new AbortController();
 * const served = replier.serve((n) => n * 2, { signal: stop.signal });
 *
 * using requester = new Requester<number, number>(channel.handle);
 * console.log(await requester.request(21, { timeoutMs: 1000 })); // 42
 * stop.abort();
 * await served;
 * ```
 */
export class Requester<Q = unknown, R = unknown> extends Socket {
  readonly #sender: Sender;
  readonly #requests: RequestTable<R>;
  readonly #replies: AsyncWaitQueue;
  readonly #waitContext: WaitContext;
  /** Requests of `send` whose replies `recv` has not taken, in the order sent. */
  readonly #sent: PendingRequest<R>[] = [];
  readonly #observer: RequesterObserver<Q, R> | undefined;

  /**
   * Attaches to a channel, creating it if it is new. Repliers may attach later.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SocketOptions) {
    OPTIONS.check(options, arguments[2]);
    super(target, "request", "requester", options);
    const instrumentation = options?.instrumentation;
    const isObserved = instrumentation !== undefined;
    const { sender, requests } = this.closeOnError(() => this.#openRequests(isObserved));
    this.#sender = sender;
    this.#requests = requests;
    this.#waitContext = {
      attachment: this.attachment,
      side: WAITERS_REQUESTERS,
      evictStalled: () => requests.checkRepliers(),
      waitBoundMs: () => LIVENESS_MS,
      poll: () => requests.poll(),
    };
    this.#replies = new AsyncWaitQueue(this.#waitContext);
    if (isObserved) {
      this.#observer = new RequesterObserver(instrumentation, this.name);
      sender.enableHeaders();
    }
  }

  #openRequests(readsHeaders: boolean): { sender: Sender; requests: RequestTable<R> } {
    const { attachment, counts } = this;
    const region = attachment.region(REQUEST_REGION_BYTES);
    const sender = new Sender(attachment, counts, REQUEST_PREFIX_BYTES);
    const reader = new ReplyReader<R>(attachment, counts, region, readsHeaders);
    return { sender, requests: new RequestTable(attachment, sender, reader, region) };
  }

  /**
   * Sends a request and resolves with its reply.
   *
   * @throws {ShmTimeoutError} if no reply arrives within `timeoutMs`
   * @throws {ShmBufferFullError} if there was no space for the request within `timeoutMs`
   * @throws {ShmRemoteError} if the replier's handler threw
   * @throws {ShmPeerLostError} if the replier that took the request died or left
   * @throws {ShmSerializationError} if the value, or the reply, cannot be encoded or decoded
   */
  request(value: Q, options?: WaitOptions): Promise<R>;
  request(value: Q, options?: WaitOptions, more?: unknown): Promise<R> {
    const rejection = REQUEST_OPTIONS.rejection(options, more);
    if (rejection !== undefined) return rejection;
    if (this.#observer === undefined) return this.#request(value, options);
    return this.#observer.request(value, (carrying) => this.#request(carrying, options));
  }

  async #request(value: Q, options: WaitOptions | undefined): Promise<R> {
    try {
      const timeoutMs = checkTimeout(options);
      options?.signal?.throwIfAborted();
      this.checkReady();
      const deadline = performance.now() + timeoutMs;
      const sent = this.#trySend(value);
      const pending = sent === NONE ? await this.#sendLater(value, timeoutMs, options) : sent;
      const remainingMs = timeoutMs === Infinity
        ? undefined
        : Math.max(0, deadline - performance.now());
      try {
        const outcome = await this.#replies.wait(() => this.#requests.collect(pending), {
          signal: options?.signal,
          timeoutMs: remainingMs,
        });
        return this.#settle(pending, outcome, timeoutMs);
      } finally {
        this.#requests.release(pending);
      }
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  async #sendLater(
    value: Q,
    timeoutMs: number,
    options: WaitOptions | undefined,
    window = 0,
  ): Promise<PendingRequest<R>> {
    const pending = await this.#sender.waitAsync(() => {
      this.#requests.collectAll();
      return this.#trySend(value, window);
    }, options);
    if (pending === NONE) throw this.#fullError(timeoutMs);
    return pending;
  }

  /**
   * Sends a request, and iterates over the parts of its reply as a replier's `serveStream` produces them.
   * The request is sent when the iteration begins. The replier waits while `window` parts are not
   * received. Leaving the loop cancels the stream, as `signal` does, and the replier learns of it.
   * What the replier's generator returns is the `value` of the last result, whose `done` is true.
   *
   * A replier that does not stream sends one part: its reply.
   *
   * The iteration throws
   * - `ShmTimeoutError` if no part arrives within `timeoutMs`
   * - `ShmBufferFullError` if there was no space for the request within `timeoutMs`
   * - `ShmRemoteError` if the replier's generator threw; the parts before that arrive first
   * - `ShmPeerLostError` if the replier died or left
   * - `ShmSerializationError` if the request, or a part, cannot be encoded or decoded
   *
   * @throws {TypeError} if an option is invalid
   * @throws {RangeError} if `window` or `timeoutMs` is out of range
   *
   * @example
   * ```ts
   * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using replier = new Replier<number, number>(channel.handle);
   * const stop = new AbortController();
   * const served = replier.serveStream(async function* (count) {
   *   for (let n = 0; n < count; n++) yield n * n;
   * }, { signal: stop.signal });
   *
   * using requester = new Requester<number, number>(channel.handle);
   * for await (const square of requester.stream(4)) console.log(square); // 0 1 4 9
   * stop.abort();
   * await served;
   * ```
   */
  stream<P = R>(value: Q, options?: StreamOptions): AsyncGenerator<P, R, undefined>;
  stream<P = R>(
    value: Q,
    options: StreamOptions = {},
    more?: unknown,
  ): AsyncGenerator<P, R, undefined> {
    STREAM_OPTIONS.check(options, more);
    if (this.#observer === undefined) return this.#stream<P>(value, options);
    return this.#observer.stream(value, (carrying) => this.#stream<P>(carrying, options));
  }

  async *#stream<P>(value: Q, options: StreamOptions): AsyncGenerator<P, R, undefined> {
    const pending = await this.#sendStream(value, options);
    const cancel = () => this.#requests.releaseStream(pending);
    options.signal?.addEventListener("abort", cancel);
    try {
      while (true) {
        const reply = await this.#nextParts(pending, options);
        if (!("parts" in reply)) {
          const result = this.#settle(pending, reply.outcome, 0);
          if (reply.isEnd) return result;
          yield result as unknown as P;
          return undefined as R;
        }
        for (const part of reply.parts) {
          if (isTurnDue()) await takeTurn();
          options.signal?.throwIfAborted();
          yield this.#requests.decodePart(part) as P;
        }
        this.#requests.returnParts(pending);
      }
    } finally {
      options.signal?.removeEventListener("abort", cancel);
      cancel();
    }
  }

  #sendStream(
    value: Q,
    options: StreamOptions,
  ): PendingRequest<R> | Promise<PendingRequest<R>> {
    const { window = DEFAULT_WINDOW, signal } = options;
    const timeoutMs = checkTimeout(options);
    signal?.throwIfAborted();
    this.checkReady();
    const sent = this.#trySend(value, window);
    return sent === NONE ? this.#sendLater(value, timeoutMs, options, window) : sent;
  }

  async #nextParts(
    pending: PendingRequest<R>,
    options: StreamOptions,
  ): Promise<StreamReply<R>> {
    const reply = await this.#replies.wait(
      () => this.#requests.collectParts(pending),
      options,
    );
    if (reply !== NONE) return reply;
    this.attachment.checkOpen();
    throw new ShmTimeoutError(
      `no part of a stream arrived on channel "${this.name}" within ${options.timeoutMs} ms; check that a ` +
        `replier ${this.attachment.peersHint}, or wait longer`,
    );
  }

  /** Sends a request, and blocks this thread until its reply arrives. Throws what `request` throws. */
  requestSync(value: Q, options?: TimeoutOptions): R;
  requestSync(value: Q, options?: TimeoutOptions, more?: unknown): R {
    REQUEST_SYNC_OPTIONS.check(options, more);
    if (this.#observer === undefined) return this.#requestSync(value, options);
    return this.#observer.request(value, (carrying) => this.#requestSync(carrying, options));
  }

  #requestSync(value: Q, options: TimeoutOptions | undefined): R {
    const timeoutMs = checkTimeout(options);
    this.checkReady();
    const deadline = performance.now() + timeoutMs;
    const sent = this.#trySend(value);
    const pending = sent === NONE ? this.#sendSync(value, timeoutMs) : sent;
    try {
      const remainingMs = Math.max(0, deadline - performance.now());
      return this.#settle(
        pending,
        waitSync(this.#waitContext, () => this.#requests.collect(pending), remainingMs),
        timeoutMs,
      );
    } finally {
      this.#requests.release(pending);
    }
  }

  #sendSync(value: Q, timeoutMs: number): PendingRequest<R> {
    const attempt = () => {
      this.#requests.collectAll();
      return this.#trySend(value);
    };
    const pending = waitSync(this.#sender, attempt, timeoutMs);
    if (pending === NONE) throw this.#fullError(timeoutMs);
    return pending;
  }

  /**
   * Sends a request whose reply `recv` receives: the two-step form of `request`.
   *
   * @returns false if the ring is full or 256 requests are in flight
   */
  send(value: Q): boolean {
    if (arguments.length > 1) checkNoMore("send()", arguments, 1, "request() or requestSync()");
    if (this.#observer === undefined) return this.#send(value, undefined);
    return this.#observer.send(value, (carrying, headers) => this.#send(carrying, headers));
  }

  #send(value: Q, headers: ContextHeaders | undefined): boolean {
    this.checkReady();
    this.#requests.collectAll();
    const pending = this.#trySend(value);
    if (pending === NONE) {
      this.counts.dropped++;
      return false;
    }
    pending.headers = headers;
    this.#sent.push(pending);
    return true;
  }

  /**
   * Receives the reply to the oldest request of `send` whose reply was not received yet.
   *
   * @throws {TypeError} if there is no such request
   * @throws {ShmTimeoutError} if no reply arrives within `timeoutMs`; it can still be received later
   */
  recv(options?: WaitOptions): Promise<R>;
  recv(options?: WaitOptions, more?: unknown): Promise<R> {
    const rejection = RECV_OPTIONS.rejection(options, more);
    if (rejection !== undefined) return rejection;
    if (this.#observer === undefined) return this.#recv(options);
    const pending = this.#sent.at(0);
    return this.#observer.receiveAsync(() => pending?.headers, () => this.#recv(options));
  }

  async #recv(options: WaitOptions | undefined): Promise<R> {
    try {
      const timeoutMs = checkTimeout(options);
      options?.signal?.throwIfAborted();
      const pending = this.#oldestSent();
      const outcome = await this.#replies.wait(() => this.#requests.collect(pending), options);
      return this.#finishSent(pending, outcome, timeoutMs);
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** Receives as `recv` does, blocking this thread. */
  recvSync(options?: TimeoutOptions): R;
  recvSync(options?: TimeoutOptions, more?: unknown): R {
    RECV_SYNC_OPTIONS.check(options, more);
    if (this.#observer === undefined) return this.#recvSync(options);
    const pending = this.#sent.at(0);
    return this.#observer.receive(() => pending?.headers, () => this.#recvSync(options));
  }

  #recvSync(options: TimeoutOptions | undefined): R {
    const timeoutMs = checkTimeout(options);
    const pending = this.#oldestSent();
    const outcome = waitSync(this.#waitContext, () => this.#requests.collect(pending), timeoutMs);
    return this.#finishSent(pending, outcome, timeoutMs);
  }

  #oldestSent(): PendingRequest<R> {
    this.checkReady();
    if (this.#sent.length === 0) {
      throw new TypeError(
        `cannot receive a reply on channel "${this.name}": no request was sent; call send() first`,
      );
    }
    return this.#sent[0];
  }

  #finishSent(pending: PendingRequest<R>, outcome: Outcome<R> | None, timeoutMs: number): R {
    if (outcome === NONE) return this.#settle(pending, outcome, timeoutMs);
    this.#sent.splice(this.#sent.indexOf(pending), 1);
    this.#requests.release(pending);
    return this.#settle(pending, outcome, timeoutMs);
  }

  /** Sends a request if there are a slot and space. */
  #trySend(value: Q, window = 0): PendingRequest<R> | None {
    this.#sender.checkReady();
    return this.#requests.trySend(() => this.#sender.encode(value), window);
  }

  #fullError(timeoutMs: number): ShmBufferFullError {
    this.attachment.checkOpen();
    this.counts.dropped++;
    return new ShmBufferFullError(
      `cannot send a request on channel "${this.name}": its ring, or all of its ${MAX_REQUESTS} ` +
        `slots, stayed full for ${timeoutMs} ms; add repliers or wait longer`,
    );
  }

  #settle(pending: PendingRequest<R>, outcome: Outcome<R> | None, timeoutMs: number): R {
    if (outcome === NONE) {
      this.attachment.checkOpen();
      throw new ShmTimeoutError(
        `no reply arrived on channel "${this.name}" within ${timeoutMs} ms; check that a replier ` +
          `${this.attachment.peersHint}, or wait longer`,
      );
    }
    if ("error" in outcome) throw outcome.error;
    if (this.#observer !== undefined) {
      this.#observer.received(outcome.value, pending.headers);
    }
    return outcome.value;
  }

  /**
   * From now on requests may be `WithHeader`.
   * @internal
   */
  protected override enableHeaders(): void {
    this.#sender.enableHeaders();
  }

  /**
   * Ends all waits.
   * @internal
   */
  protected override abortWaits(): void {
    this.#requests.cancelAll();
    const error = closedWhileWaiting(this.name);
    this.#replies.rejectAll(error);
    this.#sender.abortWaits(error);
  }
}
