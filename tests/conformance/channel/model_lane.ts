// A lane's positions, computed from the messages alone.

import type { Message } from "./model.ts";

/** Largest message that lies in the ring itself. */
function largestInline(capacity: number): number {
  return Math.floor((capacity - 16) / 16) * 8 - 16;
}

/** True if a message leaves only a reference in the ring. */
export function isBig(length: number, capacity: number): boolean {
  return length > largestInline(capacity);
}

/** A lane. Positions count from `start`. */
export class ModelLane {
  readonly capacity: number;
  readonly start: bigint;
  readonly waiting: Message[] = [];
  head = 0;
  tail = 0;
  readonly #ends: number[] = [];
  readonly #offset: number;

  constructor(capacity: number, start: bigint) {
    this.capacity = capacity;
    this.start = start;
    this.#offset = Number(start % BigInt(capacity));
  }

  /** The position behind a message, were it sent now: no record is split at the ring's end. */
  endOf(length: number): number {
    const payload = isBig(length, this.capacity) ? 16 : length;
    const bytes = Math.ceil((payload + 16) / 8) * 8;
    const toEnd = this.capacity - (this.#offset + this.head) % this.capacity;
    return this.head + bytes + (toEnd < bytes ? toEnd : 0);
  }

  add(message: Message): void {
    this.head = this.endOf(message.length);
    this.waiting.push(message);
    this.#ends.push(this.head);
  }

  take(): void {
    this.waiting.shift();
    this.tail = this.#ends.shift()!;
  }
}
