/**
 * The table of participants: which sockets are attached, and what they do.
 *
 * @module
 */

import type { Row } from "../base/structure.ts";
import { probeIsolate } from "../presence/isolate.ts";
import { isIsolateId, threadNumberOf } from "../presence/isolate_id.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { labelOf } from "../segment/label.ts";
import { type Role, ROLES } from "../segment/format.ts";
import type { PARTICIPANT } from "../segment/structures.ts";
import {
  type ControlRow,
  type Geometry,
  isMember,
  laneOffset,
  participantOffset,
  readControl,
  readParticipants as readRows,
} from "../segment/tables.ts";
import type { Issue } from "./issue.ts";
import { readRegion, type RegionReport } from "./region.ts";
import * as layout from "../../wasm/layout.ts";

/** The problem of an id that no process has. On a local channel all ids are such. */
export const INVALID_ISOLATE = "its isolate's id is invalid";

/** A participant. */
export interface ParticipantReport {
  /** Its place in the table. */
  readonly index: number;
  readonly role: Role | undefined;
  readonly pid: number;
  /** The name that its program gave it. */
  readonly label: string | undefined;
  /** Number of its thread, if its isolate's id has it. */
  readonly thread: number | undefined;
  /** When it attached. */
  readonly since: Date;
  /** Whether its process or worker is alive; undefined if that cannot be determined. */
  readonly alive: boolean | undefined;
  /** The lane that it writes. */
  readonly lane: number | undefined;
  /** True while it sleeps until another participant wakes it. */
  readonly isWaiting: boolean;
  /** The message that it reads in place: its lane, its position there, and since when. */
  readonly pin:
    | { readonly lane: number; readonly position: number; readonly since: Date }
    | undefined;
  /** Where its cursors or its requests are. */
  readonly region: RegionReport | undefined;
}

/**
 * The participants. The FIFOs in `isolateDirectory` show which of them are alive; without a
 * directory, that is undefined.
 */
export function readParticipants(
  source: ByteSource,
  geometry: Geometry,
  isolateDirectory: string | undefined,
  issues: Issue[],
): ParticipantReport[] {
  const control = readControl(source, geometry);
  const rows = readRows(source, geometry);
  if (control === undefined || rows.length < layout.MAX_PARTICIPANTS) {
    const problem = "the file ends before them";
    issues.push({ offset: geometry.control, part: "participants", problem });
    return [];
  }
  const reader = new ParticipantReader(control, geometry, source.size(), isolateDirectory, issues);
  return rows.flatMap((row, index) => reader.report(row, index) ?? []);
}

type ParticipantRow = Row<typeof PARTICIPANT>;

/** Makes reports of rows, and issues of what is wrong with them. */
class ParticipantReader {
  readonly #control: ControlRow;
  readonly #geometry: Geometry;
  readonly #size: number;
  readonly #isolateDirectory: string | undefined;
  readonly #issues: Issue[];
  /** Sockets of one worker share an isolate. */
  readonly #aliveByIsolate = new Map<bigint, boolean | undefined>();

  constructor(
    control: ControlRow,
    geometry: Geometry,
    size: number,
    isolateDirectory: string | undefined,
    issues: Issue[],
  ) {
    this.#control = control;
    this.#geometry = geometry;
    this.#size = size;
    this.#isolateDirectory = isolateDirectory;
    this.#issues = issues;
  }

  report(row: ParticipantRow, index: number): ParticipantReport | undefined {
    const addIssue = (field: number, problem: string) => {
      const offset = participantOffset(this.#geometry, index) + field;
      this.#issues.push({ offset, part: `participant ${index}`, problem });
    };
    const { isolate, role, lanePlus1 } = row;
    if (isolate === 0n) {
      if (role !== 0) addIssue(layout.PARTICIPANT_ISOLATE, "it has a role and no isolate");
      return undefined;
    }
    if (!isIsolateId(isolate)) addIssue(layout.PARTICIPANT_ISOLATE, INVALID_ISOLATE);
    if (role >= ROLES.length) addIssue(layout.PARTICIPANT_ROLE, `there is no role ${role}`);
    if (lanePlus1 > layout.MAX_LANES) {
      addIssue(layout.PARTICIPANT_LANE, `there is no lane ${lanePlus1 - 1}`);
    }
    const { region, problem } = readRegion(row, this.#geometry, this.#size);
    if (problem !== undefined) addIssue(layout.PARTICIPANT_REGION, problem);
    return {
      index,
      role: ROLES[role],
      pid: row.pid,
      label: labelOf(row.label),
      thread: isIsolateId(isolate) ? threadNumberOf(isolate) : undefined,
      since: new Date(row.sinceMs),
      alive: this.#isAlive(isolate),
      lane: lanePlus1 === 0 || lanePlus1 > layout.MAX_LANES ? undefined : lanePlus1 - 1,
      isWaiting: this.#isWaiting(index),
      pin: this.#pinOf(row, index),
      region,
    };
  }

  #isAlive(isolate: bigint): boolean | undefined {
    if (this.#isolateDirectory === undefined) return undefined;
    if (!this.#aliveByIsolate.has(isolate)) {
      this.#aliveByIsolate.set(isolate, probeIsolate(this.#isolateDirectory, isolate));
    }
    return this.#aliveByIsolate.get(isolate);
  }

  #isWaiting(index: number): boolean {
    const { receiverWaiters, senderWaiters, requesterWaiters } = this.#control;
    return [receiverWaiters, senderWaiters, requesterWaiters].some((set) => isMember(set, index));
  }

  /** The row has the address of the lane's entry. */
  #pinOf(
    { pin, pinLane, sinceMs, heapBytes }: ParticipantRow,
    index: number,
  ): ParticipantReport["pin"] {
    const lane = (pinLane - laneOffset(this.#geometry, 0)) / layout.LANE_BYTES;
    if (!isMember(this.#control.pins, index)) return undefined;
    if (!Number.isInteger(lane) || lane < 0 || lane >= layout.MAX_LANES) return undefined;
    // A puller has no heap: the field has the time of its view.
    return { lane, position: pin, since: new Date(sinceMs + heapBytes) };
  }
}
