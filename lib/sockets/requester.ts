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
} from "./options.ts";
import type { SocketOptions } from "./socket.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import {
  ShmBufferFullError,
  ShmPeerLostError,
  ShmRemoteError,
  ShmSerializationError,
  ShmTimeoutError,
} from "../base/errors.ts";
import { type ContextHeaders, parseContextHeaders } from "../base/context_headers.ts";
import { readHeader } from "../channel/headers.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { trace, tracing } from "../base/log.ts";
import { checkTimeout } from "../base/option_checks.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { isReached } from "../channel/position.ts";
import { Sender } from "../channel/sender.ts";
import { readFailure, type RemoteFailure } from "./remote_failure.ts";
import { RequesterObserver } from "./requester_observer.ts";
import { Socket } from "./socket.ts";
import { readSelfDescribed, SELF_DESCRIBED } from "../channel/self_described.ts";
import { NONE, type None } from "../base/none.ts";
import { AsyncWaitQueue, type WaitContext, waitSync } from "../channel/wait.ts";
import {
  MAX_REQUESTS,
  RECORD_ERROR,
  RECORD_HEADERS,
  REQUEST_PREFIX_BYTES,
  REQUEST_SLOTS,
  SLOT_BYTES,
  SLOT_FLAGS,
  SLOT_LENGTH,
  SLOT_OFFSET,
  WAITERS_REQUESTERS,
} from "../../wasm/layout.ts";
import { messageOf } from "../base/thrown.ts";

/** How often a waiting requester checks whether its repliers are alive, in milliseconds. */
const LIVENESS_MS = 50;
/** What `replierOf` returns while no replier has taken a request. */
const NO_REPLIER = -1;
/** Bytes of a requester's region. */
const REGION_BYTES = REQUEST_SLOTS + MAX_REQUESTS * SLOT_BYTES;

/** How a request ended. */
type Outcome<R> = { value: R } | { error: Error };

/** A request in flight. */
interface Pending<R> {
  slot: number;
  generation: number;
  /** Where its record ends in the ring. */
  position: number;
  outcome: Outcome<R> | undefined;
  /** Headers of the reply, or of the request until the reply is there. Only with instrumentation. */
  headers: ContextHeaders | undefined;
  /** No call waits any more: free the slot when the reply arrives. */
  isAbandoned: boolean;
}

const OPTIONS = socketOptions("Requester");

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
  readonly #region: number;
  readonly #replies: AsyncWaitQueue;
  readonly #waitContext: WaitContext;
  readonly #freeSlots: number[] = [];
  readonly #pending = new Map<number, Pending<R>>();
  /** Requests of `send` whose replies `recv` has not taken, in the order sent. */
  readonly #sent: Pending<R>[] = [];
  readonly #observer: RequesterObserver<Q, R> | undefined;
  /** A request has ended since the waits were served last. */
  #hasCompleted = false;
  #livenessAtMs = 0;

  /**
   * Attaches to a channel, creating it if it is new. Repliers may come later.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: SocketOptions) {
    OPTIONS.check(options);
    super(target, "request", "requester", options);
    this.#waitContext = {
      attachment: this.attachment,
      side: WAITERS_REQUESTERS,
      evictStalled: () => this.#checkRepliers(),
      waitBoundMs: () => LIVENESS_MS,
      poll: () => this.#pollReplies(),
    };
    this.#replies = new AsyncWaitQueue(this.#waitContext);
    const { sender, region } = this.closeOnError(() => ({
      region: this.attachment.region(REGION_BYTES),
      sender: new Sender(this.attachment, this.counts, REQUEST_PREFIX_BYTES),
    }));
    this.#sender = sender;
    this.#region = region;
    const instrumentation = options?.instrumentation;
    if (instrumentation !== undefined) {
      this.#observer = new RequesterObserver(instrumentation, this.name);
      sender.enableHeaders();
    }
    this.attachment.ring.openRequests(this.attachment.index, region);
    this.#reclaimSlots();
  }

  /**
   * A former owner of this region may have left requests, whose repliers must not find new ones in their
   * slots. A replier that is writing its reply keeps the slot until it is done.
   */
  #reclaimSlots(): void {
    for (let slot = MAX_REQUESTS - 1; slot >= 0; slot--) {
      if (this.attachment.ring.cancelRequest(slot) !== 0) this.#freeSlots.push(slot);
      else {this.#pending.set(slot, {
          slot,
          generation: 0,
          position: 0,
          outcome: undefined,
          headers: undefined,
          isAbandoned: true,
        });}
    }
    this.#collectAll();
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
  request(value: Q, options?: WaitOptions): Promise<R> {
    const rejection = REQUEST_OPTIONS.rejection(options);
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
        const outcome = await this.#replies.wait(() => this.#collect(pending), {
          signal: options?.signal,
          timeoutMs: remainingMs,
        });
        return this.#settle(pending, outcome, timeoutMs);
      } finally {
        this.#release(pending);
      }
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  async #sendLater(
    value: Q,
    timeoutMs: number,
    options: WaitOptions | undefined,
  ): Promise<Pending<R>> {
    const pending = await this.#sender.waitAsync(() => {
      this.#collectAll();
      return this.#trySend(value);
    }, options);
    if (pending === NONE) throw this.#fullError(timeoutMs);
    return pending;
  }

  /** Sends a request, and blocks this thread until its reply arrives. Throws what `request` throws. */
  requestSync(value: Q, options?: TimeoutOptions): R {
    REQUEST_SYNC_OPTIONS.check(options);
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
        waitSync(this.#waitContext, () => this.#collect(pending), remainingMs),
        timeoutMs,
      );
    } finally {
      this.#release(pending);
    }
  }

  #sendSync(value: Q, timeoutMs: number): Pending<R> {
    const attempt = () => {
      this.#collectAll();
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
    this.#collectAll();
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
  recv(options?: WaitOptions): Promise<R> {
    const rejection = RECV_OPTIONS.rejection(options);
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
      const outcome = await this.#replies.wait(() => this.#collect(pending), options);
      return this.#finishSent(pending, outcome, timeoutMs);
    } finally {
      if (isTurnDue()) await takeTurn();
    }
  }

  /** Receives as `recv` does, blocking this thread. */
  recvSync(options?: TimeoutOptions): R {
    RECV_SYNC_OPTIONS.check(options);
    if (this.#observer === undefined) return this.#recvSync(options);
    const pending = this.#sent.at(0);
    return this.#observer.receive(() => pending?.headers, () => this.#recvSync(options));
  }

  #recvSync(options: TimeoutOptions | undefined): R {
    const timeoutMs = checkTimeout(options);
    const pending = this.#oldestSent();
    const outcome = waitSync(this.#waitContext, () => this.#collect(pending), timeoutMs);
    return this.#finishSent(pending, outcome, timeoutMs);
  }

  #oldestSent(): Pending<R> {
    this.checkReady();
    if (this.#sent.length === 0) {
      throw new TypeError(
        `cannot receive a reply on channel "${this.name}": no request was sent; call send() first`,
      );
    }
    return this.#sent[0];
  }

  #finishSent(pending: Pending<R>, outcome: Outcome<R> | None, timeoutMs: number): R {
    if (outcome === NONE) return this.#settle(pending, outcome, timeoutMs);
    this.#sent.splice(this.#sent.indexOf(pending), 1);
    this.#release(pending);
    return this.#settle(pending, outcome, timeoutMs);
  }

  /** Sends a request if there are a slot and space. */
  #trySend(value: Q): Pending<R> | None {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return NONE;
    const { ring, index } = this.attachment;
    let isSent = false;
    let generation = 0;
    try {
      const { bytes, flags } = this.#sender.encoder.encode(value);
      generation = ring.queueRequest(slot);
      this.#sender.prefix[0] = index | (slot << 16);
      this.#sender.prefix[1] = generation;
      isSent = this.#sender.write(bytes, flags);
    } finally {
      if (!isSent) {
        ring.cancelRequest(slot);
        this.#freeSlots.push(slot);
      }
    }
    if (!isSent) return NONE;
    const position = ring.claimedPosition();
    const pending: Pending<R> = {
      slot,
      generation,
      position,
      outcome: undefined,
      headers: undefined,
      isAbandoned: false,
    };
    this.#pending.set(slot, pending);
    return pending;
  }

  #fullError(timeoutMs: number): ShmBufferFullError {
    this.counts.dropped++;
    return new ShmBufferFullError(
      `cannot send a request on channel "${this.name}": its ring, or all of its ${MAX_REQUESTS} ` +
        `slots, stayed full for ${timeoutMs} ms; add repliers or wait longer`,
    );
  }

  #collect(pending: Pending<R>): Outcome<R> | None {
    if (pending.outcome === undefined) this.#collectAll();
    return pending.outcome ?? NONE;
  }

  #pollReplies(): boolean {
    this.#collectAll();
    const hadCompleted = this.#hasCompleted;
    this.#hasCompleted = false;
    return hadCompleted;
  }

  /** Reads all replies that have arrived. */
  #collectAll(): void {
    const { ring } = this.attachment;
    for (let slot = ring.nextReply(); slot >= 0; slot = ring.nextReply()) {
      const pending = this.#pending.get(slot);
      if (pending && !pending.isAbandoned) pending.outcome = this.#readReply(slot, pending);
      this.#hasCompleted = true;
      ring.freeRequest(slot);
      this.#pending.delete(slot);
      this.#freeSlots.push(slot);
    }
  }

  #readReply(slot: number, pending: Pending<R>): Outcome<R> {
    const words = this.attachment.words;
    const at = this.#region + REQUEST_SLOTS + slot * SLOT_BYTES;
    const offset = words[(at + SLOT_OFFSET) >>> 2] >>> 0;
    const length = words[(at + SLOT_LENGTH) >>> 2] >>> 0;
    const flags = words[(at + SLOT_FLAGS) >>> 2];
    const { ring } = this.attachment;
    if (ring.isReply(slot, offset, length, flags) === 0) return this.#corrupt("a reply's slot");
    if (offset + length > this.attachment.sharedMemory.mappedBytes) this.attachment.remap();
    if (offset + length > this.attachment.sharedMemory.mappedBytes) {
      return this.#corrupt("a reply's place");
    }
    const bytes = new Uint8Array(length);
    bytes.set(this.attachment.bytes.subarray(offset, offset + length));
    // The replier does not change the bytes while the slot holds the reply.
    if (ring.isReply(slot, offset, length, flags) === 0) return this.#corrupt("a reply's slot");
    this.counts.received++;
    this.counts.bytes += length;
    if (tracing) trace(`received ${length} B on "${this.name}", reply #${this.counts.received}`);
    if ((flags & RECORD_HEADERS) === 0) return this.#decode(bytes, flags);
    return this.#decodeWithHeader(bytes, flags, pending);
  }

  #decodeWithHeader(bytes: Uint8Array, flags: number, pending: Pending<R>): Outcome<R> {
    const reply = readHeader(bytes);
    if (reply === undefined) return this.#corrupt("a reply's header");
    if (this.#observer !== undefined) pending.headers = parseContextHeaders(reply.header);
    return this.#decode(reply.payload, flags);
  }

  #corrupt(what: string): { error: Error } {
    this.counts.errors++;
    return { error: this.attachment.corruption(`${what} was overwritten`) };
  }

  #decode(bytes: Uint8Array, flags: number): Outcome<R> {
    try {
      if ((flags & RECORD_ERROR) !== 0) {
        return { error: this.#remoteError(readFailure(bytes)) };
      }
      const value = (flags & SELF_DESCRIBED) !== 0
        ? readSelfDescribed(flags, bytes)
        : this.attachment.codec.decode(bytes);
      return { value: value as R };
    } catch (cause) {
      this.counts.errors++;
      const error = new ShmSerializationError(
        `a reply on channel "${this.name}" cannot be decoded: ${messageOf(cause)}`,
        { cause },
      );
      return { error };
    }
  }

  /** The error that a replier reported. A replier that closed counts as lost. */
  #remoteError({ name, code, message, isReplierClosed }: RemoteFailure): Error {
    if (!isReplierClosed) return new ShmRemoteError(message, name, code);
    return new ShmPeerLostError(
      `a request on channel "${this.name}" has no reply: ${message}; ` +
        `send it again if it may be done twice`,
    );
  }

  #settle(pending: Pending<R>, outcome: Outcome<R> | None, timeoutMs: number): R {
    if (outcome === NONE) {
      throw new ShmTimeoutError(
        `no reply arrived on channel "${this.name}" within ${timeoutMs} ms; check that a replier ` +
          `runs (listChannels()), or wait longer`,
      );
    }
    if ("error" in outcome) throw outcome.error;
    if (this.#observer !== undefined) {
      this.#observer.received(outcome.value, pending.headers);
    }
    return outcome.value;
  }

  /** Frees the slot of a request that no call waits for. */
  #release(pending: Pending<R>): void {
    if (pending.outcome !== undefined || this.closed) return;
    if (this.attachment.ring.cancelRequest(pending.slot) === 0) {
      pending.isAbandoned = true;
      return;
    }
    this.#pending.delete(pending.slot);
    this.#freeSlots.push(pending.slot);
  }

  /** Fails the requests of repliers that are gone, and reclaims what those held. */
  #checkRepliers(): void {
    const { ring, index } = this.attachment;
    const now = performance.now();
    if (now - this.#livenessAtMs < LIVENESS_MS) return;
    this.#livenessAtMs = now;
    const isReachable = ring.regionOf(index, REGION_BYTES) >>> 0 === this.#region;
    // Read before the slots: a replier marks the slot first, and takes the record second.
    const released = ring.releasedPosition();
    let hasLostReplier = false;
    for (const pending of this.#pending.values()) {
      if (!isReachable || this.#isLost(pending, released)) {
        this.#abandon(pending, this.#corrupt("a request, or its slot,"));
      } else if (this.#hasLostReplier(pending)) {
        this.#abandon(pending, { error: this.#replierLost() });
        hasLostReplier = true;
      }
    }
    if (hasLostReplier) this.attachment.reclaimDead();
  }

  /** Ends a request with an error, unless its reply arrived after all. */
  #abandon(pending: Pending<R>, outcome: Outcome<R>): void {
    if (this.attachment.ring.abandonRequest(pending.slot) === 0) return;
    this.#pending.delete(pending.slot);
    this.#freeSlots.push(pending.slot);
    this.#hasCompleted = true;
    pending.outcome = outcome;
  }

  /** True for a request that cannot get a reply, because some process overwrote it. */
  #isLost({ slot, generation, position, isAbandoned }: Pending<R>, released: number): boolean {
    if (isAbandoned) return false;
    const isPassed = isReached(position, released) ? 1 : 0;
    return this.attachment.ring.isLost(slot, generation, isPassed) !== 0;
  }

  #hasLostReplier({ slot }: Pending<R>): boolean {
    const replier = this.attachment.ring.replierOf(slot);
    return replier !== NO_REPLIER && (replier < 0 || !this.attachment.isParticipantAlive(replier));
  }

  #replierLost(): ShmPeerLostError {
    return new ShmPeerLostError(
      `the replier that took a request on channel "${this.name}" is gone; ` +
        `send it again if it may be done twice`,
    );
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
    for (let slot = 0; slot < MAX_REQUESTS; slot++) this.attachment.ring.cancelRequest(slot);
    const error = closedWhileWaiting(this.name);
    this.#replies.rejectAll(error);
    this.#sender.abortWaits(error);
  }
}
