/**
 * The requests of one requester that are in flight, each in a slot of the requester's region.
 *
 * @module
 */

import type { Attachment } from "../channel/attachment.ts";
import type { Encoded } from "../channel/encoder.ts";
import { isReached } from "../channel/position.ts";
import type { Sender } from "../channel/sender.ts";
import type { ContextHeaders } from "../base/context_headers.ts";
import { ShmPeerLostError } from "../base/errors.ts";
import { NONE, type None } from "../base/none.ts";
import type { Outcome, ReplyReader, StreamReply } from "./reply_reader.ts";
import {
  MAX_REQUESTS,
  PREFIX_SLOT_SHIFT,
  PREFIX_WINDOW_SHIFT,
  REQUEST_SLOTS,
  SLOT_BYTES,
  WAITERS_REQUESTERS,
} from "../../wasm/layout.ts";

/** How often repliers are checked for being alive, in milliseconds. */
export const LIVENESS_MS = 50;
/** What `replierOf` returns while no replier has taken a request. */
const NO_REPLIER = -1;
/** Bytes of a requester's region. */
export const REQUEST_REGION_BYTES: number = REQUEST_SLOTS + MAX_REQUESTS * SLOT_BYTES;

/** A request in flight. */
export interface PendingRequest<R> {
  readonly slot: number;
  readonly generation: number;
  /** Where its record ends in the ring. */
  readonly position: number;
  /** Parts of a stream that may wait; 0 for a request with one reply. */
  readonly window: number;
  outcome: Outcome<R> | undefined;
  /** Headers of the reply, or of the request until the reply is there. Only with instrumentation. */
  headers: ContextHeaders | undefined;
  /** Streams: the slot has a reply, and is not returned to the replier yet. */
  hasReply: boolean;
  /** No call waits for it: the slot is freed when the reply arrives. */
  isAbandoned: boolean;
}

/** The slots of one requester. */
export class RequestTable<R> {
  readonly #attachment: Attachment;
  readonly #sender: Sender;
  readonly #reader: ReplyReader<R>;
  readonly #region: number;
  readonly #freeSlots: number[] = [];
  readonly #pending = new Map<number, PendingRequest<R>>();
  /** A request has ended since `poll` was called last. */
  #hasCompleted = false;
  #livenessAtMs = 0;

  /** `region` is the offset of the requester's region. */
  constructor(attachment: Attachment, sender: Sender, reader: ReplyReader<R>, region: number) {
    this.#attachment = attachment;
    this.#sender = sender;
    this.#reader = reader;
    this.#region = region;
    attachment.ring.openRequests(attachment.index, region);
    this.#reclaimSlots();
  }

  /**
   * A former owner of this region may have left requests, whose repliers must not find new ones in their
   * slots. A replier that is writing its reply keeps the slot until it is done.
   */
  #reclaimSlots(): void {
    for (let slot = MAX_REQUESTS - 1; slot >= 0; slot--) {
      if (this.#attachment.ring.cancelRequest(slot) !== 0) this.#freeSlots.push(slot);
      else this.#pending.set(slot, { ...newRequest<R>(slot, 0, 0, 0), isAbandoned: true });
    }
    this.collectAll();
  }

  /** Sends a request if there are a slot and space. With a window, its replier sends a stream. */
  trySend(encode: () => Encoded, window = 0): PendingRequest<R> | None {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return NONE;
    const { ring, index } = this.#attachment;
    let isSent = false;
    let generation = 0;
    try {
      const { bytes, flags } = encode();
      generation = ring.queueRequest(slot, this.#attachment.ageMs);
      this.#sender.prefix[0] = index | (slot << PREFIX_SLOT_SHIFT) |
        (window << PREFIX_WINDOW_SHIFT);
      this.#sender.prefix[1] = generation;
      isSent = this.#sender.write(bytes, flags);
    } finally {
      if (!isSent && !this.#attachment.isClosed) {
        ring.cancelRequest(slot);
        this.#freeSlots.push(slot);
      }
    }
    if (!isSent) return NONE;
    const pending = newRequest<R>(slot, generation, ring.claimedPosition(), window);
    this.#pending.set(slot, pending);
    return pending;
  }

  /** How a request ended; `NONE` while it has no reply. */
  collect(pending: PendingRequest<R>): Outcome<R> | None {
    if (pending.outcome === undefined) this.collectAll();
    return pending.outcome ?? NONE;
  }

  /** Reads all replies that have arrived; true if a request has ended since the last call. */
  poll(): boolean {
    this.collectAll();
    const hadCompleted = this.#hasCompleted;
    this.#hasCompleted = false;
    return hadCompleted;
  }

  /** Reads all replies that have arrived. */
  collectAll(): void {
    const { ring } = this.#attachment;
    for (let slot = ring.nextReply(); slot >= 0; slot = ring.nextReply()) {
      const pending = this.#pending.get(slot);
      this.#hasCompleted = true;
      if (pending !== undefined && pending.window > 0) {
        this.#arrived(pending);
        continue;
      }
      if (pending && !pending.isAbandoned) this.#readReply(pending);
      ring.freeRequest(slot);
      this.#free(slot);
    }
  }

  /** A stream's reply stays in its slot until it is asked for. */
  #arrived(pending: PendingRequest<R>): void {
    if (pending.isAbandoned) this.#freeReplied(pending);
    else pending.hasReply = true;
  }

  /** Parts that have arrived, or how the stream has ended; `NONE` while there is neither. */
  collectParts(pending: PendingRequest<R>): StreamReply<R> | None {
    if (pending.outcome === undefined && !pending.hasReply) this.collectAll();
    if (pending.outcome !== undefined) return { outcome: pending.outcome, isEnd: true };
    if (!pending.hasReply) return NONE;
    const reply = this.#reader.readStream(pending.slot);
    if ("parts" in reply) return reply;
    pending.outcome = reply.outcome;
    this.#freeReplied(pending);
    return reply;
  }

  /** A part of a stream as a value; throws what it cannot be decoded for. */
  decodePart(part: Encoded): unknown {
    const outcome = this.#reader.readPart(part);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Lets the replier send the next parts: the program has received those in the slot. */
  returnParts(pending: PendingRequest<R>): void {
    if (!pending.hasReply || this.#attachment.isClosed) return;
    pending.hasReply = false;
    this.#attachment.ring.returnParts(pending.slot);
    this.#wakeReplier(this.#attachment.ring.slotReplier(pending.slot));
  }

  /** Frees the slot of a stream that has a reply. */
  #freeReplied(pending: PendingRequest<R>): void {
    const { ring } = this.#attachment;
    const replier = ring.slotReplier(pending.slot);
    pending.hasReply = false;
    ring.freeRequest(pending.slot);
    this.#free(pending.slot);
    this.#wakeReplier(replier);
  }

  #wakeReplier(replier: number): void {
    if (replier >= 0) this.#attachment.wake(replier, WAITERS_REQUESTERS);
  }

  #readReply(pending: PendingRequest<R>): void {
    const { outcome, headers } = this.#reader.read(pending.slot);
    pending.outcome = outcome;
    if (headers !== undefined) pending.headers = headers;
  }

  /** Cancels a stream unless it has ended; its replier learns of it at once. */
  releaseStream(pending: PendingRequest<R>): void {
    const isMine = this.#pending.get(pending.slot) === pending && !pending.isAbandoned;
    if (!isMine || this.#attachment.isClosed) return;
    if (pending.hasReply) return this.#freeReplied(pending);
    const replier = this.#attachment.ring.slotReplier(pending.slot);
    this.release(pending);
    this.#wakeReplier(replier);
  }

  /** Cancels a request that no call waits for, unless it has ended. */
  release(pending: PendingRequest<R>): void {
    if (pending.outcome !== undefined || this.#attachment.isClosed) return;
    if (this.#attachment.ring.cancelRequest(pending.slot) === 0) pending.isAbandoned = true;
    else this.#free(pending.slot);
  }

  #free(slot: number): void {
    this.#pending.delete(slot);
    this.#freeSlots.push(slot);
  }

  /** Cancels all requests. */
  cancelAll(): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.window > 0) this.releaseStream(pending);
    }
    for (let slot = 0; slot < MAX_REQUESTS; slot++) this.#attachment.ring.cancelRequest(slot);
  }

  /** Fails the requests of repliers that are gone, and reclaims what those held. */
  checkRepliers(): void {
    const { ring, index } = this.#attachment;
    const now = performance.now();
    if (now - this.#livenessAtMs < LIVENESS_MS) return;
    this.#livenessAtMs = now;
    const isReachable = ring.regionOf(index, REQUEST_REGION_BYTES) >>> 0 === this.#region;
    // Read before the slots: a replier marks the slot first, and takes the record second.
    const released = ring.releasedPosition();
    let hasLostReplier = false;
    for (const pending of this.#pending.values()) {
      if (!isReachable || this.#isLost(pending, released)) {
        this.#abandon(pending, this.#reader.corrupt("a request, or its slot,"));
      } else if (this.#hasLostReplier(pending)) {
        this.#abandon(pending, { error: this.#replierLost() });
        hasLostReplier = true;
      }
    }
    if (hasLostReplier) this.#attachment.reclaimDead();
  }

  /** Ends a request with an error, unless its reply arrived after all. */
  #abandon(pending: PendingRequest<R>, outcome: Outcome<R>): void {
    if (this.#attachment.ring.abandonRequest(pending.slot) === 0) return;
    this.#free(pending.slot);
    this.#hasCompleted = true;
    pending.outcome = outcome;
  }

  /** True for a request that cannot get a reply, because some process overwrote it. */
  #isLost(pending: PendingRequest<R>, released: number): boolean {
    const { slot, generation, position, isAbandoned } = pending;
    if (isAbandoned) return false;
    const isPassed = isReached(position, released) ? 1 : 0;
    return this.#attachment.ring.isLost(slot, generation, isPassed) !== 0;
  }

  #hasLostReplier({ slot }: PendingRequest<R>): boolean {
    const replier = this.#attachment.ring.replierOf(slot);
    return replier !== NO_REPLIER && (replier < 0 || !this.#attachment.isParticipantAlive(replier));
  }

  #replierLost(): ShmPeerLostError {
    return new ShmPeerLostError(
      `the replier that took a request on channel "${this.#attachment.name}" is gone; ` +
        `send it again if it may be done twice`,
    );
  }
}

function newRequest<R>(
  slot: number,
  generation: number,
  position: number,
  window: number,
): PendingRequest<R> {
  return {
    slot,
    generation,
    position,
    window,
    outcome: undefined,
    headers: undefined,
    hasReply: false,
    isAbandoned: false,
  };
}
