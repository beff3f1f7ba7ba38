/**
 * A segment's header and the facts in its control block, and what is wrong with them.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { chosenCodecId } from "../segment/chosen_codec.ts";
import { ringChecksum } from "../segment/checksum.ts";
import {
  type ChannelKind,
  configChecksum,
  hasMagic,
  type HeaderRow,
  KINDS,
  newSegmentBytes,
} from "../segment/format.ts";
import {
  type Geometry,
  geometryOf,
  readControl,
  readHeader as readRow,
} from "../segment/tables.ts";
import type { Issue } from "./issue.ts";
import { laneCount } from "./lane.ts";
import * as layout from "../../wasm/layout.ts";

/** A header as it is: what is invalid in it is reported as an issue beside it. */
export interface HeaderReport
  extends Omit<HeaderRow, "magic" | "status" | "kind" | "flags" | "end" | "lanes"> {
  /** The first eight bytes, as text. */
  readonly magic: string;
  /** Whether the channel is open; the number itself if it is none that is known. */
  readonly status: "open" | "closed" | bigint;
  /** What the channel does with a message; the number itself if it is none that is known. */
  readonly kind: ChannelKind | number;
  readonly persistent: boolean;
  /** Where the segment ends, as the processes that grow it know. */
  readonly endBytes: number;
  /** Lanes in use. */
  readonly lanes: number;
}

/** The process that created a segment. */
export interface CreatorReport {
  readonly pid: number;
  readonly since: Date;
}

const encoder = new TextEncoder();

/** Bytes of a file that are searched at most for a lost control block. */
const SEARCH_BYTES = 256 * 1024 * 1024;
const SEARCH_CHUNK_BYTES = 1024 * 1024;

/** Reads and checks the header; undefined if the file is too short to have one. */
export function readHeader(source: ByteSource, issues: Issue[]): HeaderReport | undefined {
  const row = readRow(source);
  if (row === undefined) {
    const problem = `the file has ${pluralize(source.size(), "byte")}, and a header ` +
      `${layout.HEADER_BYTES}`;
    issues.push({ offset: 0, part: "header", problem });
    return undefined;
  }
  checkHeader(row, issues);
  const { magic, status, kind, flags, end, lanes: _, ...rest } = row;
  return {
    ...rest,
    magic: textOf(magic),
    status: status === 0n ? "open" : status === 1n ? "closed" : status,
    kind: KINDS[kind] ?? kind,
    persistent: flags.isPersistent,
    endBytes: end.value,
    lanes: laneCount(row),
  };
}

function checkHeader(row: HeaderRow, issues: Issue[]): void {
  const report = (offset: number, problem: string) =>
    issues.push({ offset, part: "header", problem });
  if (!hasMagic(row)) {
    report(layout.HEADER_MAGIC, "it does not begin with the magic number of a segment");
  }
  if (row.version !== BigInt(layout.VERSION)) {
    report(layout.HEADER_VERSION, `the layout has version ${row.version}, not ${layout.VERSION}`);
  }
  if (row.status > BigInt(layout.STATUS_CLOSED)) {
    report(layout.HEADER_STATUS, `the status is ${row.status}, neither open nor closed`);
  }
  if (!(row.kind in KINDS)) report(layout.HEADER_KIND, `there is no kind ${row.kind}`);
  if (!row.flags.isIntact) {
    report(layout.HEADER_FLAGS, "the flags do not match their complement");
  }
  if (!row.end.isIntact) {
    report(layout.HEADER_END, "the end of the segment does not match its check");
  }
  if (!row.lanes.isIntact) {
    report(layout.HEADER_LANES, "the number of lanes does not match its complement");
  }
}

function textOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte < 32 || byte > 126 ? "." : String.fromCharCode(byte))
    .join("");
}

/**
 * Where the tables of a segment are. Behind a damaged capacity they are searched for: the first
 * lane's entry has, at a known place and with a check, the offset of the first ring.
 */
export function findGeometry(
  source: ByteSource,
  header: HeaderReport,
  issues: Issue[],
): Geometry | undefined {
  const capacity = Number(header.capacityBytes);
  const size = source.size();
  const isValid = capacity >= 64 && capacity % 64 === 0 && newSegmentBytes(capacity) <= size;
  if (isValid) return geometryOf(capacity);
  const control = searchControl(source, size);
  const location = control === undefined
    ? "and the tables behind it were not found"
    : `its tables are at ${control}, which makes it ${control - layout.HEADER_BYTES}`;
  issues.push({
    offset: layout.HEADER_CAPACITY,
    part: "header",
    problem: `the file of ${pluralize(size, "byte")} cannot hold a ring of ` +
      `${header.capacityBytes}; ${location}`,
  });
  return control === undefined ? undefined : { capacity: control - layout.HEADER_BYTES, control };
}

function searchControl(source: ByteSource, size: number): number | undefined {
  const entry = layout.CONTROL_LANES + layout.LANE_DATA;
  const last = Math.min(size, SEARCH_BYTES) - layout.CONTROL_BYTES;
  for (let control = layout.HEADER_BYTES + 64; control <= last;) {
    const bytes = source.read(control + entry, SEARCH_CHUNK_BYTES);
    const view = new DataView(bytes.buffer, 0, bytes.length);
    const step = layout.LANE_DATA_CHECK - layout.LANE_DATA;
    if (bytes.length < step + 4) return undefined;
    for (let at = 0; at + step + 4 <= bytes.length && control <= last; at += 64, control += 64) {
      if (view.getUint32(at, true) !== layout.HEADER_BYTES) continue;
      const check = ringChecksum(0, layout.HEADER_BYTES, control - layout.HEADER_BYTES);
      if (view.getUint32(at + step, true) === check) return control;
    }
  }
  return undefined;
}

/** The name of the codec, and the process that created the segment. */
export function readOrigin(
  source: ByteSource,
  geometry: Geometry,
  issues: Issue[],
): { codec: string; creator: CreatorReport } | undefined {
  const row = readControl(source, geometry);
  const header = source.read(0, layout.HEADER_BYTES);
  if (row === undefined || header.length < layout.HEADER_BYTES) {
    const problem = "the file ends before it";
    issues.push({ offset: geometry.control, part: "control block", problem });
    return undefined;
  }
  const { codec, creatorPid: pid, createdAt } = row;
  const view = new DataView(header.buffer);
  if (view.getUint32(layout.HEADER_CHECK, true) !== configChecksum(view, codec)) {
    issues.push({
      offset: layout.HEADER_CHECK,
      part: "header",
      problem: "version, kind, capacity or the codec's name do not match their check",
    });
  }
  if (!row.chosenCodec.isIntact) {
    const problem = "the choice of the codec does not match its check";
    const offset = geometry.control + layout.CONTROL_CHOSEN_CODEC;
    issues.push({ offset, part: "control block", problem });
  }
  const end = codec.indexOf(0);
  const name = textOf(end < 0 ? codec : codec.subarray(0, end)) ||
    textOf(encoder.encode(chosenCodecId(source, row.chosenCodec.value)));
  return { codec: name, creator: { pid, since: new Date(createdAt) } };
}
