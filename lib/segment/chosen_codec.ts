/**
 * The codec of a channel. The process that creates a channel for a socket that sends, or that names a
 * codec, writes the codec's id with the channel. A receiver without the option leaves the choice open; the
 * first socket that sends or names one makes it, with one compare-and-swap of a word.
 *
 * @module
 */

import type { ByteSource } from "./byte_source.ts";
import { CODEC_BYTES } from "../../wasm/layout.ts";

/** The id of a codec that nobody has chosen yet. */
export const UNCHOSEN = "";

/** Built-in codecs by their number in the segment, from 1. Other ids lie in a region. */
const NUMBERED: readonly string[] = [UNCHOSEN, "msgpack", "json", "raw", "clone"];

/** The number of a built-in codec in a segment; undefined for a codec of the program. */
export function codecNumber(id: string): number | undefined {
  const number = NUMBERED.indexOf(id);
  return number > 0 ? number : undefined;
}

/** The codec that a number or the offset of a region stands for. The region may not be mapped yet. */
export function chosenCodecId(source: ByteSource, value: number): string {
  if (value < NUMBERED.length) return NUMBERED[value];
  const bytes = source.read(value, CODEC_BYTES);
  return bytes.length < CODEC_BYTES ? UNCHOSEN : codecIdOf(bytes);
}

/** The id in the bytes of a codec. */
export function codecIdOf(bytes: Uint8Array<ArrayBufferLike>): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? undefined : end));
}
