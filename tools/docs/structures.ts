/**
 * The structures that the pages draw: those of a segment and those of a recording.
 *
 * @module
 */

import type { Descriptor, Field, Structure } from "../../lib/base/structure.ts";
import * as recording from "../../lib/recording/structures.ts";
import * as segment from "../../lib/segment/structures.ts";

/** A structure, with its fields in the order of their offsets. */
export interface DrawnStructure {
  readonly title: string;
  /** The module with its offsets. */
  readonly descriptor: Descriptor;
  /** Prefix of the names of its offsets. */
  readonly prefix: string;
  readonly bytes: number;
  readonly fields: readonly Field[];
}

function drawn(structure: Structure): DrawnStructure {
  return { ...structure, fields: Object.values(structure.fields) };
}

/** The header. */
export const HEADER: DrawnStructure = drawn(segment.HEADER);

/** The control block. */
export const CONTROL: DrawnStructure = drawn(segment.CONTROL);

/** The tables, and the structures in regions. */
export const TABLES: readonly DrawnStructure[] = [
  segment.PARTICIPANT,
  segment.LANE,
  segment.RECORD,
  segment.CURSOR,
  segment.REQUEST_REGION,
  segment.REQUEST_SLOT,
  segment.LEASE_SLOT,
  segment.INDEX,
  segment.CHUNK,
  segment.CELL,
].map(drawn);

/** A recording's header, and an entry. */
export const RECORDING: readonly DrawnStructure[] = [recording.HEADER, recording.ENTRY].map(drawn);

/** Constants with the prefix of offsets that are not offsets. */
export const NO_OFFSETS: ReadonlySet<string> = new Set([
  "HEADER_BYTES",
  "ENTRY_BYTES",
  "CONTROL_PARTICIPANTS",
  "CONTROL_LANES",
  "CONTROL_BYTES",
  "PARTICIPANT_BYTES",
  "PARTICIPANT_VIEW",
  "LANE_BYTES",
  "LANE_BUDGET",
  "CURSOR_BYTES",
  "RECORD_PAYLOAD",
  "RECORD_PADDING",
  "RECORD_BLOCK",
  "RECORD_TENSOR",
  "RECORD_TOPIC",
  "RECORD_ERROR",
  "RECORD_HEADERS",
  "RECORD_UNDEFINED",
  "REQUEST_PREFIX_BYTES",
  "SLOT_BYTES",
  "SLOT_FREE",
  "SLOT_QUEUED",
  "SLOT_TAKEN",
  "SLOT_WRITING",
  "SLOT_DONE",
  "LEASE_SLOT_BYTES",
  "LEASE_SLOT_FREE",
  "LEASE_SLOT_CLAIMED",
  "LEASE_SLOT_LEASED",
  "LEASE_SLOT_RETURNED",
  "INDEX_END",
  "CHUNK_CLASS",
  "CHUNK_CELLS",
  "CELL_DATA",
  "CELL_ALIGN",
  "CELL_IS_LIST",
  "CELL_FREE",
  "CELL_WRITING",
  "CELL_KEPT",
]);
