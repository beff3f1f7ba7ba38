/**
 * Space for messages that do not fit a ring: regions of the segment that one process owns, divided into
 * blocks by first fit. Only the owner keeps the list of blocks, so a crash leaves nothing to repair.
 *
 * @module
 */

/** Largest message on any channel, in bytes: 512 MiB. */
export const MAX_MESSAGE_BYTES: number = 512 * 1024 * 1024;

interface Block {
  offset: number;
  end: number;
}

/** Blocks in regions of a segment. */
export class BlockAllocator {
  readonly #regions: Block[] = [];
  /** Blocks in use, by offset. */
  readonly #used: Block[] = [];

  /** Adds a region. */
  addRegion(offset: number, bytes: number): void {
    this.#regions.push({ offset, end: offset + bytes });
  }

  /** Offset of a free block, or -1. */
  allocate(bytes: number): number {
    const size = Math.ceil(bytes / 8) * 8;
    for (const region of this.#regions) {
      const offset = this.#fit(region, size);
      if (offset >= 0) return offset;
    }
    return -1;
  }

  #fit(region: Block, size: number): number {
    let from = region.offset;
    let at = 0;
    for (; at < this.#used.length; at++) {
      const block = this.#used[at];
      if (block.end <= region.offset) continue;
      if (block.offset >= region.end || block.offset - from >= size) break;
      from = block.end;
    }
    if (from + size > region.end) return -1;
    this.#used.splice(at, 0, { offset: from, end: from + size });
    return from;
  }

  /** Reserves a certain block; false if it is not free. */
  reserve(offset: number, bytes: number): boolean {
    const end = offset + Math.ceil(bytes / 8) * 8;
    const isInside = this.#regions.some((region) => offset >= region.offset && end <= region.end);
    if (!isInside || this.#used.some((block) => offset < block.end && end > block.offset)) {
      return false;
    }
    const after = this.#used.findIndex((block) => block.offset > offset);
    this.#used.splice(after < 0 ? this.#used.length : after, 0, { offset, end });
    return true;
  }

  /** Frees a block. */
  free(offset: number): void {
    const at = this.#used.findIndex((block) => block.offset === offset);
    if (at >= 0) this.#used.splice(at, 1);
  }
}
