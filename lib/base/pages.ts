/**
 * Sizes of pages, and rounding to them.
 *
 * @module
 */

/** Bytes of a page of a file: sizes of files and of mappings are multiples of it. */
export const PAGE_BYTES = 4096;
/** Bytes of a page of WebAssembly memory. */
export const WASM_PAGE_BYTES = 65_536;
/** Most pages of a WebAssembly memory: 4 GiB. */
export const MAX_WASM_PAGES = 65_536;

/** Rounds up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
