/**
 * A segment's file after the fact: its tables, its records, and where it is damaged. A live one's
 * file can be looked at, too.
 *
 * @module
 */

import { LaneSalvager, type RecordReport } from "./salvage.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { type SegmentSnapshot, takeSnapshot } from "./snapshot.ts";

/** What is looked at. */
export interface InspectOptions {
  /** Directory with the doorbells of the participants; left out, nobody knows who lives. */
  readonly isolateDirectory?: string;
  /** Records that are listed at most. */
  readonly records: number;
}

/** What a file says. */
export interface Inspection extends SegmentSnapshot {
  /** The first records. */
  readonly records: RecordReport[];
  /** How many messages there are to be received. */
  readonly committed: number;
  /** How many were begun and not sent. */
  readonly unfinished: number;
  /** True if there is more than is looked at in one go: the counts are then too low. */
  readonly isCut: boolean;
}

/** Longest message whose bytes are read, to see whether they can be decoded. */
const MESSAGE_BYTES = 1024 * 1024;

const NO_RECORDS = { records: [], committed: 0, unfinished: 0, isCut: false };

/** Looks through a segment. It never throws because of what the bytes say. */
export function inspect(source: ByteSource, options: InspectOptions): Inspection {
  const tables = takeSnapshot(source, options.isolateDirectory);
  const { geometry, header, lanes, findings } = tables;
  if (geometry === undefined) return { ...tables, ...NO_RECORDS };
  const limits = { records: options.records, messageBytes: MESSAGE_BYTES };
  const salvager = new LaneSalvager(source, geometry, header?.kind === "request", limits);
  for (const { index } of lanes) salvager.salvage(index);
  return { ...tables, ...salvager.result, findings: [...findings, ...salvager.result.findings] };
}
