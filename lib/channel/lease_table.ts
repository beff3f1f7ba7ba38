/**
 * Slots in the segment for messages that were taken and are not acknowledged yet. A message is copied
 * there, so that the ring and the blocks of its sender are free while a puller works on it.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { ShmBufferFullError } from "../base/errors.ts";
import type { FrameRef } from "./frame_cursor.ts";
import {
  LARGE_BUFFER_BYTES,
  LEASE_SLOT_BUFFER,
  TAKEN,
  WAITERS_RECEIVERS,
} from "../../wasm/layout.ts";

/** Buffers up to this size are powers of two, so that one fits many messages; in bytes. */
const DOUBLING_BYTES = 1024 * 1024;

/** Freed slots that are kept as hints. */
const MAX_FREED_SLOTS = 256;

/** The leases of one puller. */
export class LeaseTable {
  readonly #attachment: Attachment;
  /** A claimed slot without a message, 0 if there is none. */
  #spareSlot = 0;
  /** Slots that were freed here: their buffers probably fit the next messages, too. */
  readonly #freedSlots: number[] = [];
  /** The slot for the message that was found. */
  #slot = 0;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /** The slot of the message that was taken last. */
  get slot(): number {
    return this.#slot;
  }

  /**
   * Copies the message that was found into a slot.
   *
   * @throws {ShmBufferFullError} if the channel has no slot left; the message stays
   * @throws {ShmConnectionError} if the segment cannot grow; the message stays
   * @throws {ShmCorruptionError} if a lease table is corrupt
   */
  prepare(frame: FrameRef): void {
    const returnedSlot = this.#attachment.ring.returnedSlot() >>> 0;
    this.#slot = returnedSlot === 0 ? this.#claim(frame.length) : returnedSlot;
    if (returnedSlot === 0) this.#copy(frame, this.#slot);
  }

  /**
   * Puts a message that was taken for good back into the queue.
   *
   * @throws {ShmBufferFullError} if the channel has no slot left
   * @throws {ShmConnectionError} if the segment cannot grow
   */
  giveBack(bytes: Uint8Array, flags: number, number: number): void {
    const attachment = this.#attachment;
    const slot = this.#claim(bytes.length);
    attachment.bytes.set(bytes, this.#bufferOf(slot, bytes.length));
    attachment.ring.giveBack(slot, number, bytes.length, flags);
    this.#spareSlot = 0;
    attachment.wakeOne(WAITERS_RECEIVERS);
  }

  /** Takes the message that was found and copied; returns TAKEN bits. */
  take(frame: FrameRef): number {
    const { ring } = this.#attachment;
    const isNew = this.#slot === this.#spareSlot;
    const result = isNew
      ? ring.leaseTaken(this.#slot, frame.length, frame.size, frame.flags)
      : ring.leaseReturned();
    if ((result & TAKEN) === 0) return result;
    if (isNew) this.#spareSlot = 0;
    ring.dateLease(this.#slot, Date.now());
    return result;
  }

  #copy({ offset, length }: FrameRef, slot: number): void {
    const buffer = this.#bufferOf(slot, length);
    this.#attachment.bytes.copyWithin(buffer, offset, offset + length);
  }

  /** Where the buffer of a slot lies, which has at least `length` bytes. */
  #bufferOf(slot: number, length: number): number {
    const attachment = this.#attachment;
    const buffer = attachment.words[(slot + LEASE_SLOT_BUFFER) >>> 2] >>> 0;
    if (buffer + length > attachment.sharedMemory.mappedBytes) attachment.remap();
    if (buffer + length > attachment.sharedMemory.mappedBytes) {
      throw attachment.corruption("a lease buffer lies outside of it");
    }
    return buffer;
  }

  /** A claimed slot whose buffer fits a message. */
  #claim(bytes: number): number {
    if (this.#spareSlot === 0) this.#spareSlot = this.#claimNew(bytes);
    if (this.#attachment.ring.slotBufferBytes(this.#spareSlot) >>> 0 < bytes) {
      this.#growBuffer(this.#spareSlot, bytes);
    }
    return this.#spareSlot;
  }

  #claimNew(bytes: number): number {
    const attachment = this.#attachment;
    const { ring } = attachment;
    let slot = ring.claimLeaseSlot(bytes, this.#freedSlots.pop() ?? 0, 0) >>> 0;
    while (slot === 0) {
      // Another puller may have added a table beyond what is mapped here.
      attachment.checkLeaseTables();
      slot = ring.claimLeaseSlot(bytes, 0, 0) >>> 0;
      if (slot !== 0 || !this.#addTable()) break;
    }
    if (slot !== 0) return slot;
    attachment.checkLeaseTables();
    return ring.claimLeaseSlot(bytes, 0, 1) >>> 0 || this.#rejectFull();
  }

  #rejectFull(): never {
    throw new ShmBufferFullError(
      `cannot receive on channel "${this.#attachment.name}": all its lease slots are in use; call ` +
        `ack() or nack() on some messages, or lower maxUnacked`,
    );
  }

  #addTable(): boolean {
    const attachment = this.#attachment;
    const table = attachment.ring.missingLeaseTable();
    if (table < 0) return false;
    const offset = attachment.allocate(attachment.ring.leaseTableBytes(table));
    attachment.ring.addLeaseTable(table, offset);
    return true;
  }

  #growBuffer(slot: number, bytes: number): void {
    const step = bytes <= DOUBLING_BYTES ? 2 ** Math.ceil(Math.log2(bytes)) : DOUBLING_BYTES;
    const size = Math.max(LARGE_BUFFER_BYTES, Math.ceil(bytes / step) * step);
    const buffer = this.#attachment.allocateBetween(roundUp(bytes, PAGE_BYTES), size);
    this.#attachment.ring.setSlotBuffer(slot, buffer.offset, buffer.bytes);
  }

  /** Frees the slot of a message that is done. */
  acknowledge(slot: number): void {
    this.#checkOwned(this.#attachment.ring.acknowledge(slot));
    if (this.#freedSlots.length < MAX_FREED_SLOTS) this.#freedSlots.push(slot);
  }

  /** Returns a message for any puller to receive. */
  nack(slot: number): void {
    this.#checkOwned(this.#attachment.ring.nack(slot));
    this.#attachment.wakeAll(WAITERS_RECEIVERS);
  }

  #checkOwned(isOwned: number): void {
    if (isOwned === 0) throw this.#attachment.corruption("the lease of a message was overwritten");
  }
}
