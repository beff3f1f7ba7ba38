/**
 * Messages copied out of a ring side by side, before they are taken together.
 *
 * @module
 */

import { copyMessage, type Memory, OwnMemory } from "./copy.ts";

const FIRST_BYTES = 16 * 1024;
/** A batch ends when it holds this many bytes, so that its scratch stays small. */
const FULL_BYTES = 256 * 1024;

/** A batch of messages. */
export class Batch {
  #memory = new OwnMemory(FIRST_BYTES);
  #end = 0;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  readonly #flags: number[] = [];

  /** Messages in the batch. */
  get length(): number {
    return this.#offsets.length;
  }

  /** Bytes of a message's payload. */
  lengthOf(index: number): number {
    return this.#lengths[index];
  }

  /** True when no more should be added. */
  get isFull(): boolean {
    return this.#end >= FULL_BYTES;
  }

  /** Removes all messages. */
  clear(): void {
    this.#end = 0;
    this.#offsets.length = this.#lengths.length = this.#flags.length = 0;
  }

  /** Copies a message in. */
  add(from: Memory, offset: number, length: number, flags: number): void {
    if (this.#end + length + 8 > this.#memory.bytes.length) this.#grow(length + 8);
    copyMessage(from, offset, this.#memory, this.#end, length);
    this.#offsets.push(this.#end);
    this.#lengths.push(length);
    this.#flags.push(flags);
    this.#end += (length + 7) & ~7;
  }

  #grow(bytes: number): void {
    const larger = new OwnMemory(2 ** Math.ceil(Math.log2(this.#end + bytes)));
    larger.bytes.set(this.#memory.bytes.subarray(0, this.#end));
    this.#memory = larger;
  }

  flagsOf(index: number): number {
    return this.#flags[index];
  }

  /** A message's bytes, valid until the batch is cleared. */
  viewOf(index: number): Uint8Array {
    const offset = this.#offsets[index];
    return this.#memory.bytes.subarray(offset, offset + this.#lengths[index]);
  }

  /** All messages' bytes, in one buffer of their own. */
  toArrays(): Uint8Array<ArrayBuffer>[] {
    const { buffer } = this.#memory.bytes.slice(0, this.#end);
    return this.#offsets.map((offset, i) => new Uint8Array(buffer, offset, this.#lengths[i]));
  }
}
