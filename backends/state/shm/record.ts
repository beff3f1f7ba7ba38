/**
 * Writes of shared state as the records of a journal.
 *
 * @module
 */

import { msgpackCodec } from "../../../lib/codecs/msgpack.ts";
import type { LimitName, StateLimits } from "../config.ts";
import type { StateTable, StateWrite, TableContents } from "../table.ts";

/** Bytes of slots in one record of a snapshot, unless a single slot has more. */
const MAX_RECORD_BYTES = 256 * 1024;

/** Name of the format of the records. Another version needs another name. */
export const FORMAT = "ringbus.state.2";

/** A record: a write, a part of a state, or the limits, which are the first record of every snapshot. */
export type StateRecord = StateWrite | { kind: "restore" } & TableContents | LimitsRecord;

/** The limits. MessagePack has null in place of undefined. */
export interface LimitsRecord {
  kind: "limits";
  limits: Pick<StateLimits, "maxSlotsPerThread" | "maxThreads"> & { ttlMs: number | null };
  /** Those that a backend has asked for. The others are defaults, which any backend may replace. */
  asked: readonly LimitName[];
}

/** The record that only advances the time: what has expired by then is removed. */
export function tickRecord(): Uint8Array {
  return restore([], []);
}

/** Bytes of a record that removes one entry, without its name. */
const REMOVAL_BYTES = 80;
/** UTF-8 bytes of a character of a name. */
const MAX_CHARACTER_BYTES = 3;

/** Most bytes that the records take which remove all entries one by one. */
export function removalBytes(table: StateTable): number {
  const { threads, pairs, characters } = table.counts();
  return REMOVAL_BYTES * (threads + pairs) + MAX_CHARACTER_BYTES * characters;
}

/** The record of the limits, of which some were asked for. */
export function limitsRecord(limits: StateLimits, asked: Iterable<LimitName>): Uint8Array {
  const record: LimitsRecord = {
    kind: "limits",
    limits: { ...limits, ttlMs: limits.ttlMs ?? null },
    asked: [...asked],
  };
  return encode(record);
}

/** Encodes a write as a record. */
export function toRecord(write: StateWrite): Uint8Array {
  return encode(write);
}

/** Decodes a record. Throws if the bytes are not one. */
export function fromRecord(bytes: Uint8Array): StateRecord {
  return msgpackCodec.decode(bytes) as StateRecord;
}

/** A record of a snapshot, and when what it has expires. */
export interface RestoreRecord {
  readonly bytes: Uint8Array;
  readonly heldUntilMs: number;
}

/** The records that lead from an empty state to this one. */
export function* snapshotRecords({ threads, pairs }: TableContents): Generator<RestoreRecord> {
  for (const [threadId, { slots, expiresAtMs }] of threads) {
    for (const part of partsOf(slots)) {
      const bytes = restore([[threadId, { slots: part, expiresAtMs }]], []);
      yield { bytes, heldUntilMs: expiresAtMs };
    }
  }
  for (const pair of pairs) {
    yield { bytes: restore([], [pair]), heldUntilMs: pair[1].expiresAtMs };
  }
}

function* partsOf(slots: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for (const slot of slots) {
    part.push(slot);
    bytes += slot.length + 8;
    if (bytes < MAX_RECORD_BYTES) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}

function restore(threads: TableContents["threads"], pairs: TableContents["pairs"]): Uint8Array {
  return encode({ kind: "restore", threads, pairs });
}

/** The codec reuses its buffer, and a journal keeps the record. */
function encode(record: StateRecord): Uint8Array {
  return msgpackCodec.encode(record).slice();
}
