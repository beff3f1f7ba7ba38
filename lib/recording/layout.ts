/**
 * The one description of a recording's bytes. All numbers are little-endian.
 *
 * ```text
 *     0 +------------------------------------------------------------------+
 *       | magic: 8 | version: 4 | kind: 4 | capacity: 4 | 0: 4             |
 *       | begun at: 8, a double | codec id: 32 | channel name: 200 | 0: 4  |
 *       | check over all before it: 4                                      |
 *   272 +------------------------------------------------------------------+
 *       | entries, one behind the other                                    |
 *       +------------------------------------------------------------------+
 *
 *   an entry, 8-aligned
 *
 *       +------------------------------------------------------------------+
 *       | type: 4 | length: 4 | time: 8, a double | number: 8, a double    |
 *       | lane: 2 | flags: 1 | 0: 1 | check: 4                             |
 *       +------------------------------------------------------------------+
 *       | payload: length bytes, padded with zeros to 8                    |
 *       +------------------------------------------------------------------+
 * ```
 *
 * The payload of a message with a topic begins with the topic, as in a ring. Checks are CRC-32, an entry's over what is before the check and over the payload. Kinds and flags
 * are those of a segment (wasm/layout.ts).
 *
 * @module
 */

/** "RINGREC1". */
export const MAGIC: Uint8Array<ArrayBuffer> = new TextEncoder().encode("RINGREC1");
/** Version of the format; a reader rejects later ones. */
export const VERSION = 2;
/** The first version, which had no topics. */
export const FIRST_VERSION = 1;

export const HEADER_MAGIC = 0;
export const HEADER_VERSION = HEADER_MAGIC + 8;
export const HEADER_KIND = HEADER_VERSION + 4;
export const HEADER_CAPACITY = HEADER_KIND + 4;
export const HEADER_BEGUN_AT = HEADER_CAPACITY + 8;
export const HEADER_CODEC = HEADER_BEGUN_AT + 8;
export const CODEC_BYTES = 32;
export const HEADER_NAME = HEADER_CODEC + CODEC_BYTES;
export const NAME_BYTES = 200;
export const HEADER_CHECK = HEADER_NAME + NAME_BYTES + 4;
export const HEADER_BYTES = HEADER_CHECK + 4;

export const ENTRY_TYPE = 0;
export const ENTRY_LENGTH = ENTRY_TYPE + 4;
/** Milliseconds since the recording began. */
export const ENTRY_TIME = ENTRY_LENGTH + 4;
/** A message's number on its lane; how many were missed; how many messages were recorded. */
export const ENTRY_NUMBER = ENTRY_TIME + 8;
export const ENTRY_LANE = ENTRY_NUMBER + 8;
export const ENTRY_FLAGS = ENTRY_LANE + 2;
export const ENTRY_CHECK = ENTRY_FLAGS + 2;
export const ENTRY_BYTES = ENTRY_CHECK + 4;

/** Entry type: a message. */
export const TYPE_MESSAGE = 1;
/** Entry type: messages that were overwritten before they could be recorded. */
export const TYPE_MISSED = 2;
/** Entry type: the end of the recording. */
export const TYPE_END = 3;

/** Bytes of a payload with its padding. */
export function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
