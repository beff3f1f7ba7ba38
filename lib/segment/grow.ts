/**
 * The memory that a segment is mapped into.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import { WASM_PAGE_BYTES } from "../base/pages.ts";

/**
 * Makes a memory of a number of pages.
 *
 * @param channel whose memory it is; undefined if that is not known
 * @param maximum pages that it can grow to; default: it cannot grow
 * @throws {ShmConnectionError} if the process has no address space for it
 */
export function newMemory(
  channel: string | undefined,
  pages: number,
  maximum: number = pages,
): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum, shared: true });
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

function noAddressSpace(
  channel: string | undefined,
  cause: unknown,
  bytes: number,
): ShmConnectionError {
  const what = channel === undefined ? "a segment" : `channel "${channel}"`;
  return new ShmConnectionError(
    `cannot map ${what}: the process has no address space for ${bytes} more bytes; close other ` +
      `sockets, or raise the limit (ulimit -v)`,
    { cause },
  );
}
