/**
 * The latest values of a segment, as one sees them who takes no part.
 *
 * @module
 */

import { roundUp } from "../base/pages.ts";
import type { Row } from "../base/structure.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { CELL } from "../segment/structures.ts";
import { readRows } from "../segment/tables.ts";
import * as layout from "../../wasm/layout.ts";

/** A key with its value. */
export interface LatestEntry {
  readonly key: string;
  /** Bytes of the value. */
  readonly sizeBytes: number;
  /** The value as it is encoded; undefined if it is larger than what was asked for. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Record flags, which mark what is not encoded by the codec. */
  readonly flags: number;
  /** Milliseconds of the Unix epoch; `Infinity`: never. */
  readonly expiresMs: number;
}

/** How much is read. */
export interface LatestLimits {
  /** Most keys. */
  readonly keys: number;
  /** Most bytes of a value. */
  readonly valueBytes: number;
}

/** Longest key, in bytes. */
const MAX_KEY_BYTES = 1024;
/** Most cells of a list, unless its length was overwritten. */
const MAX_LISTED = 65_536;

const decoder = new TextDecoder();

/** Reads keys with their values. One that is changed meanwhile may be missing. */
export function readLatestEntries(source: ByteSource, limits: LatestLimits): LatestEntry[] {
  const entries: LatestEntry[] = [];
  for (const cell of cellsIn(source)) {
    if (entries.length >= limits.keys) break;
    const entry = readEntry(source, cell, limits);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function* cellsIn(source: ByteSource): Generator<number, void, void> {
  for (const cell of wordsAt(source, layout.INDEX_BUCKETS, layout.BUCKETS)) {
    const [header] = cell === 0 ? [] : readRows(source, CELL, cell, 1);
    if (header === undefined) continue;
    if ((header.flags & layout.CELL_IS_LIST) === 0) yield cell;
    else {
      const count = Math.min(header.length / layout.LIST_ENTRY_BYTES, MAX_LISTED);
      yield* wordsAt(source, cell + layout.CELL_DATA, Math.floor(count));
    }
  }
}

/** The offsets of cells in pairs of words, of which each first one has an offset. */
function* wordsAt(source: ByteSource, offset: number, count: number): Generator<number, void> {
  const bytes = source.read(offset, count * 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    yield view.getUint32(at, true) * layout.CELL_ALIGN;
  }
}

function readEntry(
  source: ByteSource,
  cell: number,
  { valueBytes }: LatestLimits,
): LatestEntry | undefined {
  const [header] = cell === 0 ? [] : readRows(source, CELL, cell, 1);
  if (header === undefined || header.keyBytes > MAX_KEY_BYTES) return undefined;
  if ((header.flags & layout.CELL_IS_LIST) !== 0) return undefined;
  const from = cell + layout.CELL_DATA;
  const key = source.read(from, header.keyBytes);
  const isRead = header.length <= valueBytes;
  const bytes = isRead ? source.read(from + roundUp(header.keyBytes, 8), header.length) : undefined;
  if (!isSameUse(header, readRows(source, CELL, cell, 1)[0])) return undefined;
  const { length, flags, expiresMs } = header;
  return { key: decoder.decode(key), sizeBytes: length, bytes, flags, expiresMs };
}

/** A cell that was used again meanwhile holds another key. */
function isSameUse(before: Row<typeof CELL>, after: Row<typeof CELL> | undefined): boolean {
  return after !== undefined && before.state.use === after.state.use &&
    before.state.status === after.state.status;
}
