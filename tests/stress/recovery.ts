/**
 * The time that the survivors of an attack went without a message.
 *
 * @module
 */

import { OPENED, RECEIVED, REQUESTED } from "./journal.ts";
import type { Figures } from "./figures.ts";
import type { Stop } from "./process_pool.ts";
import type { Record } from "./round.ts";
import { MAX_SOCKETS } from "./task.ts";

/** Times of survivors after attacks. */
export type Recovery = Pick<Figures, "afterKillsMs" | "duringStopsMs">;

/**
 * Milliseconds that it took to open each socket, whatever happened to others meanwhile. The first socket
 * of a process loads the C library and the ring: it does not count.
 */
export function openingsOf(records: readonly Record[]): number[] {
  return records.filter(({ stops }) => stops.length === 0).flatMap(({ entries }) =>
    entries.filter(({ kind, stream, end }) =>
      kind === OPENED && end !== 0 && stream % MAX_SOCKETS > 0
    ).map(({ begin, end }) => end - begin)
  );
}

const DELIVERED = { queue: RECEIVED, broadcast: RECEIVED, request: REQUESTED } as const;

/** Measures a round of a pattern that ended at `until`. */
export function recoveryOf(
  records: readonly Record[],
  kind: keyof typeof DELIVERED,
  until: number,
): Recovery {
  const times = new Map(records.map((record) => [record, timesOf(record, DELIVERED[kind])]));
  const afterKillsMs: number[] = [];
  const duringStopsMs: number[] = [];
  for (const record of records) {
    const others = () => mergeOthers(times, record);
    if (record.killedAt !== undefined) {
      const next = others().find((time) => time > record.killedAt!);
      if (next !== undefined) afterKillsMs.push(next - record.killedAt);
    }
    for (const stop of record.stops) {
      const end = Math.min(stop.until, record.killedAt ?? until);
      duringStopsMs.push(longestGap(others(), { from: stop.from, until: end }));
    }
  }
  return { afterKillsMs, duringStopsMs };
}

function timesOf({ entries }: Record, kind: number): number[] {
  return entries.filter((entry) => entry.kind === kind && entry.end !== 0).map(({ end }) => end);
}

function mergeOthers(times: ReadonlyMap<Record, number[]>, victim: Record): number[] {
  const merged: number[] = [];
  for (const [record, of] of times) {
    if (record !== victim) { for (const time of of) merged.push(time); }
  }
  return merged.sort((a, b) => a - b);
}

function longestGap(times: readonly number[], { from, until }: Stop): number {
  let longest = 0;
  let last = from;
  for (const time of times) {
    if (time <= from) continue;
    longest = Math.max(longest, Math.min(time, until) - last);
    last = time;
    if (time >= until) return longest;
  }
  return Math.max(longest, until - last);
}
