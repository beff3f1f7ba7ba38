/**
 * Replying: requests are shared among repliers, each answers those it took.
 *
 * @module
 */

import type { ChannelOptions } from "../channel/attachment.ts";
import { BlockHeap } from "../channel/block_allocator.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import { Encoder } from "../channel/encoder.ts";
import { ShmClosedError, ShmPeerLostError, ShmSerializationError } from "../base/errors.ts";
import { Inbox, type Ticket } from "../channel/receiver.ts";
import { heapRecord, holdsReplies } from "../channel/region_handover.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { logger, trace, tracing } from "../base/log.ts";
import { show, type TimeoutOptions, type WaitOptions } from "../base/options.ts";
import { MAX_MESSAGE_BYTES } from "../channel/sender.ts";
import { Socket } from "./socket.ts";
import { RECORD_ERROR, WAITERS_REQUESTERS } from "../../wasm/layout.ts";

/** Bytes for replies to begin with; more are added when they do not fit. */
const FIRST_HEAP_BYTES = 64 * 1024;

/** Options of `serve`. */
export interface ServeOptions {
  /** Ends serving; requests that were taken are still answered. */
  signal?: AbortSignal;
  /** Requests handled at once; 1 when left out. */
  concurrency?: number;
}

/** A reply that may still lie unread. */
interface Sent extends Ticket {
  offset: number;
}

/**
 * Receives requests and answers them. Several repliers of one channel share the requests: each goes to
 * one that waits, and its reply to the requester that sent it.
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
  readonly #inbox: Inbox<Q>;
  readonly #encoder: Encoder = new Encoder(this.attachment, this.counts);
  readonly #heap = new BlockHeap();
  readonly #unread = new Set<Sent>();
  #heapBytes = 0;
  #current: Ticket | undefined;
  /** A call waits for a request. */
  #isReceiving = false;
  readonly #taken = new Set<Ticket>();

  /**
   * Attaches to a channel, creating it if it is new. Requesters may come later.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no room
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   */
  constructor(target: string | LocalHandle, options?: ChannelOptions) {
    super(target, "request", "replier", options);
    this.attachment.ring.openRequests(this.attachment.index, 0);
    this.#inbox = this.opening(() => new Inbox<Q>(this.attachment, this.counts));
  }

  /**
   * Takes a request if one is there; answer it with `send` before the next.
   *
   * @returns undefined when there is none
   * @throws {TypeError} if the request before has no reply yet
   */
  tryRecv(): Q | undefined {
    this.#checkAnswered();
    return this.#accept(() => this.#inbox.tryReceive());
  }

  /**
   * Takes a request, waiting in the event loop; answer it with `send` before the next.
   *
   * @throws {ShmTimeoutError} if none came within `timeoutMs`
   * @throws {TypeError} if the request before has no reply yet
   */
  async recv(options?: WaitOptions): Promise<Q> {
    this.#checkAnswered();
    this.#isReceiving = true;
    try {
      const value = await this.#inbox.receive(options);
      return this.#accept(() => value)!;
    } catch (error) {
      throw this.#failUndecoded(error);
    } finally {
      this.#isReceiving = false;
    }
  }

  /** Takes a request as `recv` does, blocking this thread. */
  recvSync(options?: TimeoutOptions): Q {
    this.#checkAnswered();
    return this.#accept(() => this.#inbox.receiveSync(options))!;
  }

  #accept(receive: () => Q | undefined): Q | undefined {
    let value: Q | undefined;
    try {
      value = receive();
    } catch (error) {
      throw this.#failUndecoded(error);
    }
    if (value === undefined) return undefined;
    this.#current = this.#inbox.ticket;
    this.#taken.add(this.#current);
    return value;
  }

  /** A request that was taken and cannot be decoded is answered here: nobody else can. */
  #failUndecoded(error: unknown): unknown {
    if (error instanceof ShmSerializationError) this.#fail(this.#inbox.ticket, error);
    return error;
  }

  #checkAnswered(): void {
    this.checkReady();
    if (!this.#isReceiving && this.#current === undefined) return;
    const problem = this.#isReceiving
      ? "another call waits for one; await it first"
      : "the one before has no reply yet; call send() first";
    throw new TypeError(`cannot take a request on channel "${this.name}": ${problem}`);
  }

  /**
   * Answers the request that was taken last.
   *
   * @returns false if its requester gave up or is gone
   * @throws {TypeError} if no request was taken
   * @throws {ShmSerializationError} if the value cannot be encoded; the request is still unanswered
   */
  send(value: R): boolean {
    this.checkReady();
    if (this.#current === undefined) {
      throw new TypeError(
        `cannot reply on channel "${this.name}": no request was taken; call recv() first`,
      );
    }
    const isDelivered = this.#reply(this.#current, value);
    this.#current = undefined;
    return isDelivered;
  }

  /**
   * Answers requests with what `handler` returns until the signal aborts or the socket is closed. A
   * handler that throws gives its requester a `ShmRemoteError` with the message, and serving goes on.
   */
  async serve(
    handler: (request: Q) => R | Promise<R>,
    options: ServeOptions = {},
  ): Promise<void> {
    const { signal, concurrency = 1 } = options;
    if (!(concurrency >= 1)) {
      throw new RangeError(`concurrency must be a number of at least 1, not ${show(concurrency)}`);
    }
    this.#checkAnswered();
    this.#isReceiving = true;
    try {
      await this.#serveAll(handler, signal, concurrency);
    } finally {
      this.#isReceiving = false;
    }
  }

  async #serveAll(
    handler: (request: Q) => R | Promise<R>,
    signal: AbortSignal | undefined,
    concurrency: number,
  ): Promise<void> {
    const running = new Set<Promise<void>>();
    while (!signal?.aborted && !this.closed) {
      const ticket = await this.#nextTicket(signal);
      if (ticket === undefined) break;
      const answer = this.#answer(ticket.ticket, ticket.request, handler);
      const tracked: Promise<void> = answer.finally(() => running.delete(tracked));
      running.add(tracked);
      if (running.size >= concurrency) await Promise.race(running);
    }
    await Promise.all(running);
  }

  async #nextTicket(
    signal: AbortSignal | undefined,
  ): Promise<{ ticket: Ticket; request: Q } | undefined> {
    try {
      const request = await this.#inbox.receive({ signal });
      const ticket = this.#inbox.ticket;
      this.#taken.add(ticket);
      return { ticket, request };
    } catch (error) {
      if (signal?.aborted || error instanceof ShmClosedError) return undefined;
      if (!(error instanceof ShmSerializationError)) throw error;
      this.#fail(this.#inbox.ticket, error);
      return this.#nextTicket(signal);
    }
  }

  async #answer(ticket: Ticket, request: Q, handler: (request: Q) => R | Promise<R>) {
    try {
      const value = await handler(request);
      if (!this.closed) this.#reply(ticket, value);
    } catch (error) {
      if (!this.closed) this.#fail(ticket, error);
    }
  }

  #reply(ticket: Ticket, value: R): boolean {
    const { bytes, flags } = this.#encoder.encode(value);
    return this.#deliver(ticket, bytes, flags);
  }

  /** Tells the requester that its request failed. */
  #fail(ticket: Ticket, cause: unknown): void {
    const { name, message } = cause instanceof Error
      ? cause
      : { name: "Error", message: String(cause) };
    logger.debug("a request on {channel} failed: {message}", { channel: this.name, message });
    const bytes = new TextEncoder().encode(JSON.stringify({ name, message }));
    this.#deliver(ticket, bytes, RECORD_ERROR);
  }

  #deliver(ticket: Ticket, bytes: Uint8Array, flags: number): boolean {
    const { ring } = this.attachment;
    const { requester, slot, generation } = ticket;
    const offset = this.#place(bytes.length);
    this.#taken.delete(ticket);
    if (ring.beginReply(requester, slot, generation) === 0) {
      this.#heap.free(offset);
      return false;
    }
    this.attachment.bytes.set(bytes, offset);
    this.#unread.add({ ...ticket, offset });
    ring.finishReply(requester, slot, generation, offset, bytes.length, flags);
    this.attachment.wake(requester, WAITERS_REQUESTERS);
    this.counts.sent++;
    this.counts.bytes += bytes.length;
    if (tracing) trace(`sent ${bytes.length} B on "${this.name}", reply #${this.counts.sent}`);
    return true;
  }

  /** Room for a reply: what was read is free again, and the heap grows when that is not enough. */
  #place(bytes: number): number {
    if (bytes > MAX_MESSAGE_BYTES) {
      throw new RangeError(
        `cannot reply with ${bytes} bytes on channel "${this.name}": a message has at most ` +
          `${MAX_MESSAGE_BYTES} bytes; split it`,
      );
    }
    let offset = this.#heap.allocate(Math.max(bytes, 8));
    if (offset >= 0) return offset;
    this.#freeRead();
    offset = this.#heap.allocate(Math.max(bytes, 8));
    if (offset >= 0) return offset;
    this.#freeUnreadable();
    offset = this.#heap.allocate(Math.max(bytes, 8));
    if (offset >= 0) return offset;
    this.#grow(bytes);
    return this.#heap.allocate(Math.max(bytes, 8));
  }

  #freeRead(): void {
    const { ring } = this.attachment;
    for (const sent of this.#unread) {
      if (ring.replyPending(sent.requester, sent.slot, sent.generation)) continue;
      this.#heap.free(sent.offset);
      this.#unread.delete(sent);
    }
  }

  /** Replies to requesters that are gone will never be read. */
  #freeUnreadable(): void {
    const { attachment } = this;
    const present = new Map<number, boolean>();
    for (const sent of this.#unread) {
      const { requester, owner } = sent;
      if (!present.has(requester)) present.set(requester, attachment.isPresent(requester));
      if (present.get(requester) && attachment.ownerOf(requester) === owner) continue;
      this.#heap.free(sent.offset);
      this.#unread.delete(sent);
    }
  }

  /** Each region is larger than all before it: a successor gets the last one, and needs no other soon. */
  #grow(bytes: number): void {
    if (this.#inherit(bytes)) return;
    const size = Math.max(FIRST_HEAP_BYTES, 2 * this.#heapBytes, Math.ceil(bytes / 4096) * 4096);
    const region = { offset: this.attachment.allocate(size), bytes: size };
    heapRecord(this.attachment).write(region);
    this.#heap.addRegion(region.offset, size);
    this.#heapBytes += size;
  }

  /** Goes on with the room of the slot's last replier, once its replies are read. */
  #inherit(bytes: number): boolean {
    if (this.#heapBytes > 0) return false;
    const region = heapRecord(this.attachment).read();
    if (!region || region.bytes < bytes || holdsReplies(this.attachment, region)) return false;
    this.#heap.addRegion(region.offset, region.bytes);
    this.#heapBytes = region.bytes;
    return true;
  }

  /** Internal: from now on notes are handed out. */
  protected override carryNotes(): void {
    this.#inbox.handOutNotes();
  }

  /** Internal: ends what waits; requests that were taken and not answered fail at once. */
  protected override endWaits(): void {
    const error = closedWhileWaiting(this.name);
    try {
      for (const ticket of [...this.#taken]) {
        this.#fail(ticket, new ShmPeerLostError("the replier closed before it answered"));
      }
    } catch (failure) {
      // A full or damaged segment: the requesters learn that we are gone, and closing goes on.
      logger.debug("requests on {channel} stay without an answer: {message}", {
        channel: this.name,
        message: (failure as Error).message,
      });
    }
    this.#inbox.end(error);
  }
}
