/**
 * The table of participants: who is attached, and what they do.
 *
 * @module
 */

import { probeIsolate } from "../presence/isolate.ts";
import { isIsolateId, threadNumberOf } from "../presence/isolate_id.ts";
import { type Role, ROLES } from "../segment/format.ts";
import type { Issue } from "./issue.ts";
import type { Geometry } from "./lane.ts";
import { readRegion, type RegionReport } from "./region.ts";
import type { ByteSource } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** A participant. */
export interface ParticipantReport {
  /** Its place in the table. */
  readonly index: number;
  readonly role: Role | undefined;
  readonly pid: number;
  /** Number of its thread, if its name tells. */
  readonly thread: number | undefined;
  /** When it attached. */
  readonly since: Date;
  /** Whether its process or worker lives; undefined if that cannot be told. */
  readonly alive: boolean | undefined;
  /** The lane that it writes. */
  readonly lane: number | undefined;
  /** It sleeps until somebody wakes it. */
  readonly isAsleep: boolean;
  /** It reads a message in place: its lane, and the message's position there. */
  readonly holds: { readonly lane: number; readonly position: number } | undefined;
  /** Where its cursors, or its requests, are. */
  readonly region: RegionReport | undefined;
}

const WAITER_SETS = [
  layout.CONTROL_RECEIVER_WAITERS,
  layout.CONTROL_SENDER_WAITERS,
  layout.CONTROL_REQUESTER_WAITERS,
];

/**
 * The participants. Whether they live is told by the doorbells in `agents`, a directory; nobody
 * knows if that is left out.
 */
export function readParticipants(
  source: ByteSource,
  geometry: Geometry,
  isolateDirectory: string | undefined,
  issues: Issue[],
): ParticipantReport[] {
  const { control } = geometry;
  const bytes = source.read(control, layout.CONTROL_LANES);
  if (bytes.length < layout.CONTROL_LANES) {
    issues.push({ offset: control, part: "participants", problem: "the file ends before them" });
    return [];
  }
  const view = new DataView(bytes.buffer);
  const table = new ParticipantTable(view, geometry, source.size(), isolateDirectory, issues);
  const reports: ParticipantReport[] = [];
  for (let index = 0; index < layout.MAX_PARTICIPANTS; index++) {
    const report = table.participant(index);
    if (report !== undefined) reports.push(report);
  }
  return reports;
}

/** A copy of the control block with the table. */
class ParticipantTable {
  readonly #view: DataView;
  readonly #geometry: Geometry;
  readonly #size: number;
  readonly #isolateDirectory: string | undefined;
  readonly #issues: Issue[];
  /** Sockets of one process share an agent. */
  readonly #aliveByIsolate = new Map<bigint, boolean | undefined>();

  constructor(
    view: DataView,
    geometry: Geometry,
    size: number,
    isolateDirectory: string | undefined,
    issues: Issue[],
  ) {
    this.#view = view;
    this.#geometry = geometry;
    this.#size = size;
    this.#isolateDirectory = isolateDirectory;
    this.#issues = issues;
  }

  participant(index: number): ParticipantReport | undefined {
    const at = layout.CONTROL_PARTICIPANTS + index * layout.PARTICIPANT_BYTES;
    const half = (field: number) => this.#view.getUint32(at + field, true);
    const report = (field: number, problem: string) => {
      const offset = this.#geometry.control + at + field;
      this.#issues.push({ offset, part: `participant ${index}`, problem });
    };
    const isolate = this.#view.getBigInt64(at + layout.PARTICIPANT_ISOLATE, true);
    const roleNumber = half(layout.PARTICIPANT_ROLE);
    if (isolate === 0n) {
      if (roleNumber !== 0) report(layout.PARTICIPANT_ISOLATE, "it has a role and no name");
      return undefined;
    }
    if (!isIsolateId(isolate)) report(layout.PARTICIPANT_ISOLATE, "nobody ever had its name");
    if (roleNumber >= ROLES.length) {
      report(layout.PARTICIPANT_ROLE, `there is no role ${roleNumber}`);
    }
    const laneNumber = half(layout.PARTICIPANT_LANE);
    if (laneNumber > layout.MAX_LANES) {
      report(layout.PARTICIPANT_LANE, `there is no lane ${laneNumber - 1}`);
    }
    return {
      index,
      role: ROLES[roleNumber],
      pid: half(layout.PARTICIPANT_PID),
      thread: isIsolateId(isolate) ? threadNumberOf(isolate) : undefined,
      since: new Date(this.#view.getFloat64(at + layout.PARTICIPANT_SINCE, true)),
      alive: this.#isAlive(isolate),
      lane: laneNumber === 0 || laneNumber > layout.MAX_LANES ? undefined : laneNumber - 1,
      isAsleep: WAITER_SETS.some((set) => this.#isIn(set, index)),
      holds: this.#pinOf(index, at),
      region: this.#regionOf(at, report),
    };
  }

  #isAlive(isolate: bigint): boolean | undefined {
    if (this.#isolateDirectory === undefined) return undefined;
    if (!this.#aliveByIsolate.has(isolate)) {
      this.#aliveByIsolate.set(isolate, probeIsolate(this.#isolateDirectory, isolate));
    }
    return this.#aliveByIsolate.get(isolate);
  }

  #isIn(set: number, index: number): boolean {
    return (this.#view.getUint8(set + (index >>> 3)) & (1 << (index & 7))) !== 0;
  }

  /** The lane is noted as the address of its entry. */
  #pinOf(index: number, at: number): ParticipantReport["holds"] {
    const entry = this.#view.getUint32(at + layout.PARTICIPANT_PIN_LANE, true);
    const first = this.#geometry.control + layout.CONTROL_LANES;
    const lane = (entry - first) / layout.LANE_BYTES;
    if (!this.#isIn(layout.CONTROL_PINS, index)) return undefined;
    if (!Number.isInteger(lane) || lane < 0 || lane >= layout.MAX_LANES) return undefined;
    return {
      lane,
      position: Number(this.#view.getBigUint64(at + layout.PARTICIPANT_PIN, true)),
    };
  }

  #regionOf(
    at: number,
    report: (field: number, problem: string) => void,
  ): RegionReport | undefined {
    const { region, problem } = readRegion(
      this.#view,
      at + layout.PARTICIPANT_REGION,
      at + layout.PARTICIPANT_REGION_CHECK,
      this.#geometry,
      this.#size,
    );
    if (problem !== undefined) report(layout.PARTICIPANT_REGION, problem);
    return region;
  }
}
