/**
 * How many latest values a segment has, and how large they are.
 *
 * @module
 */

import type { ByteSource } from "../segment/byte_source.ts";
import { CELL } from "../segment/structures.ts";
import { readRows } from "../segment/tables.ts";
import * as layout from "../../wasm/layout.ts";

/** The latest values of a segment. */
export interface LatestReport {
  /** Keys that have a value, expired ones included that nobody has removed yet. */
  readonly keys: number;
  /** Bytes of these values, as they are encoded. */
  readonly bytes: number;
  /** Changes of values since the segment was created, modulo 2^32. */
  readonly changes: number;
}

/** Counts the latest values. Those that are changed meanwhile may be counted or not. */
export function readLatestValues(source: ByteSource): LatestReport {
  const buckets = source.read(layout.INDEX_BUCKETS, layout.BUCKETS * 8);
  const view = new DataView(buckets.buffer, buckets.byteOffset, buckets.length);
  const report = { keys: 0, bytes: 0, changes: changesIn(source) };
  for (let at = 0; at + 8 <= buckets.length; at += 8) {
    const cell = view.getUint32(at, true) * layout.CELL_ALIGN;
    if (cell !== 0) count(source, cell, report);
  }
  return report;
}

function changesIn(source: ByteSource): number {
  const bytes = source.read(layout.INDEX_CHANGES, 4);
  return bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function count(source: ByteSource, cell: number, report: { keys: number; bytes: number }): void {
  const [header] = readRows(source, CELL, cell, 1);
  if (header === undefined) return;
  if ((header.flags & layout.CELL_IS_LIST) === 0) {
    report.keys++;
    report.bytes += header.length;
    return;
  }
  const entries = source.read(cell + layout.CELL_DATA, Math.min(header.length, MAX_LIST_BYTES));
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
  for (let at = 0; at + layout.LIST_ENTRY_BYTES <= entries.length; at += layout.LIST_ENTRY_BYTES) {
    const [listed] = readRows(source, CELL, view.getUint32(at, true) * layout.CELL_ALIGN, 1);
    if (listed === undefined || (listed.flags & layout.CELL_IS_LIST) !== 0) continue;
    report.keys++;
    report.bytes += listed.length;
  }
}

/** No list is longer, unless its length was overwritten. */
const MAX_LIST_BYTES = 65_536 * layout.LIST_ENTRY_BYTES;
