/**
 * A snapshot of a segment's tables; the channel may be live or dead.
 *
 * @module
 */

import { type BacklogReport, readBacklog } from "./backlog.ts";
import type { Issue } from "./issue.ts";
import {
  type CreatorReport,
  findGeometry,
  type HeaderReport,
  readHeader,
  readOrigin,
} from "./header.ts";
import { laneProblem } from "./lane.ts";
import { type ParticipantReport, readParticipants } from "./participants.ts";
import { extendLow32 } from "../segment/record.ts";
import { readRequests, type RequestReport } from "./requests.ts";
import { RingWindow } from "./ring.ts";
import { type LatestReport, readLatestValues } from "./latest_values.ts";
import { type LeaseTablesReport, readLeaseTables } from "./lease_tables.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { hasRings, parseConfig } from "../segment/format.ts";
import { type Geometry, type LaneRow, readLanes } from "../segment/tables.ts";
import { RECORD_PAYLOAD } from "../../wasm/layout.ts";

/** A lane that has a ring. */
export interface LaneReport {
  readonly index: number;
  /** Index among the participants of its sender. */
  readonly owner: number | undefined;
  /** Bytes ever committed. */
  readonly head: number;
  /** Bytes ever taken or overwritten. */
  readonly tail: number;
  /** Bytes of its ring. */
  readonly capacityBytes: number;
  /** Messages ever committed. */
  readonly messages: number;
  /** Messages that are not taken, or not yet overwritten; undefined if that cannot be determined. */
  readonly pending: number | undefined;
  /** Share of the ring that is not taken, or not yet overwritten: from 0 to 1. */
  readonly fill: number;
  /** When the loan began that its sender has open, if it has one. */
  readonly loanSince: Date | undefined;
  /** True if its entry is consistent, so that it can be read. */
  readonly isIntact: boolean;
}

/** A segment's tables. */
export interface SegmentSnapshot {
  /** Bytes of the file. */
  readonly sizeBytes: number;
  readonly header: HeaderReport | undefined;
  /** False if no socket can open the segment, because its header is invalid. */
  readonly isOpenable: boolean;
  /** Where the tables are; undefined if they were not found. */
  readonly geometry: Geometry | undefined;
  /** Codec id. */
  readonly codec: string | undefined;
  readonly creator: CreatorReport | undefined;
  readonly participants: ParticipantReport[];
  readonly lanes: LaneReport[];
  readonly backlogs: BacklogReport[];
  readonly requests: RequestReport[];
  readonly leaseTables: LeaseTablesReport;
  /** The values of a segment of latest values. */
  readonly latest: LatestReport | undefined;
  /** What is damaged. */
  readonly issues: Issue[];
}

/**
 * Reads a segment's tables. The FIFOs in `isolateDirectory` show which participants are alive. Default:
 * none, and `alive` is undefined.
 */
export function takeSnapshot(source: ByteSource, isolateDirectory?: string): SegmentSnapshot {
  const first = readTables(source, isolateDirectory);
  if (first.issues.length === 0) return first;
  // An inconsistency that a concurrent change caused is gone in a second read.
  const second = readTables(source, isolateDirectory);
  const firstKeys = new Set(first.issues.map(keyOf));
  const issues = second.issues.filter((issue) => firstKeys.has(keyOf(issue)));
  return { ...second, issues };
}

function keyOf({ offset, part }: Issue): string {
  return `${offset} ${part}`;
}

function readTables(source: ByteSource, isolateDirectory: string | undefined): SegmentSnapshot {
  const issues: Issue[] = [];
  const header = readHeader(source, issues);
  const geometry = header && findGeometry(source, header, issues);
  const isOpenable = !("problem" in parseConfig(source));
  const base = { sizeBytes: source.size(), header, isOpenable, geometry, issues };
  if (geometry === undefined || header === undefined) return { ...base, ...NO_TABLES };
  const origin = readOrigin(source, geometry, issues);
  const participants = readParticipants(source, geometry, isolateDirectory, issues);
  const tables = { codec: origin?.codec, creator: origin?.creator, participants };
  if (!hasRings(header.kind)) {
    const latest = header.kind === "latest" ? readLatestValues(source) : undefined;
    return { ...base, ...NO_TABLES, ...tables, latest };
  }
  const words = readLanes(source, geometry).filter(({ data }) => data !== 0);
  const withRole = (role: string) => participants.filter((one) => one.role === role);
  return {
    ...base,
    ...tables,
    lanes: words.map((lane) => laneReport(source, lane, geometry, issues)),
    backlogs: withRole("subscriber").flatMap((one) => readBacklog(source, one, words) ?? []),
    requests: withRole("requester").flatMap((one) => readRequests(source, one)),
    leaseTables: readLeaseTables(source, geometry, issues),
    latest: undefined,
  };
}

const NO_TABLES = {
  codec: undefined,
  creator: undefined,
  participants: [],
  lanes: [],
  backlogs: [],
  requests: [],
  leaseTables: { slots: 0, leases: [] },
  latest: undefined,
};

function laneReport(
  source: ByteSource,
  lane: LaneRow,
  geometry: Geometry,
  issues: Issue[],
): LaneReport {
  const problem = laneProblem(lane, geometry, source.size());
  if (problem !== undefined) {
    issues.push({ offset: lane.offset, part: `lane ${lane.index}`, problem });
  }
  const { index, head, tail, count, ownerPlus1, loanMs } = lane;
  return {
    index,
    owner: ownerPlus1 === 0 ? undefined : ownerPlus1 - 1,
    head,
    tail,
    capacityBytes: lane.capacity,
    messages: count,
    pending: problem === undefined ? pendingIn(source, lane) : undefined,
    fill: problem === undefined ? (head - tail) / lane.capacity : 0,
    loanSince: loanMs === 0 || ownerPlus1 === 0 ? undefined : new Date(loanMs),
    isIntact: problem === undefined,
  };
}

/** The messages from the oldest record on, by its number. */
function pendingIn(source: ByteSource, lane: LaneRow): number | undefined {
  if (lane.head === lane.tail) return 0;
  const oldest = new RingWindow(source, lane, RECORD_PAYLOAD).oldest(lane);
  return oldest && Math.max(0, lane.count - extendLow32(lane.count, oldest.sequence));
}
