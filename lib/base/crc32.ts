/**
 * The checksum of what is kept on disks.
 *
 * @module
 */

import { nodeModule } from "./node_module.ts";

let compute: typeof import("node:zlib").crc32 | undefined;

/** CRC-32 of bytes, which goes on from that of the bytes before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  compute ??= nodeModule("node:zlib").crc32;
  return compute(bytes, before);
}
