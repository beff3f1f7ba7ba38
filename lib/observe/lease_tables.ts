/**
 * The shelves of a queue: messages that were taken and are not acknowledged.
 *
 * @module
 */

import { isSealed, seal } from "./checks.ts";
import type { Finding } from "./issue.ts";
import type { Geometry } from "./lane.ts";
import type { SegmentBytes } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** A message on a shelf. */
export interface HeldReport {
  /** Where its place lies in the file. */
  readonly offset: number;
  /** `"held"` by a puller, or `"returned"` and there for all. */
  readonly status: "held" | "returned";
  /** The place among the participants of the puller that has it, or gave it back. */
  readonly puller: number;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** The lane that it came on. */
  readonly lane: number;
  /** Bytes of the message. */
  readonly bytes: number;
}

/** All shelves of a channel. */
export interface ShelvesReport {
  /** Places on all shelves. */
  readonly places: number;
  /** Messages that lie there. */
  readonly held: HeldReport[];
}

/** Reads the shelves. */
export function readShelves(
  source: SegmentBytes,
  { control }: Geometry,
  findings: Finding[],
): ShelvesReport {
  const held: HeldReport[] = [];
  let places = 0;
  const words = source.read(control + layout.CONTROL_LEASE_TABLES, layout.MAX_LEASE_TABLES * 8);
  const view = new DataView(words.buffer, 0, words.length);
  for (let shelf = 0; (shelf + 1) * 8 <= words.length; shelf++) {
    const at = view.getUint32(shelf * 8, true);
    const check = view.getUint32(shelf * 8 + 4, true);
    if (at === 0 && check === 0) continue;
    const size = layout.FIRST_LEASE_TABLE_SLOTS * layout.LEASE_TABLE_GROWTH ** shelf *
      layout.LEASE_SLOT_BYTES;
    const bytes = isSealed(at, check) && at % 8 === 0 ? source.read(at, size) : undefined;
    if (bytes?.length !== size || at < control + layout.CONTROL_BYTES) {
      const offset = control + layout.CONTROL_LEASE_TABLES + shelf * 8;
      findings.push({ offset, part: `shelf ${shelf}`, problem: `it cannot lie at ${at}` });
      continue;
    }
    places += size / layout.LEASE_SLOT_BYTES;
    held.push(...messagesOn(bytes, at, shelf, findings));
  }
  return { places, held };
}

const STATUSES: Record<number, HeldReport["status"]> = {
  [layout.LEASE_SLOT_LEASED]: "held",
  [layout.LEASE_SLOT_RETURNED]: "returned",
};

function messagesOn(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  shelf: number,
  findings: Finding[],
): HeldReport[] {
  const view = new DataView(bytes.buffer);
  const held: HeldReport[] = [];
  for (let place = 0; place < bytes.length; place += layout.LEASE_SLOT_BYTES) {
    const state = place + layout.LEASE_SLOT_STATE;
    const status = STATUSES[view.getUint8(state)];
    if (status === undefined) continue;
    if (!isWhole(view, place)) {
      const problem = "its message does not match its check";
      findings.push({ offset: at + place, part: `place on shelf ${shelf}`, problem });
    }
    held.push({
      offset: at + place,
      status,
      puller: view.getUint8(state + 1),
      deliveries: view.getUint16(state + 4, true),
      lane: view.getUint32(place + layout.LEASE_SLOT_LANE, true),
      bytes: view.getUint32(place + layout.LEASE_SLOT_LENGTH, true),
    });
  }
  return held;
}

/** The check is over where the message lies, where it came from, and which use of the place it is. */
function isWhole(view: DataView, place: number): boolean {
  const half = (field: number) => view.getUint32(place + field, true);
  const use = view.getUint16(place + layout.LEASE_SLOT_STATE + 6, true);
  const origin = seal(half(layout.LEASE_SLOT_POSITION), (half(layout.LEASE_SLOT_LANE) << 16) | use);
  const message = seal(half(layout.LEASE_SLOT_BUFFER), half(layout.LEASE_SLOT_LENGTH));
  return half(layout.LEASE_SLOT_CHECK) === seal(message, origin ^ half(layout.LEASE_SLOT_FLAGS));
}
