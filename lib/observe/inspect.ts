/**
 * Inspects a segment's file: its tables, its records, and where it is damaged. The channel may be live
 * or dead.
 *
 * @module
 */

import { LaneSalvager, type RecordReport } from "./salvage.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type SegmentSnapshot, takeSnapshot } from "./snapshot.ts";

/** Options of an inspection. */
export interface InspectOptions {
  /** Directory with the FIFOs of the participants. Default: none, and `alive` is undefined. */
  readonly isolateDirectory?: string | undefined;
  /** Most records that are listed. */
  readonly records: number;
}

/** The result of an inspection. */
export interface Inspection extends SegmentSnapshot {
  /** The first records. */
  readonly records: RecordReport[];
  /** Messages that can be received. */
  readonly committed: number;
  /** Messages that were begun and not sent. */
  readonly unfinished: number;
  /** True if the limits ended the inspection early: the counts are then too low. */
  readonly isCut: boolean;
}

/** Longest message whose bytes are read, to check whether they can be decoded. */
const MESSAGE_BYTES = 1024 * 1024;

const NO_RECORDS = { records: [], committed: 0, unfinished: 0, isCut: false };

/** Inspects a segment. It never throws because of damage. */
export function inspect(source: ByteSource, options: InspectOptions): Inspection {
  const tables = takeSnapshot(source, options.isolateDirectory);
  const { geometry, header, lanes, issues } = tables;
  if (geometry === undefined) return { ...tables, ...NO_RECORDS };
  const limits = { records: options.records, messageBytes: MESSAGE_BYTES };
  const salvager = new LaneSalvager(source, geometry, header?.kind === "request", limits);
  for (const { index } of lanes) salvager.salvage(index);
  return { ...tables, ...salvager.result, issues: [...issues, ...salvager.result.issues] };
}
