/**
 * Space for the messages of one lane that do not fit its ring. Such a message lies in a block, and its
 * record holds a reference to the block; the block is free again when the record is released.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { roundUp, WASM_PAGE_BYTES } from "../base/pages.ts";
import type { Attachment } from "./attachment.ts";
import { BlockAllocator, MAX_MESSAGE_BYTES } from "./block_allocator.ts";
import { laneRegionRecord, type RegionRecord } from "./region_handover.ts";
import { isReached } from "./position.ts";
import { BLOCK_HEADER_BYTES } from "../../wasm/layout.ts";

/** Up to this size a region holds two blocks, so that one can be read while the other is written. */
const DOUBLE_BLOCK_BYTES = 64 * 1024 * 1024;

/** A block whose record is not released yet. */
interface LiveBlock {
  /** Where its record ends in the lane. */
  position: number;
  offset: number;
}

/** The blocks of one lane. */
export class LaneBlocks {
  readonly #attachment: Attachment;
  readonly #allocator = new BlockAllocator();
  readonly #live: LiveBlock[] = [];
  /** Blocks up to this size fit a region that is there. */
  #largestBlock = 0;
  /** Names the lane's last region in the segment. */
  readonly #regionRecord: RegionRecord;

  /** Takes the region of the lane's last writer over; `prefixBytes` come before each reference. */
  constructor(attachment: Attachment, lane: number, prefixBytes: number) {
    this.#attachment = attachment;
    this.#regionRecord = laneRegionRecord(attachment, lane);
    this.#takeOverRegion(prefixBytes);
  }

  /** The blocks of unread messages stay in use. */
  #takeOverRegion(prefixBytes: number): void {
    const region = this.#regionRecord.read();
    if (!region) return;
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#largestBlock = region.bytes;
    const { ring, words } = this.#attachment;
    for (let at = ring.nextHandover() >>> 0; at !== 0; at = ring.nextHandover() >>> 0) {
      const reference = (at + prefixBytes) >>> 2;
      const offset = words[reference] >>> 0;
      const bytes = BLOCK_HEADER_BYTES + (words[reference + 2] >>> 0);
      if (!this.#allocator.reserve(offset, bytes)) continue;
      this.#live.push({ position: ring.handoverPosition(), offset });
    }
  }

  /**
   * Offset of a block for a message; -1 if there is no space before receivers are done with others.
   *
   * @throws {RangeError} if the message is larger than any channel can carry
   * @throws {ShmConnectionError} if the segment cannot grow
   */
  allocate(messageBytes: number): number {
    if (messageBytes > MAX_MESSAGE_BYTES) {
      throw new RangeError(
        `cannot send ${pluralize(messageBytes, "byte")} on channel "${this.#attachment.name}": ` +
          `a message has at ` +
          `most ${MAX_MESSAGE_BYTES} bytes; split it`,
      );
    }
    const bytes = messageBytes + BLOCK_HEADER_BYTES;
    this.#freeReleased();
    let offset = this.#allocator.allocate(bytes);
    if (offset < 0 && bytes <= this.#largestBlock && this.#attachment.kind === "broadcast") {
      offset = this.#evictFor(bytes);
    }
    if (offset >= 0 || bytes <= this.#largestBlock) return offset;
    this.#addRegion(bytes);
    return this.#allocator.allocate(bytes);
  }

  /** A publisher evicts its oldest messages until a block fits; -1 if none does. */
  #evictFor(bytes: number): number {
    let offset = -1;
    while (offset < 0 && this.#live.length > 0) {
      const blocks = this.#live.length;
      this.#attachment.ring.evictBefore(this.#live[0].position);
      this.#freeReleased();
      if (this.#live.length === blocks) return -1;
      offset = this.#allocator.allocate(bytes);
    }
    return offset;
  }

  #addRegion(bytes: number): void {
    const least = roundUp(bytes, WASM_PAGE_BYTES);
    const wanted = bytes <= DOUBLE_BLOCK_BYTES ? 2 * least : least;
    const region = this.#attachment.allocateBetween(least, wanted);
    this.#regionRecord.write(region);
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#largestBlock = bytes;
  }

  #freeReleased(): void {
    if (this.#live.length === 0) return;
    const released = this.#attachment.ring.releasedPosition();
    while (this.#live.length > 0 && isReached(this.#live[0].position, released)) {
      this.#allocator.free(this.#live.shift()!.offset);
    }
  }

  /** Ties a block to the record that was claimed last. */
  bind(offset: number): void {
    this.#live.push({ position: this.#attachment.ring.claimedPosition(), offset });
  }

  /** Frees the block that was bound last: its record is aborted. */
  unbindLast(): void {
    const block = this.#live.pop();
    if (block !== undefined) this.#allocator.free(block.offset);
  }

  /** Frees a block that is bound to no record. */
  free(offset: number): void {
    this.#allocator.free(offset);
  }
}
