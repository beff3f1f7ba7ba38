/**
 * Values that are described by the flags of their record; the codec of the channel does not matter.
 *
 * @module
 */

import { readTensor } from "../codecs/tensor.ts";
import { RECORD_TENSOR, RECORD_UNDEFINED } from "../../wasm/layout.ts";

/** Flags of records whose value no codec wrote. */
export const SELF_DESCRIBED: number = RECORD_TENSOR | RECORD_UNDEFINED;

/** Reads a value that no codec wrote. */
export function readSelfDescribed(flags: number, bytes: Uint8Array): unknown {
  return (flags & RECORD_UNDEFINED) !== 0 ? undefined : readTensor(bytes);
}
