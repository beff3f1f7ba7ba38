/**
 * The records of all processes of a round.
 *
 * @module
 */

import type { Member, Stop } from "./process_pool.ts";
import { CLOSED, type Entry, type InFlight, OPENED } from "./journal.ts";
import type { Part } from "./task.ts";

/** The record of one process. */
export interface Record {
  part: Part;
  name: string;
  entries: Entry[];
  stops: Stop[];
  /** Time of the kill, and time at which it was certainly dead. Undefined if it lives. */
  killedAt: number | undefined;
  deadAt: number | undefined;
  /** Messages that a dead process may have taken without an entry. */
  inFlight: InFlight;
  /** Messages that its open subscriber has missed. */
  missed: number;
  /** The stream of its open socket, -1 if there is none. */
  openStream: number;
}

/** Reads a process's journal. */
export function recordOf(member: Member): Record {
  const { task, name, journal, stops, killedAt, deadAt, inFlight } = member;
  return {
    part: task.part,
    name,
    entries: journal.read(),
    stops: [...stops],
    killedAt,
    deadAt,
    inFlight,
    missed: journal.missed,
    openStream: journal.openStream,
  };
}

/** A stream: the messages of one socket. */
export interface Stream {
  id: number;
  record: Record;
  /** Undefined if it was open when the round began. */
  opened: Entry | undefined;
  closed: Entry | undefined;
  entries: Entry[];
}

/** The streams of a record, also an open one without messages. */
export function streamsOf(record: Record): Stream[] {
  const streams = new Map<number, Stream>();
  const streamOf = (id: number): Stream => {
    const known = streams.get(id);
    if (known) return known;
    const stream = { id, record, opened: undefined, closed: undefined, entries: [] };
    streams.set(id, stream);
    return stream;
  };
  if (record.openStream >= 0) streamOf(record.openStream);
  for (const entry of record.entries) {
    const stream = streamOf(entry.stream);
    if (entry.kind === OPENED) stream.opened = entry;
    else if (entry.kind === CLOSED) stream.closed = entry;
    else stream.entries.push(entry);
  }
  return [...streams.values()];
}

/** A broken guarantee. */
export class Violation extends Error {
  override name = "Violation";
}

/** True if a stream can continue in the next round. */
export function isContinued({ closed, record }: Stream): boolean {
  return closed === undefined && record.killedAt === undefined;
}
