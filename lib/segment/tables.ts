/**
 * Reading a segment's tables as they are, without judging them: lib/observe finds what is damaged.
 *
 * @module
 */

import { type Row, rowAt, type Structure } from "../base/structure.ts";
import type { ByteSource } from "./byte_source.ts";
import { ringChecksum } from "./checksum.ts";
import { controlOffset, type HeaderRow } from "./format.ts";
import { CONTROL, HEADER, LANE, LEASE_SLOT, PARTICIPANT } from "./structures.ts";
import { recordAt } from "./record.ts";
import * as layout from "../../wasm/layout.ts";

/** Where the parts of a segment begin. */
export interface Geometry {
  /** Bytes of the first lane's ring. */
  readonly capacity: number;
  /** Where the control block begins. */
  readonly control: number;
}

/** The parts of a segment whose first ring has a capacity. */
export function geometryOf(capacity: number): Geometry {
  return { capacity, control: controlOffset(capacity) };
}

/** Reads rows that lie one behind the other; fewer if the source ends before. */
export function readRows<S extends Structure>(
  source: ByteSource,
  structure: S,
  offset: number,
  count: number,
): Row<S>[] {
  const bytes = source.read(offset, count * structure.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = Math.floor(bytes.length / structure.bytes);
  return Array.from({ length: whole }, (_, i) => rowAt(structure, view, i * structure.bytes));
}

/** The header; undefined if the source is too short to have one. */
export function readHeader(source: ByteSource): HeaderRow | undefined {
  return readRows(source, HEADER, 0, 1)[0];
}

/** The fields of a control block. */
export type ControlRow = Row<typeof CONTROL>;

/** The control block; undefined if the source ends before it does. */
export function readControl(source: ByteSource, { control }: Geometry): ControlRow | undefined {
  return readRows(source, CONTROL, control, 1)[0];
}

/** True if a participant is in a set of a control block. */
export function isMember(set: Uint8Array<ArrayBufferLike>, participant: number): boolean {
  return (set[participant >>> 3] & (1 << (participant & 7))) !== 0;
}

/** The participants' entries, those that are free included; fewer if the source ends before. */
export function readParticipants(
  source: ByteSource,
  { control }: Geometry,
): Row<typeof PARTICIPANT>[] {
  const offset = control + layout.CONTROL_PARTICIPANTS;
  return readRows(source, PARTICIPANT, offset, layout.MAX_PARTICIPANTS);
}

/** Identifies a participant among all that the segment ever had. */
export function participantId(index: number, generation: number): string {
  return `${index}-${generation}`;
}

/** Byte offset of a participant's entry. */
export function participantOffset({ control }: Geometry, index: number): number {
  return control + layout.CONTROL_PARTICIPANTS + index * layout.PARTICIPANT_BYTES;
}

/** A lane's entry. */
export interface LaneRow extends Row<typeof LANE> {
  readonly index: number;
  /** Byte offset of the entry. */
  readonly offset: number;
  /** True if the check beside `data` is right. */
  readonly isDataIntact: boolean;
}

/** Byte offset of a lane's entry. */
export function laneOffset({ control }: Geometry, index: number): number {
  return control + layout.CONTROL_LANES + index * layout.LANE_BYTES;
}

/** The entries of the first lanes; fewer if the source ends before. */
export function readLanes(
  source: ByteSource,
  geometry: Geometry,
  count: number = layout.MAX_LANES,
): LaneRow[] {
  return readRows(source, LANE, laneOffset(geometry, 0), count)
    .map((row, index) => laneRow(row, geometry, index));
}

/** One lane's entry; undefined if the source ends before it does. */
export function readLane(
  source: ByteSource,
  geometry: Geometry,
  index: number,
): LaneRow | undefined {
  const [row] = readRows(source, LANE, laneOffset(geometry, index), 1);
  return row && laneRow(row, geometry, index);
}

function laneRow(row: Row<typeof LANE>, geometry: Geometry, index: number): LaneRow {
  const isDataIntact = row.dataCheck === ringChecksum(index, row.data, row.capacity);
  return { ...row, index, offset: laneOffset(geometry, index), isDataIntact };
}

/** The sum of a field of all lanes: the header's totals may be behind. */
export function sumOverLanes(lanes: readonly LaneRow[], field: "head" | "tail" | "count"): bigint {
  return lanes.reduce((sum, lane) => sum + BigInt(lane[field]), 0n);
}

/** Bytes that are committed and not yet taken, over all lanes. */
export function pendingBytes(lanes: readonly LaneRow[]): bigint {
  return sumOverLanes(lanes, "head") - sumOverLanes(lanes, "tail");
}

/** A slot of a lease table. */
export interface LeaseSlotRow extends Row<typeof LEASE_SLOT> {
  /** Byte offset of the slot. */
  readonly offset: number;
}

/** A lease table: messages that pullers have taken and not yet acknowledged. */
export interface LeaseTable {
  /** Index of the table, from 0. */
  readonly index: number;
  /** Byte offset of the table. */
  readonly offset: number;
  /** True if its offset has the right check, and it lies between the tables and the end. */
  readonly isValid: boolean;
  /** All slots; none of an invalid table. */
  readonly slots: LeaseSlotRow[];
}

/** Byte offset of the word that has a lease table's offset. */
export function leaseTableWordOffset({ control }: Geometry, table: number): number {
  return control + layout.CONTROL_LEASE_TABLES + table * 8;
}

/** The lease tables that exist. */
export function readLeaseTables(source: ByteSource, geometry: Geometry): LeaseTable[] {
  const words = readControl(source, geometry)?.leaseTables ?? [];
  return words.flatMap(({ value: offset, isIntact }, index) => {
    if (offset === 0 && isIntact) return [];
    const isBehindTables = offset % 8 === 0 && offset >= geometry.control + layout.CONTROL_BYTES;
    const slots = isIntact && isBehindTables ? readLeaseSlots(source, offset, index) : [];
    return { index, offset, isValid: slots.length > 0, slots };
  });
}

/** All slots of a table, or none if the source ends before the table does. */
function readLeaseSlots(source: ByteSource, table: number, index: number): LeaseSlotRow[] {
  const count = layout.FIRST_LEASE_TABLE_SLOTS * layout.LEASE_TABLE_GROWTH ** index;
  const rows = readRows(source, LEASE_SLOT, table, count);
  if (rows.length < count) return [];
  return rows.map((row, slot) => ({ ...row, offset: table + slot * layout.LEASE_SLOT_BYTES }));
}

/** True if a slot holds a message: leased by a puller, or returned and free for all. */
export function holdsMessage({ state: { status } }: LeaseSlotRow): boolean {
  return status === layout.LEASE_SLOT_LEASED || status === layout.LEASE_SLOT_RETURNED;
}

/** Messages that were taken and are not acknowledged, in the valid lease tables. */
export function unacknowledgedMessages(source: ByteSource, geometry: Geometry): number {
  return countMessages(readLeaseTables(source, geometry));
}

function countMessages(tables: readonly LeaseTable[]): number {
  return tables.reduce((sum, { slots }) => sum + slots.filter(holdsMessage).length, 0);
}

/**
 * True if a queue is known to hold no message, neither in its rings nor in its lease tables. An invalid
 * lease table may hold some.
 */
export function isDrained(source: ByteSource, geometry: Geometry): boolean {
  if (!areRingsEmpty(source, geometry)) return false;
  const tables = readLeaseTables(source, geometry);
  return countMessages(tables) === 0 && tables.every(({ isValid }) => isValid);
}

/**
 * A ring into which no byte was ever written has sent no message: a head of 0 beside a count was
 * overwritten, and so was a head before the last record that was counted. Reads few fields of each lane
 * only: rows of all fields would slow down each close.
 */
function areRingsEmpty(source: ByteSource, geometry: Geometry): boolean {
  const { head, tail, count, last } = LANE.fields;
  const bytes = source.read(laneOffset(geometry, 0), layout.MAX_LANES * LANE.bytes);
  if (bytes.length < layout.MAX_LANES * LANE.bytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += LANE.bytes) {
    const end = head.read(view, at);
    if (end !== tail.read(view, at) || (end === 0 && count.read(view, at) !== 0)) return false;
    const isBehind = last.read(view, at) >= end && count.read(view, at) !== 0;
    if (isBehind && isLastCounted(source, geometry, at / LANE.bytes)) return false;
  }
  return true;
}

/** False if a writer was stopped before it published the last record. */
function isLastCounted(source: ByteSource, geometry: Geometry, index: number): boolean {
  const { data, capacity, last, count } = readLane(source, geometry, index)!;
  if (capacity === 0) return true;
  const at = last % capacity;
  const bytes = source.read(data + at, Math.min(layout.RECORD_PAYLOAD, capacity - at));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const place = { offset: data + at, position: last };
  const record = recordAt(view, 0, place, capacity - at);
  return record === undefined || ((count - record.sequence) | 0) > 0;
}
