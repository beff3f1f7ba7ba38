/**
 * The contract between a journal and the state that its records describe.
 *
 * @module
 */

import type { Stamp } from "./generation.ts";

/** A record as members receive it. */
export interface JournalRecord extends Stamp {
  /** Its number in the order of all records, from 1 on; in a snapshot, the number that was given. */
  readonly sequence: number;
  /** When it was appended, in milliseconds of the Unix epoch: never before the previous record. */
  readonly timeMs: number;
  /** Valid during the call only. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True if this member has just appended it. */
  readonly isOwn: boolean;
}

/** A record of a snapshot. */
export interface SnapshotRecord {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** The value of `JournalRecord.sequence`. */
  readonly sequence: number;
  /** Milliseconds of the Unix epoch until which it holds data. Default: for ever. */
  readonly heldUntilMs?: number;
}

/**
 * The state that a member derives from the records. It must depend on the records and their times only,
 * so that all members have the same state.
 */
export interface JournalState {
  /** Clears the state: a snapshot follows, and records that led to it may have been missed. */
  reset(): void;
  /** Applies the next record. Throws only for damage; the error stops this member for good. */
  apply(record: JournalRecord): void;
  /** Records that lead from an empty state to this one. */
  snapshot(): Iterable<SnapshotRecord>;
  /**
   * Called after a snapshot in place of records that this member can no longer read: those after the
   * sequence `from` and up to `to`. Default: nothing.
   */
  skipped?(from: number, to: number): void;
  /** Number of deliveries that wait. A journal that is watched goes on when there are few. */
  readonly pendingDeliveries?: number;
  /** The record that removes what has expired by now; undefined if nothing has. */
  expiry?(): Uint8Array | undefined;
  /** True if it has no entries that anybody could want. Default: false. */
  readonly isEmpty?: boolean;
  /**
   * True if the journal stays when its last member leaves. That member has applied all records then. Default:
   * false.
   */
  readonly mustStay?: boolean;
  /** Most bytes that the records take which remove all entries one by one. Default: 0. */
  readonly removalBytes?: number;
}
