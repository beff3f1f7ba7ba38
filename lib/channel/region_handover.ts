/**
 * Regions that outlive their owners. The successor on a lane or in a slot uses the region of its
 * predecessor, and does not add another one to the segment.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { controlOffset, ROLES } from "../segment/format.ts";
import * as layout from "../../wasm/layout.ts";

/** A part of the segment. */
export interface Region {
  offset: number;
  bytes: number;
}

/** Two words of the segment that name a region, and a checksum over them elsewhere. */
export class RegionRecord {
  readonly #attachment: Attachment;
  readonly #word: number;
  readonly #checksum: number;

  /** The record at a byte offset, whose checksum lies at another offset. */
  constructor(attachment: Attachment, offset: number, checksumOffset: number) {
    this.#attachment = attachment;
    this.#word = offset >>> 2;
    this.#checksum = checksumOffset >>> 2;
  }

  /** The region; undefined if there is none, or its words are corrupt. */
  read(): Region | undefined {
    const attachment = this.#attachment;
    const offset = attachment.words[this.#word] >>> 0;
    const bytes = attachment.words[this.#word + 1] >>> 0;
    const first = controlOffset(attachment.capacity) + layout.CONTROL_BYTES;
    if (offset < first || (offset & 7) !== 0 || bytes === 0) return undefined;
    if (attachment.words[this.#checksum] !== attachment.ring.checksum(offset, bytes)) {
      return undefined;
    }
    if (offset + bytes > attachment.sharedMemory.mappedBytes) attachment.remap();
    return offset + bytes > attachment.sharedMemory.mappedBytes ? undefined : { offset, bytes };
  }

  /** Hands a region over to the successor. */
  write(region: Region): void {
    const { words, ring } = this.#attachment;
    words[this.#word] = region.offset;
    words[this.#word + 1] = region.bytes;
    words[this.#checksum] = ring.checksum(region.offset, region.bytes);
  }
}

/** The region that the senders on a lane hand over. */
export function laneRegionRecord(attachment: Attachment, lane: number): RegionRecord {
  const entry = controlOffset(attachment.capacity) + layout.CONTROL_LANES +
    lane * layout.LANE_BYTES;
  return new RegionRecord(
    attachment,
    entry + layout.LANE_BLOCKS,
    entry + layout.LANE_BLOCKS_CHECK,
  );
}

/** The region that the repliers in a slot hand over. */
export function replyRegionRecord(attachment: Attachment): RegionRecord {
  return new RegionRecord(
    attachment,
    attachment.fieldOffset(attachment.index, layout.PARTICIPANT_HEAP),
    attachment.fieldOffset(attachment.index, layout.PARTICIPANT_HEAP_CHECK),
  );
}

/** True while a requester may still read a reply in a region. */
export function hasUnreadReplies(attachment: Attachment, region: Region): boolean {
  attachment.mapAll();
  for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
    const bytes = layout.REQUEST_SLOTS + layout.MAX_REQUESTS * layout.SLOT_BYTES;
    const slots = attachment.ring.regionOf(index, bytes) >>> 0;
    if (slots === 0 || slots + bytes > attachment.sharedMemory.mappedBytes) continue;
    const isUnread = slotsPointInto(attachment.words, slots + layout.REQUEST_SLOTS, region);
    if (isUnread && isRequester(attachment, index)) return true;
  }
  return false;
}

function isRequester(attachment: Attachment, index: number): boolean {
  const role = attachment.words[attachment.fieldOffset(index, layout.PARTICIPANT_ROLE) >>> 2];
  return ROLES[role] === "requester" && attachment.isParticipantAlive(index);
}

function slotsPointInto(words: Int32Array, slots: number, region: Region): boolean {
  for (let slot = 0; slot < layout.MAX_REQUESTS; slot++) {
    const at = slots + slot * layout.SLOT_BYTES;
    const status = words[(at + layout.SLOT_STATE + 4) >>> 2] & 0xff;
    const offset = words[(at + layout.SLOT_OFFSET) >>> 2] >>> 0;
    if (status < layout.SLOT_WRITING) continue;
    if (offset >= region.offset && offset < region.offset + region.bytes) return true;
  }
  return false;
}
