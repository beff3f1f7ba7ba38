/**
 * Places in the segment for messages that were taken and are not acknowledged yet. A message is copied
 * there, so that the ring and the blocks of its sender are free while a puller works on it.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { ShmBufferFullError } from "../base/errors.ts";
import type { Found } from "./receiver.ts";
import {
  LARGE_BUFFER_BYTES,
  LEASE_SLOT_BUFFER,
  TAKEN,
  WAITERS_RECEIVERS,
} from "../../wasm/layout.ts";

/** Rooms up to this size are powers of two, so that one serves many sizes; in bytes. */
const DOUBLING_BYTES = 1024 * 1024;

/** Freed places that are remembered. */
const MOST_FREED = 256;

/** What a puller holds of a channel. */
export class Shelf {
  readonly #attachment: Attachment;
  /** A claimed place that waits for a message, 0 if there is none. */
  #spare = 0;
  /** Places that we freed: they will do for messages like those before. */
  readonly #freed: number[] = [];
  /** Where the message that was found will be held. */
  #place = 0;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /** The place of the message that was taken last. */
  get place(): number {
    return this.#place;
  }

  /**
   * Copies the message that was found to where it will be held.
   *
   * @throws {ShmBufferFullError} if the channel has no place left; the message stays
   * @throws {ShmConnectionError} if the segment cannot grow; the message stays
   * @throws {ShmCorruptionError} if the shelves cannot be right
   */
  prepare(found: Found): void {
    const returned = this.#attachment.ring.returnedSlot() >>> 0;
    this.#place = returned === 0 ? this.#claim(found.length) : returned;
    if (returned === 0) this.#copy(found, this.#place);
  }

  /** Takes the message that was found and copied; answers TAKEN bits. */
  take(found: Found): number {
    const { ring } = this.#attachment;
    if (this.#place !== this.#spare) return ring.leaseReturned();
    const result = ring.leaseTaken(this.#place, found.length, found.size, found.flags);
    if ((result & TAKEN) !== 0) this.#spare = 0;
    return result;
  }

  #copy({ at, length }: Found, place: number): void {
    const attachment = this.#attachment;
    const room = attachment.words[(place + LEASE_SLOT_BUFFER) >>> 2] >>> 0;
    if (room + length > attachment.carrier.mappedBytes) attachment.remap();
    if (room + length > attachment.carrier.mappedBytes) {
      throw attachment.corruption("the room for a message lies outside of it");
    }
    attachment.bytes.copyWithin(room, at, at + length);
  }

  /** A claimed place with room for a message. */
  #claim(bytes: number): number {
    if (this.#spare === 0) this.#spare = this.#claimAnew(bytes);
    if (this.#attachment.ring.slotBufferBytes(this.#spare) >>> 0 < bytes) {
      this.#widen(this.#spare, bytes);
    }
    return this.#spare;
  }

  #claimAnew(bytes: number): number {
    const { ring } = this.#attachment;
    let place = ring.claimLeaseSlot(bytes, this.#freed.pop() ?? 0, 0) >>> 0;
    while (place === 0 && this.#addShelf()) place = ring.claimLeaseSlot(bytes, 0, 0) >>> 0;
    if (place === 0) place = ring.claimLeaseSlot(bytes, 0, 1) >>> 0;
    if (place !== 0) return place;
    this.#attachment.checkShelves();
    throw new ShmBufferFullError(
      `cannot receive on channel "${this.#attachment.name}": all its places for messages that are ` +
        `not acknowledged are taken; call ack() or nack() on some, or lower maxUnacked`,
    );
  }

  #addShelf(): boolean {
    const attachment = this.#attachment;
    const shelf = attachment.ring.missingLeaseTable();
    if (shelf < 0) return false;
    const at = attachment.allocate(attachment.ring.leaseTableBytes(shelf));
    attachment.ring.addLeaseTable(shelf, at);
    return true;
  }

  #widen(place: number, bytes: number): void {
    const step = bytes <= DOUBLING_BYTES ? 2 ** Math.ceil(Math.log2(bytes)) : DOUBLING_BYTES;
    const size = Math.max(LARGE_BUFFER_BYTES, Math.ceil(bytes / step) * step);
    this.#attachment.ring.setSlotBuffer(place, this.#attachment.allocate(size), size);
  }

  /** Frees the place of a message that is done. */
  acknowledge(place: number): void {
    this.#checkOurs(this.#attachment.ring.acknowledge(place));
    if (this.#freed.length < MOST_FREED) this.#freed.push(place);
  }

  /** Gives a message to everyone. */
  giveBack(place: number): void {
    this.#checkOurs(this.#attachment.ring.nack(place));
    this.#attachment.wakeAll(WAITERS_RECEIVERS);
  }

  #checkOurs(wasOurs: number): void {
    if (wasOurs === 0) throw this.#attachment.corruption("a held message is not its puller's");
  }
}
