/**
 * Arrays of small messages that are parts of larger buffers, as Node's `Buffer` has them: to make an array
 * with a buffer of its own takes the runtime 200 to 2,000 ns, a view of a buffer that is there 15.
 *
 * The buffers are marked as untransferable: who transfers the buffer of one message gets an error, and does
 * not empty the arrays of the others.
 *
 * @module
 */

import { nodeModule } from "../base/node_module.ts";
import { copyMessage, copyToArray, type Memory, OwnMemory } from "./copy.ts";

const SLAB_BYTES = 8 * 1024;
/** Longest message that shares a buffer with others. */
const POOLED_BYTES = SLAB_BYTES / 8;

/** The buffer that is filled at present. */
export class Slab {
  #memory = newMemory();
  #end = 0;

  /** Copies a message from shared memory into an array. */
  copy(from: Memory, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const end = this.#end + ((length + 7) & ~7);
    if (end > SLAB_BYTES || length > POOLED_BYTES) return this.#copyElsewhere(from, offset, length);
    const memory = this.#memory;
    copyMessage(from, offset, memory, this.#end, length);
    const bytes = new Uint8Array(memory.bytes.buffer, this.#end, length);
    this.#end = end;
    return bytes;
  }

  #copyElsewhere(from: Memory, offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > POOLED_BYTES) return copyToArray(from.bytes, offset, length);
    this.#memory = newMemory();
    this.#end = 0;
    return this.copy(from, offset, length);
  }
}

function newMemory(): OwnMemory {
  const memory = new OwnMemory(SLAB_BYTES);
  markAsUntransferable(memory.bytes.buffer);
  return memory;
}

let mark: ((buffer: ArrayBuffer) => void) | undefined;

function markAsUntransferable(buffer: ArrayBuffer): void {
  mark ??= nodeModule("node:worker_threads").markAsUntransferable;
  mark(buffer);
}

/** True if the runtime refuses to transfer buffers that are marked. */
export function canPool(): boolean {
  const buffer = new ArrayBuffer(1);
  try {
    markAsUntransferable(buffer);
    structuredClone(buffer, { transfer: [buffer] });
  } catch {
    return buffer.byteLength === 1;
  }
  return false;
}
