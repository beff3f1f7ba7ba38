/**
 * Ids of entries of streams: a time in milliseconds and a number within it, both of 64 bits.
 *
 * @module
 */

const MAX_PART = 2n ** 64n - 1n;
/** Small numbers, which many ids share. */
const SMALL = Array.from({ length: 1024 }, (_, i) => BigInt(i));

/** An id. */
export class StreamId {
  constructor(readonly ms: bigint, readonly sequence: bigint) {}

  /** Less than 0 if it comes before another one, 0 if they are equal. */
  compare({ ms, sequence }: StreamId): number {
    if (this.ms !== ms) return this.ms < ms ? -1 : 1;
    return this.sequence === sequence ? 0 : this.sequence < sequence ? -1 : 1;
  }

  /** The id after it; undefined if it is the last one. */
  next(): StreamId | undefined {
    const sequence = SMALL[Number(this.sequence) + 1];
    if (sequence !== undefined) return new StreamId(this.ms, sequence);
    if (this.sequence < MAX_PART) return new StreamId(this.ms, this.sequence + 1n);
    return this.ms < MAX_PART ? new StreamId(this.ms + 1n, 0n) : undefined;
  }

  /** The id before it; undefined if it is the first one. */
  previous(): StreamId | undefined {
    if (this.sequence > 0n) return new StreamId(this.ms, this.sequence - 1n);
    return this.ms > 0n ? new StreamId(this.ms - 1n, MAX_PART) : undefined;
  }

  toString(): string {
    return `${this.ms}-${this.sequence}`;
  }
}

/** The id before all entries. */
export const FIRST_ID = new StreamId(0n, 0n);
/** The id after all entries. */
export const LAST_ID = new StreamId(MAX_PART, MAX_PART);

/** The later one of two ids. */
export function laterId(one: StreamId, other: StreamId): StreamId {
  return one.compare(other) < 0 ? other : one;
}
