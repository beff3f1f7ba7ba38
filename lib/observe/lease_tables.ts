/**
 * The shelves of a queue: messages that were taken and are not acknowledged.
 *
 * @module
 */

import { checksum, matchesChecksum } from "./checksum.ts";
import type { Issue } from "./issue.ts";
import type { Geometry } from "./lane.ts";
import type { ByteSource } from "./segment_file.ts";
import * as layout from "../../wasm/layout.ts";

/** A message on a shelf. */
export interface LeaseReport {
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
export interface LeaseTablesReport {
  /** Places on all shelves. */
  readonly places: number;
  /** Messages that lie there. */
  readonly held: LeaseReport[];
}

/** Reads the shelves. */
export function readLeaseTables(
  source: ByteSource,
  { control }: Geometry,
  issues: Issue[],
): LeaseTablesReport {
  const leases: LeaseReport[] = [];
  let slots = 0;
  const words = source.read(control + layout.CONTROL_LEASE_TABLES, layout.MAX_LEASE_TABLES * 8);
  const view = new DataView(words.buffer, 0, words.length);
  for (let table = 0; (table + 1) * 8 <= words.length; table++) {
    const at = view.getUint32(table * 8, true);
    const check = view.getUint32(table * 8 + 4, true);
    if (at === 0 && check === 0) continue;
    const size = layout.FIRST_LEASE_TABLE_SLOTS * layout.LEASE_TABLE_GROWTH ** table *
      layout.LEASE_SLOT_BYTES;
    const bytes = matchesChecksum(at, check) && at % 8 === 0 ? source.read(at, size) : undefined;
    if (bytes?.length !== size || at < control + layout.CONTROL_BYTES) {
      const offset = control + layout.CONTROL_LEASE_TABLES + table * 8;
      issues.push({ offset, part: `shelf ${table}`, problem: `it cannot lie at ${at}` });
      continue;
    }
    slots += size / layout.LEASE_SLOT_BYTES;
    leases.push(...leasesIn(bytes, at, table, issues));
  }
  return { places: slots, held: leases };
}

const STATUSES: Record<number, LeaseReport["status"]> = {
  [layout.LEASE_SLOT_LEASED]: "held",
  [layout.LEASE_SLOT_RETURNED]: "returned",
};

function leasesIn(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  table: number,
  issues: Issue[],
): LeaseReport[] {
  const view = new DataView(bytes.buffer);
  const leases: LeaseReport[] = [];
  for (let slot = 0; slot < bytes.length; slot += layout.LEASE_SLOT_BYTES) {
    const state = slot + layout.LEASE_SLOT_STATE;
    const status = STATUSES[view.getUint8(state)];
    if (status === undefined) continue;
    if (!isIntact(view, slot)) {
      const problem = "its message does not match its check";
      issues.push({ offset: at + slot, part: `place on shelf ${table}`, problem });
    }
    leases.push({
      offset: at + slot,
      status,
      puller: view.getUint8(state + 1),
      deliveries: view.getUint16(state + 4, true),
      lane: view.getUint32(slot + layout.LEASE_SLOT_LANE, true),
      bytes: view.getUint32(slot + layout.LEASE_SLOT_LENGTH, true),
    });
  }
  return leases;
}

/** The check is over where the message lies, where it came from, and which use of the place it is. */
function isIntact(view: DataView, slot: number): boolean {
  const half = (field: number) => view.getUint32(slot + field, true);
  const use = view.getUint16(slot + layout.LEASE_SLOT_STATE + 6, true);
  const origin = checksum(
    half(layout.LEASE_SLOT_POSITION),
    (half(layout.LEASE_SLOT_LANE) << 16) | use,
  );
  const message = checksum(half(layout.LEASE_SLOT_BUFFER), half(layout.LEASE_SLOT_LENGTH));
  return half(layout.LEASE_SLOT_CHECK) ===
    checksum(message, origin ^ half(layout.LEASE_SLOT_FLAGS));
}
