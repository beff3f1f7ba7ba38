/**
 * Space for the replies of one replier. A reply lies in a block, which is free again when its requester
 * has read it, or is gone.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { Attachment } from "./attachment.ts";
import { BlockAllocator, MAX_MESSAGE_BYTES } from "./block_allocator.ts";
import type { RequestRef } from "./frame_cursor.ts";
import { PAGE_BYTES, roundUp } from "../base/pages.ts";
import { hasUnreadReplies, replyRegionRecord } from "./region_handover.ts";

/** Bytes of the first region; larger ones are added when replies do not fit. */
const FIRST_REGION_BYTES = 64 * 1024;
/** Smallest block, in bytes: an empty reply has an offset of its own. */
const SMALLEST_BLOCK_BYTES = 8;

/** A reply that may be unread. */
interface SentReply extends RequestRef {
  offset: number;
}

/** The blocks of one replier. */
export class ReplyBlocks {
  readonly #attachment: Attachment;
  readonly #allocator = new BlockAllocator();
  readonly #unread = new Set<SentReply>();
  #regionBytes = 0;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /**
   * Offset of a block for a reply. Blocks of replies that were read are freed first, then those of
   * requesters that are gone; then a region is added.
   *
   * @throws {RangeError} if the reply is larger than any channel can carry
   * @throws {ShmConnectionError} if the segment cannot grow
   */
  allocate(replyBytes: number): number {
    if (replyBytes > MAX_MESSAGE_BYTES) {
      throw new RangeError(
        `cannot reply with ${pluralize(replyBytes, "byte")} on channel ` +
          `"${this.#attachment.name}": a message has ` +
          `at most ${MAX_MESSAGE_BYTES} bytes; split it`,
      );
    }
    const bytes = Math.max(replyBytes, SMALLEST_BLOCK_BYTES);
    let offset = this.#allocator.allocate(bytes);
    if (offset >= 0) return offset;
    this.#freeRead();
    offset = this.#allocator.allocate(bytes);
    if (offset >= 0) return offset;
    this.#freeUnreadable();
    offset = this.#allocator.allocate(bytes);
    if (offset >= 0) return offset;
    this.#grow(bytes);
    return this.#allocator.allocate(bytes);
  }

  /** Keeps the block of a reply that was sent until its requester has read it. */
  keep(ref: RequestRef, offset: number): void {
    this.#unread.add({ ...ref, offset });
  }

  /** Frees a block whose reply was not sent. */
  free(offset: number): void {
    this.#allocator.free(offset);
  }

  #freeRead(): void {
    const { ring } = this.#attachment;
    for (const sent of this.#unread) {
      if (!ring.replyPending(sent.requester, sent.slot, sent.generation)) this.#release(sent);
    }
  }

  /** Frees the replies to requesters that are gone. */
  #freeUnreadable(): void {
    const attachment = this.#attachment;
    const alive = new Map<number, boolean>();
    for (const sent of this.#unread) {
      const { requester, requesterGeneration } = sent;
      if (!alive.has(requester)) alive.set(requester, attachment.isParticipantAlive(requester));
      const isOwner = attachment.generationOf(requester) === requesterGeneration;
      if (!alive.get(requester) || !isOwner) this.#release(sent);
    }
  }

  #release(sent: SentReply): void {
    this.#allocator.free(sent.offset);
    this.#unread.delete(sent);
  }

  /** Each region is larger than all before it. A successor gets the last one, and needs no other soon. */
  #grow(bytes: number): void {
    if (this.#takeOverRegion(bytes)) return;
    const least = roundUp(bytes, PAGE_BYTES);
    const wanted = Math.max(FIRST_REGION_BYTES, 2 * this.#regionBytes, least);
    const region = this.#attachment.allocateBetween(least, wanted);
    replyRegionRecord(this.#attachment).write(region);
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#regionBytes += region.bytes;
  }

  /** Uses the region of the slot's last replier, once its replies are read. */
  #takeOverRegion(bytes: number): boolean {
    if (this.#regionBytes > 0) return false;
    const region = replyRegionRecord(this.#attachment).read();
    if (!region || region.bytes < bytes || hasUnreadReplies(this.#attachment, region)) return false;
    this.#allocator.addRegion(region.offset, region.bytes);
    this.#regionBytes = region.bytes;
    return true;
  }
}
