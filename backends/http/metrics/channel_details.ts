/**
 * What the dashboard shows of one channel of a machine: plain data of bounded size.
 *
 * @module
 */

/** A participant. */
export interface ParticipantRow {
  readonly role: string;
  readonly pid: number;
  /** Empty if it has none. */
  readonly label: string;
  /** When it attached, in milliseconds of the Unix epoch. */
  readonly sinceMs: number;
  readonly isAlive: boolean;
  readonly isWaiting: boolean;
  /** Fewest messages that it has still to read; null for those who read no broadcast. */
  readonly lag: number | null;
  /** Messages among them that it will miss. */
  readonly missing: number;
}

/** Something that a participant holds. */
export interface HoldRow {
  readonly what: string;
  readonly holder: string;
  readonly count: number;
  readonly sinceMs: number;
}

/** A latest value. */
export interface ValueRow {
  readonly key: string;
  readonly sizeBytes: number;
  /** The value as text, cut off. */
  readonly value: string;
  /** Milliseconds of the Unix epoch; null: never. */
  readonly expiresMs: number | null;
}

/** A channel in detail. */
export interface ChannelDetails {
  /** Messages that a broadcast still has for subscribers that come late; null for other channels. */
  readonly kept: number | null;
  /** When it was created, in milliseconds of the Unix epoch, and by which process. */
  readonly createdMs: number | null;
  readonly creatorPid: number | null;
  readonly participants: readonly ParticipantRow[];
  readonly holds: readonly HoldRow[];
  /** Why the segment is there. */
  readonly reasons: readonly string[];
  readonly damage: readonly string[];
  /** The first keys of latest values; null for other channels. */
  readonly values: readonly ValueRow[] | null;
}
