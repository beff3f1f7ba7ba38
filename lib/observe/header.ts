/**
 * A segment's header and the facts in its control block, as they stand there.
 *
 * @module
 */

import {
  type ChannelKind,
  configChecksum,
  controlOffset,
  KINDS,
  newSegmentBytes,
} from "../segment/format.ts";
import { checksum, matchesChecksum } from "./checksum.ts";
import type { Issue } from "./issue.ts";
import { type Geometry, laneCountOf } from "./lane.ts";
import type { ByteSource } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** What a header says; words that cannot be right stand beside it as findings. */
export interface HeaderReport {
  /** The first eight bytes, as text. */
  readonly magic: string;
  readonly version: bigint;
  /** Bytes ever committed, over all lanes. */
  readonly head: bigint;
  /** Bytes ever taken or overwritten, over all lanes. */
  readonly tail: bigint;
  /** The lock word, which says whether the channel is open. */
  readonly status: "open" | "closed" | bigint;
  /** Messages ever committed. */
  readonly messages: bigint;
  /** Messages that were refused because a ring was full, or that a subscriber missed. */
  readonly dropped: bigint;
  /** What happens to a message; the number itself if it is none that is known. */
  readonly kind: ChannelKind | number;
  readonly persistent: boolean;
  /** Bytes of each lane's ring. */
  readonly capacityBytes: bigint;
  /** Where the segment ends, as those who add to it know. */
  readonly endBytes: number;
  /** Lanes in use. */
  readonly lanes: number;
}

/** The process that made a segment. */
export interface CreatorReport {
  readonly pid: number;
  readonly since: Date;
}

/** Bytes of a file that are searched at most for a lost control block. */
const SEARCH_BYTES = 256 * 1024 * 1024;
const SEARCH_CHUNK_BYTES = 1024 * 1024;

/** Reads the header; undefined if the file is too short to have one. */
export function readHeader(source: ByteSource, issues: Issue[]): HeaderReport | undefined {
  const bytes = source.read(0, layout.HEADER_BYTES);
  if (bytes.length < layout.HEADER_BYTES) {
    const problem = `the file has ${bytes.length} bytes, and a header ${layout.HEADER_BYTES}`;
    issues.push({ offset: 0, part: "header", problem });
    return undefined;
  }
  const view = new DataView(bytes.buffer);
  checkHeader(view, issues);
  const status = view.getBigUint64(layout.HEADER_STATUS, true);
  const kind = view.getUint32(layout.HEADER_KIND, true);
  return {
    magic: textOf(bytes.subarray(layout.HEADER_MAGIC, layout.HEADER_VERSION)),
    version: view.getBigUint64(layout.HEADER_VERSION, true),
    head: view.getBigUint64(layout.HEADER_HEAD, true),
    tail: view.getBigUint64(layout.HEADER_TAIL, true),
    status: status === 0n ? "open" : status === 1n ? "closed" : status,
    messages: view.getBigUint64(layout.HEADER_COUNT, true),
    dropped: view.getBigUint64(layout.HEADER_DROPPED, true),
    kind: KINDS[kind] ?? kind,
    persistent: (view.getUint32(layout.HEADER_FLAGS, true) & layout.FLAG_PERSIST) !== 0,
    capacityBytes: view.getBigUint64(layout.HEADER_CAPACITY, true),
    endBytes: view.getUint32(layout.HEADER_END, true),
    lanes: laneCountOf(view.getUint32(layout.HEADER_LANES, true)).count,
  };
}

function checkHeader(view: DataView, issues: Issue[]): void {
  const half = (offset: number) => view.getUint32(offset, true);
  const report = (offset: number, problem: string) =>
    issues.push({ offset, part: "header", problem });
  const isMagic = half(layout.HEADER_MAGIC) === layout.MAGIC_LOW &&
    half(layout.HEADER_MAGIC + 4) === layout.MAGIC_HIGH;
  if (!isMagic) report(layout.HEADER_MAGIC, "it does not begin with the magic number of a segment");
  const version = view.getBigUint64(layout.HEADER_VERSION, true);
  if (version !== BigInt(layout.VERSION)) {
    report(layout.HEADER_VERSION, `the layout has version ${version}, not ${layout.VERSION}`);
  }
  const status = view.getBigUint64(layout.HEADER_STATUS, true);
  if (status > BigInt(layout.STATUS_CLOSED)) {
    report(layout.HEADER_STATUS, `the status is ${status}, neither open nor closed`);
  }
  if (!(half(layout.HEADER_KIND) in KINDS)) {
    report(layout.HEADER_KIND, `there is no kind ${half(layout.HEADER_KIND)}`);
  }
  if (!matchesChecksum(half(layout.HEADER_END), half(layout.HEADER_END + 4))) {
    report(layout.HEADER_END, "the end of the segment does not match its check");
  }
  if (!laneCountOf(half(layout.HEADER_LANES)).isValid) {
    report(layout.HEADER_LANES, "the number of lanes does not match its complement");
  }
}

function textOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte < 32 || byte > 126 ? "." : String.fromCharCode(byte))
    .join("");
}

/**
 * Where the tables of a segment are. A capacity that cannot be right is searched for: the first
 * lane's entry says in a known place, with a check, where the first ring begins.
 */
export function findGeometry(
  source: ByteSource,
  header: HeaderReport,
  issues: Issue[],
): Geometry | undefined {
  const capacity = Number(header.capacityBytes);
  const size = source.size();
  const isValid = capacity >= 64 && capacity % 64 === 0 && newSegmentBytes(capacity) <= size;
  if (isValid) return { capacity, control: controlOffset(capacity) };
  const control = searchControl(source, size);
  const location = control === undefined
    ? "and the tables behind it are not to be found"
    : `its tables are at ${control}, which makes it ${control - layout.HEADER_BYTES}`;
  issues.push({
    offset: layout.HEADER_CAPACITY,
    part: "header",
    problem: `the file of ${size} bytes cannot hold a ring of ${header.capacityBytes}; ${location}`,
  });
  return control === undefined ? undefined : { capacity: control - layout.HEADER_BYTES, control };
}

function searchControl(source: ByteSource, size: number): number | undefined {
  const entry = layout.CONTROL_LANES + layout.LANE_DATA;
  const check = checksum(layout.HEADER_BYTES, 0);
  const last = Math.min(size, SEARCH_BYTES) - layout.CONTROL_BYTES;
  for (let control = layout.HEADER_BYTES + 64; control <= last;) {
    const bytes = source.read(control + entry, SEARCH_CHUNK_BYTES);
    const view = new DataView(bytes.buffer, 0, bytes.length);
    const step = layout.LANE_DATA_CHECK - layout.LANE_DATA;
    if (bytes.length < step + 4) return undefined;
    for (let at = 0; at + step + 4 <= bytes.length && control <= last; at += 64, control += 64) {
      if (view.getUint32(at, true) !== layout.HEADER_BYTES) continue;
      if (view.getUint32(at + step, true) === check) return control;
    }
  }
  return undefined;
}

/** The name of the codec, and who made the segment. */
export function readOrigin(
  source: ByteSource,
  { control }: Geometry,
  issues: Issue[],
): { codec: string; creator: CreatorReport } | undefined {
  const bytes = source.read(control, layout.CONTROL_RECEIVER_WAITERS);
  const header = source.read(0, layout.HEADER_BYTES);
  if (bytes.length < layout.CONTROL_RECEIVER_WAITERS || header.length < layout.HEADER_BYTES) {
    issues.push({ offset: control, part: "control block", problem: "the file ends before it" });
    return undefined;
  }
  const codec = bytes.subarray(layout.CONTROL_CODEC, layout.CONTROL_CODEC + layout.CODEC_BYTES);
  const words = new DataView(header.buffer);
  if (words.getUint32(layout.HEADER_CHECK, true) !== configChecksum(words, codec)) {
    issues.push({
      offset: layout.HEADER_CHECK,
      part: "header",
      problem: "version, kind, flags, capacity or the codec's name do not match their check",
    });
  }
  const view = new DataView(bytes.buffer);
  const end = codec.indexOf(0);
  return {
    codec: textOf(end < 0 ? codec : codec.subarray(0, end)),
    creator: {
      pid: view.getUint32(layout.CONTROL_CREATOR_PID, true),
      since: new Date(view.getFloat64(layout.CONTROL_CREATED_AT, true)),
    },
  };
}
