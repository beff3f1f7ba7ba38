/**
 * The memory that a segment is mapped into.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import { MAX_WASM_PAGES, WASM_PAGE_BYTES } from "../base/pages.ts";

/**
 * Makes a memory of one page, which can grow.
 *
 * @throws {ShmConnectionError} if the process has no address space for it
 */
export function newMemory(channel: string): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MAX_WASM_PAGES, shared: true });
  } catch (cause) {
    throw noAddressSpace(channel, cause);
  }
}

/**
 * Makes a memory of a number of pages, in which a new file is formatted.
 *
 * @throws {ShmConnectionError} if the process has no address space for it
 */
export function fixedMemory(channel: string, pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw noAddressSpace(channel, cause, pages * WASM_PAGE_BYTES);
  }
}

/**
 * Makes room for more pages.
 *
 * @throws {ShmConnectionError} if the process has no address space for them
 */
export function growMemory(memory: WebAssembly.Memory, pages: number, channel: string): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    throw noAddressSpace(channel, cause, pages * WASM_PAGE_BYTES);
  }
}

function noAddressSpace(channel: string, cause: unknown, bytes?: number): ShmConnectionError {
  const needed = bytes === undefined ? "it" : `${bytes} more bytes`;
  return new ShmConnectionError(
    `cannot map channel "${channel}": the process has no address space for ${needed}; close other ` +
      `sockets, or raise the limit (ulimit -v)`,
    { cause },
  );
}
