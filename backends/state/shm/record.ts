/**
 * Writes of shared state as the records of a journal.
 *
 * @module
 */

import { decode, encode } from "@msgpack/msgpack";
import type { StateWrite, TableContents } from "../table.ts";

/** Bytes of slots that one record of a copy holds, unless a single slot has more. */
const MAX_RECORD_BYTES = 256 * 1024;

/** What a record says: a write, or a part of a state. */
export type StateRecord = StateWrite | { kind: "restore" } & TableContents;

/** A write as a record. */
export function toRecord(write: StateWrite): Uint8Array {
  return encode(write);
}

/** What a record says. Throws for bytes that are none. */
export function fromRecord(bytes: Uint8Array): StateRecord {
  return decode(bytes) as StateRecord;
}

/** A state as records, which lead from an empty one to it. */
export function* snapshotRecords({ threads, pairs }: TableContents): Generator<Uint8Array> {
  for (const [threadId, { slots, expiresAtMs }] of threads) {
    for (const part of partsOf(slots)) {
      yield restore([[threadId, { slots: part, expiresAtMs }]], []);
    }
  }
  for (const pair of pairs) yield restore([], [pair]);
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
