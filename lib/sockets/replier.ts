/**
 * Replying: the requests of a channel are shared among its repliers.
 *
 * @module
 */

import { checkNoMore } from "../base/checks.ts";
import { abortSignal, callback } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { RECV_OPTIONS, RECV_SYNC_OPTIONS, socketOptions } from "./options.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import { newEncoder } from "../channel/checked_encoder.ts";
import type { Encoder } from "../channel/encoder.ts";
import { HeaderEncoder } from "../channel/headers.ts";
import {
  SchemaError,
  ShmClosedError,
  ShmCorruptionError,
  ShmSerializationError,
} from "../base/errors.ts";
import { NONE, type None, orUndefined } from "../base/none.ts";
import type { PollSource } from "../channel/poll_source.ts";
import { POLL_SOURCE } from "../channel/wait.ts";
import { Receiver } from "../channel/receiver.ts";
import type { RequestRef } from "../channel/frame_cursor.ts";
import { ReplyBlocks } from "../channel/reply_blocks.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { logger, trace, tracing } from "../base/log.ts";
import { formatValue, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import { type RequestContext, WatchedRequest } from "./request_context.ts";
import { describeFailure, type RemoteFailure, REPLIER_CLOSED } from "./remote_failure.ts";
import type {
  RequestHandler,
  ServeOptions,
  ServeStreamOptions,
  StreamHandler,
} from "./option_types.ts";
import { ReplierObserver } from "./replier_observer.ts";
import { Socket, type SocketOptions } from "./socket.ts";
import { runToEnd, sendParts } from "./produce_parts.ts";
import { StreamedReply } from "./streamed_reply.ts";
import { StreamWaits } from "./stream_waits.ts";
import { RECORD_ERROR, REPLY_END, WAITERS_REQUESTERS } from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";
import { turnIfDue } from "../base/turn.ts";

const SERVE_OPTIONS = new OptionRules<ServeOptions>("serve()", {
  signal: abortSignal,
  concurrency: checkConcurrency,
});

const SERVE_STREAM_OPTIONS = new OptionRules<ServeStreamOptions<never, unknown>>(
  "serveStream()",
  { signal: abortSignal, concurrency: checkConcurrency, reply: callback },
);

function checkConcurrency(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 1) return value;
  throw new RangeError(`${name} must be a number of at least 1, not ${formatValue(value)}`);
}

/** Handles one request, which was received. */
type Handle<Q> = (ref: RequestRef, request: Q) => Promise<void>;

const OPTIONS = socketOptions("Replier");

/**
 * Receives requests and sends replies. Several repliers of one channel share the requests: each request
 * goes to one replier, and its reply to the requester that sent it.
 *
 * Costs: about a microsecond a round trip while both sides spin. Not safe to share between workers:
 * give each worker a replier of its own.
 *
 * @example
 * ```ts
 * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using requester = new Requester<string, string>(channel.handle);
 * using replier = new Replier<string, string>(channel.handle);
 *
 * requester.send("status");
 * console.log(replier.recvSync({ timeoutMs: 1000 })); // "status"
 * replier.send("ok");
 * console.log(requester.recvSync({ timeoutMs: 1000 })); // "ok"
 * ```
 */
export class Replier<Q = unknown, R = unknown> extends Socket {
  readonly #receiver: Receiver<Q>;
  #encoder: Encoder = newEncoder(this.attachment, this.counts, true);
  readonly #observer: ReplierObserver<Q, R> | undefined;
  readonly #blocks = new ReplyBlocks(this.attachment);
  #currentRequest: RequestRef | undefined;
  /** A call waits for a request. */
  #isReceiving = false;
  readonly #openRequests = new Set<RequestRef>();
  /** Where streams wait for their requesters; undefined before the first one. */
  #streams: StreamWaits | undefined;

  /**
   * Attaches to a channel, creating it if it is new. Requesters may attach later.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SocketOptions) {
    OPTIONS.check(options, arguments[2]);
    super(target, "request", "replier", options);
    this.#receiver = this.closeOnError(() => {
      this.attachment.ring.openRequests(this.attachment.index, 0);
      return new Receiver<Q>(this.attachment, this.counts);
    });
    const instrumentation = options?.instrumentation;
    if (instrumentation !== undefined) {
      this.#observer = new ReplierObserver(instrumentation, this.name);
      this.enableHeaders();
    }
  }

  /**
   * Receives a request if one is there. Reply with `send` before the next call.
   *
   * @returns undefined when there is none
   * @throws {TypeError} if the last request has no reply yet
   */
  tryRecv(): Q | undefined {
    if (arguments.length > 0) checkNoMore("tryRecv()", arguments, 0, "recvSync() or recv()");
    const request = this.#observer === undefined
      ? this.#tryRecv()
      : this.#observer.receive(() => this.#tryRecv());
    return orUndefined(request);
  }

  #tryRecv(): Q | None {
    this.#checkReplied();
    return this.#accept(() => this.#receiver.tryReceive());
  }

  /**
   * Receives a request, waiting in the event loop. Reply with `send` before the next call.
   *
   * @throws {ShmTimeoutError} if none arrived within `timeoutMs`
   * @throws {TypeError} if the last request has no reply yet
   */
  recv(options?: WaitOptions): Promise<Q>;
  recv(options?: WaitOptions, more?: unknown): Promise<Q> {
    const rejection = RECV_OPTIONS.rejection(options, more);
    if (rejection !== undefined) return rejection;
    if (this.#observer === undefined) return turnIfDue(this.#recv(options));
    return turnIfDue(this.#observer.receiveAsync(() => this.#recv(options)));
  }

  async #recv(options: WaitOptions | undefined): Promise<Q> {
    this.#checkReplied();
    this.#isReceiving = true;
    try {
      const value = await this.#receiver.receive(options);
      return this.#accept(() => value);
    } catch (error) {
      throw this.#failUndecoded(error);
    } finally {
      this.#isReceiving = false;
    }
  }

  /** Receives a request as `recv` does, blocking this thread. */
  recvSync(options?: TimeoutOptions): Q;
  recvSync(options?: TimeoutOptions, more?: unknown): Q {
    RECV_SYNC_OPTIONS.check(options, more);
    if (this.#observer === undefined) return this.#recvSync(options);
    return this.#observer.receive(() => this.#recvSync(options)) as Q;
  }

  #recvSync(options: TimeoutOptions | undefined): Q {
    this.#checkReplied();
    return this.#accept(() => this.#receiver.receiveSync(options));
  }

  #accept<V extends Q | None>(receive: () => V): V {
    let value: V;
    try {
      value = receive();
    } catch (error) {
      throw this.#failUndecoded(error);
    }
    if (value === NONE) return value;
    this.#currentRequest = this.#receiver.requestRef;
    this.#openRequests.add(this.#currentRequest);
    return value;
  }

  /** A request that cannot be decoded is failed here: it was taken, and no other replier gets it. */
  #failUndecoded(error: unknown): unknown {
    if (isUnreadable(error)) this.#failOrLog(this.#receiver.requestRef, error);
    return error;
  }

  #checkReplied(): void {
    this.checkReady();
    if (!this.#isReceiving && this.#currentRequest === undefined) return;
    const problem = this.#isReceiving
      ? "another call waits for one; await it first"
      : "the last one has no reply yet; call send() first";
    throw new TypeError(`cannot receive a request on channel "${this.name}": ${problem}`);
  }

  /**
   * Replies to the request that was received last.
   *
   * @returns false if its requester gave up or is gone
   * @throws {TypeError} if no request was received
   * @throws {ShmSerializationError} if the value cannot be encoded; the request can still get a reply
   */
  send(value: R): boolean {
    if (arguments.length > 1) checkNoMore("send()", arguments, 1);
    if (this.#observer === undefined) return this.#send(value);
    return this.#observer.reply(value, (carrying) => this.#send(carrying));
  }

  #send(value: R): boolean {
    this.checkReady();
    if (this.#currentRequest === undefined) {
      throw new TypeError(
        `cannot reply on channel "${this.name}": no request was received; call recv() first`,
      );
    }
    const isDelivered = this.#reply(this.#currentRequest, value);
    this.#currentRequest = undefined;
    return isDelivered;
  }

  /**
   * Replies to requests with what `handler` returns, until the signal aborts or the socket is closed. If
   * the handler throws, the requester gets a `ShmRemoteError` with the message, and serving continues.
   * The handler's second argument has a `signal` that aborts when the requester has abandoned the
   * request.
   *
   * @throws {ShmCorruptionError} if the segment is damaged; nothing else ends serving
   */
  serve(handler: RequestHandler<Q, R>, options: ServeOptions = {}): Promise<void> {
    return turnIfDue(this.#serve(handler, options, arguments[2]));
  }

  async #serve(
    handler: RequestHandler<Q, R>,
    options: ServeOptions,
    more: unknown,
  ): Promise<void> {
    callback("handler", handler);
    SERVE_OPTIONS.check(options, more);
    await this.#serveUntilEnd((ref, request) => this.#handle(ref, request, handler), options);
  }

  /**
   * Replies to requests with streams: each part that `handler` yields goes to the requester's `stream` as
   * soon as it wants one. The handler goes on while fewer parts wait than the requester's `window`. When
   * the requester leaves its loop, aborts or dies, the `signal` of the handler's second argument aborts,
   * and the handler is ended as by a `return` at its next `yield`. If it throws, the requester gets a
   * `ShmRemoteError` after the parts before it, and serving continues.
   *
   * Requests of `request` are served as well: see the option `reply`.
   *
   * @throws {ShmCorruptionError} if the segment is damaged; nothing else ends serving
   *
   * @example
   * ```ts
   * import { LocalChannel, Replier, Requester } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using replier = new Replier<string, number>(channel.handle);
   * const stop = new AbortController();
   * const served = replier.serveStream<string>(async function* (sentence) {
   *   const words = sentence.split(" ");
   *   yield* words;
   *   return words.length;
   * }, { signal: stop.signal });
   *
   * using requester = new Requester<string, number>(channel.handle);
   * for await (const word of requester.stream<string>("to the left")) console.log(word);
   * console.log(await requester.request("to the left")); // 3
   * stop.abort();
   * await served;
   * ```
   */
  serveStream<P = R>(
    handler: StreamHandler<Q, P, R>,
    options: ServeStreamOptions<Q, R> = {},
  ): Promise<void> {
    return turnIfDue(this.#serveStream(handler, options, arguments[2]));
  }

  async #serveStream<P>(
    handler: StreamHandler<Q, P, R>,
    options: ServeStreamOptions<Q, R>,
    more: unknown,
  ): Promise<void> {
    callback("handler", handler);
    SERVE_STREAM_OPTIONS.check(options, more);
    const { reply = (request: Q, context: RequestContext) => runToEnd(handler(request, context)) } =
      options;
    await this.#serveUntilEnd(
      (ref, request) =>
        ref.window > 0
          ? this.#handleStream(ref, request, handler)
          : this.#handle(ref, request, reply),
      options,
    );
  }

  async #serveUntilEnd(
    handle: Handle<Q>,
    { signal, concurrency = 1 }: ServeOptions,
  ): Promise<void> {
    this.#checkReplied();
    this.#isReceiving = true;
    try {
      await this.#serveAll(handle, signal, concurrency);
    } finally {
      this.#isReceiving = false;
    }
  }

  async #serveAll(
    handle: Handle<Q>,
    signal: AbortSignal | undefined,
    concurrency: number,
  ): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: { error: unknown } | undefined;
    while (!signal?.aborted && !this.closed && failure === undefined) {
      const next = await this.#nextRequest(signal);
      if (next === undefined) break;
      const tracked: Promise<void> = handle(next.ref, next.request)
        .catch((error) => failure = { error })
        .then(() => void running.delete(tracked));
      running.add(tracked);
      if (running.size >= concurrency) await Promise.race(running);
    }
    await Promise.all(running);
    if (failure !== undefined) throw failure.error;
  }

  async #nextRequest(
    signal: AbortSignal | undefined,
  ): Promise<{ ref: RequestRef; request: Q } | undefined> {
    try {
      const request = await this.#receiver.receive({ signal });
      const ref = this.#receiver.requestRef;
      this.#openRequests.add(ref);
      return { ref, request };
    } catch (error) {
      if (signal?.aborted || error instanceof ShmClosedError) return undefined;
      if (!isUnreadable(error)) throw error;
      this.#failOrLog(this.#receiver.requestRef, error);
      return this.#nextRequest(signal);
    }
  }

  async #handle(ref: RequestRef, request: Q, handler: RequestHandler<Q, R>) {
    using context = new WatchedRequest(() => this.#isOpen(ref));
    const handle = (received: Q) => handler(received, context);
    try {
      const value = this.#observer === undefined
        ? await handle(request)
        : await this.#observer.process(request, handle);
      if (!this.closed) this.#reply(ref, value);
    } catch (error) {
      if (!this.closed) this.#failOrLog(ref, error);
    }
  }

  async #handleStream<P>(
    ref: RequestRef,
    request: Q,
    handler: StreamHandler<Q, P, R>,
  ): Promise<void> {
    using stream = this.#openStream(ref);
    const produce = (received: Q) =>
      sendParts<P, R>(handler(received, stream), stream, (part) => this.#encoder.encodePart(part));
    let finish: () => void;
    try {
      const result = this.#observer === undefined
        ? await produce(request)
        : await this.#observer.process(request, produce);
      finish = () => void this.#end(ref, result);
    } catch (error) {
      finish = () => this.#failOrLog(ref, error);
    }
    await this.#finishStream(ref, stream, finish);
  }

  #openStream(ref: RequestRef): StreamedReply {
    return new StreamedReply(
      this.#streams ??= new StreamWaits(this.attachment),
      ref,
      this.#blocks,
      (offset, bytes, flags, parts) => {
        this.checkReady();
        return this.#write(ref, offset, bytes, flags, parts);
      },
    );
  }

  /** Ends a stream once its parts are received. */
  async #finishStream(ref: RequestRef, stream: StreamedReply, finish: () => void): Promise<void> {
    try {
      const isWanted = await stream.untilRead();
      if (isWanted && !this.closed) finish();
    } catch (error) {
      if (!this.closed) this.#failOrLog(ref, error);
    } finally {
      this.#openRequests.delete(ref);
    }
  }

  /** True while the requester waits for the reply. */
  #isOpen({ requester, slot, generation, requesterGeneration }: RequestRef): boolean {
    const { attachment } = this;
    return !this.closed && attachment.ring.isRequestOpen(requester, slot, generation) !== 0 &&
      attachment.generationOf(requester) === requesterGeneration &&
      attachment.isParticipantAlive(requester);
  }

  /** Fails a request. An error in doing so ends neither `serve` nor the other requests. */
  #failOrLog(ref: RequestRef, cause: unknown): void {
    try {
      this.#fail(ref, describeFailure(cause));
    } catch (error) {
      if (error instanceof ShmCorruptionError) throw error;
      logger.warn("a request on {channel} has an error without its message: {message}", {
        channel: this.name,
        message: messageOf(error),
      });
      this.#finish(ref, 0, new Uint8Array(0), RECORD_ERROR);
    }
  }

  #reply(ref: RequestRef, value: R): boolean {
    const { bytes, flags } = this.#encoder.encode(value);
    // A getter of the value, or a codec of the program, may close the socket.
    this.checkReady();
    return this.#deliver(ref, bytes, flags);
  }

  /** Ends a stream. */
  #end(ref: RequestRef, value: R): boolean {
    const { bytes, flags } = this.#encoder.encodeEnd(value);
    this.checkReady();
    return this.#deliver(ref, bytes, flags | REPLY_END);
  }

  /** Sends the requester an error in place of a reply. */
  #fail(ref: RequestRef, failure: RemoteFailure): void {
    const { message } = failure;
    logger.debug("a request on {channel} failed: {message}", { channel: this.name, message });
    const bytes = new TextEncoder().encode(JSON.stringify(failure));
    this.#deliver(ref, bytes, RECORD_ERROR);
  }

  #deliver(ref: RequestRef, bytes: Uint8Array, flags: number): boolean {
    const offset = this.#blocks.allocate(bytes.length);
    const isDelivered = this.#finish(ref, offset, bytes, flags);
    if (isDelivered) this.#blocks.keep(ref, offset);
    else this.#blocks.free(offset);
    return isDelivered;
  }

  /** Writes a reply and announces it; false if its requester gave up or is gone. */
  #finish(ref: RequestRef, offset: number, bytes: Uint8Array, flags: number): boolean {
    this.#openRequests.delete(ref);
    return this.#write(ref, offset, bytes, flags, 1);
  }

  /** Writes a reply, or parts of one, and announces it. */
  #write(
    ref: RequestRef,
    offset: number,
    bytes: Uint8Array,
    flags: number,
    messages: number,
  ): boolean {
    const { ring } = this.attachment;
    const { requester, slot, generation } = ref;
    if (ring.beginReply(requester, slot, generation) === 0) return false;
    this.attachment.copyIn(bytes, offset);
    ring.finishReply(requester, slot, generation, offset, bytes.length, flags);
    this.attachment.wake(requester, WAITERS_REQUESTERS);
    this.counts.sent += messages;
    this.counts.bytes += bytes.length;
    if (tracing) trace(`sent ${bytes.length} B on "${this.name}", reply #${this.counts.sent}`);
    return true;
  }

  /**
   * How a poll sees this socket.
   * @internal
   */
  [POLL_SOURCE](): PollSource {
    const { attachment } = this;
    return { attachment, dueAtMs: Infinity, isReady: () => this.#receiver.isReady };
  }

  /**
   * From now on requests with a header are received as `WithHeader`, and replies may be.
   * @internal
   */
  protected override enableHeaders(): void {
    this.#receiver.enableHeaders();
    if (this.#encoder instanceof HeaderEncoder) return;
    this.#encoder = new HeaderEncoder(this.attachment, this.counts, true);
  }

  /**
   * Ends all waits. Requests that have no reply yet fail at once.
   * @internal
   */
  protected override abortWaits(): void {
    try {
      for (const ref of [...this.#openRequests]) this.#fail(ref, REPLIER_CLOSED);
    } catch (failure) {
      // The segment is full or damaged. The requesters see that this replier is gone, and closing continues.
      logger.debug("requests on {channel} stay without a reply: {message}", {
        channel: this.name,
        message: messageOf(failure),
      });
    }
    const error = closedWhileWaiting(this.name);
    this.#streams?.rejectAll(error);
    this.#receiver.abortWaits(error);
  }
}

/** True for the error of one request, which another request does not have. */
function isUnreadable(error: unknown): boolean {
  return error instanceof ShmSerializationError || error instanceof SchemaError;
}
