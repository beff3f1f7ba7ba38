/**
 * The lease tables of a queue: messages that were taken and are not acknowledged.
 *
 * @module
 */

import type { ByteSource } from "../segment/byte_source.ts";
import { checksum } from "../segment/checksum.ts";
import {
  type Geometry,
  holdsMessage,
  type LeaseSlotRow,
  leaseTableWordOffset,
  readLeaseTables as readTables,
} from "../segment/tables.ts";
import type { Issue } from "./issue.ts";
import { LEASE_SLOT_LEASED } from "../../wasm/layout.ts";

/** A message in a lease table. */
export interface LeaseReport {
  /** Byte offset of its slot in the file. */
  readonly offset: number;
  /** `"leased"` by a puller, or `"returned"` and free for every puller. */
  readonly status: "leased" | "returned";
  /** Index among the participants of the puller that holds the message, or returned it. */
  readonly puller: number;
  /** How often it was delivered. */
  readonly deliveries: number;
  /** The lane that it arrived on. */
  readonly lane: number;
  /** Bytes of the message. */
  readonly bytes: number;
  /** When it was leased last. */
  readonly since: Date;
}

/** All lease tables of a channel. */
export interface LeaseTablesReport {
  /** Slots of all tables. */
  readonly slots: number;
  /** Messages in the slots. */
  readonly leases: LeaseReport[];
}

/** Reads and checks the lease tables. */
export function readLeaseTables(
  source: ByteSource,
  geometry: Geometry,
  issues: Issue[],
): LeaseTablesReport {
  let slotCount = 0;
  const leases: LeaseReport[] = [];
  for (const { index, offset, isValid, slots } of readTables(source, geometry)) {
    if (!isValid) {
      const word = leaseTableWordOffset(geometry, index);
      const problem = `its offset ${offset} is invalid`;
      issues.push({ offset: word, part: `lease table ${index}`, problem });
    }
    slotCount += slots.length;
    for (const slot of slots.filter(holdsMessage)) {
      if (!isIntact(slot)) {
        const problem = "its message does not match its check";
        issues.push({ offset: slot.offset, part: `slot of lease table ${index}`, problem });
      }
      leases.push(reportOf(slot));
    }
  }
  return { slots: slotCount, leases };
}

function reportOf({ offset, state, lane, length, sinceMs }: LeaseSlotRow): LeaseReport {
  const { status, puller, deliveries } = state;
  return {
    offset,
    status: status === LEASE_SLOT_LEASED ? "leased" : "returned",
    puller,
    deliveries,
    lane,
    bytes: length,
    since: new Date(sinceMs),
  };
}

/** The check covers where the message lies, where it came from, and how often the slot was used. */
function isIntact({ state, position, lane, length, flags, buffer, check }: LeaseSlotRow): boolean {
  const origin = checksum(position >>> 0, (lane << 16) | state.use);
  return check === checksum(checksum(buffer, length), origin ^ flags);
}
