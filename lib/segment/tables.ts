/**
 * Reading the tables in a segment's control block.
 *
 * @module
 */

import type { ByteReader } from "./format.ts";
import * as layout from "../../wasm/layout.ts";

/** Bytes that are committed and not yet taken, over all lanes, from a control block. */
export function pendingBytes(control: Uint8Array<ArrayBufferLike>): bigint {
  return sumOverLanes(control, layout.LANE_HEAD) - sumOverLanes(control, layout.LANE_TAIL);
}

/** The sum of a field of all lanes, from a control block: the header's totals may be behind. */
export function sumOverLanes(control: Uint8Array<ArrayBufferLike>, field: number): bigint {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  let sum = 0n;
  for (let lane = 0; lane < layout.MAX_LANES; lane++) {
    sum += view.getBigUint64(layout.CONTROL_LANES + lane * layout.LANE_BYTES + field, true);
  }
  return sum;
}

/** Messages that were taken and not acknowledged, from a control block and what it names. */
export function unacknowledgedMessages(
  control: Uint8Array<ArrayBufferLike>,
  source: ByteReader,
): number {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  let messages = 0;
  let bytes = layout.FIRST_LEASE_TABLE_SLOTS * layout.LEASE_SLOT_BYTES;
  for (
    let table = 0;
    table < layout.MAX_LEASE_TABLES;
    table++, bytes *= layout.LEASE_TABLE_GROWTH
  ) {
    const offset = view.getUint32(layout.CONTROL_LEASE_TABLES + table * 8, true);
    if (offset !== 0) messages += leasedMessagesIn(source(offset, bytes));
  }
  return messages;
}

function leasedMessagesIn(table: Uint8Array<ArrayBufferLike>): number {
  let messages = 0;
  for (let slot = 0; slot < table.length; slot += layout.LEASE_SLOT_BYTES) {
    const status = table[slot + layout.LEASE_SLOT_STATE];
    if (status === layout.LEASE_SLOT_LEASED || status === layout.LEASE_SLOT_RETURNED) messages++;
  }
  return messages;
}
