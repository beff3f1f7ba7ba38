/**
 * The header of an open segment file, mapped for a moment.
 *
 * @module
 */

import { newMemory } from "./grow.ts";
import { platform } from "../platform/mod.ts";

const PAGE_BYTES = 4096;

/**
 * Calls `use` with the mapped header of an open file.
 *
 * @throws {ShmConnectionError} if the process has no address space for it
 */
export function withHeader<R>(fd: number, use: (header: Uint32Array<ArrayBuffer>) => R): R {
  const memory = newMemory(undefined, 1);
  // FFI accepts a view of any buffer; its types accept plain buffers only.
  const buffer = memory.buffer as unknown as ArrayBuffer;
  platform().map(new Uint8Array(buffer, 0, PAGE_BYTES), fd, 0);
  try {
    return use(new Uint32Array(buffer));
  } finally {
    platform().unmap(new Uint8Array(buffer, 0, PAGE_BYTES));
  }
}
