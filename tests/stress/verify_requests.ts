/**
 * Checks a round of requests: each one was handled once at most, and got its own reply or was lost with the
 * one replier that had taken it, long before its timeout.
 *
 * @module
 */

import { LOST, REFUSED, REPLIED } from "./requesting.ts";
import { CLOCK_SLACK_MS } from "./clock.ts";
import { type Entry, HANDLED, REQUESTED } from "./journal.ts";
import { type Record, Violation } from "./round.ts";

/** The result of a round of requests. */
export interface RequestResult {
  replied: number;
  /** Requests that failed because their replier was killed. */
  lost: number;
  /** Milliseconds from the death of a replier to the error, for each of them. */
  lostAfterMs: number[];
}

/** A request that a replier took. */
interface Handling extends Entry {
  by: Record;
}

/** Checks a round. */
export function verifyRequests(records: readonly Record[]): RequestResult {
  const requesters = records.filter(({ part }) => part === "requester");
  const repliers = records.filter(({ part }) => part === "replier");
  const handled = collect(repliers);
  checkRequested(requesters, handled);
  const result: RequestResult = { replied: 0, lost: 0, lostAfterMs: [] };
  const inDoubt: Entry[] = [];
  for (const requester of requesters) {
    for (const request of requester.entries) {
      if (request.kind !== REQUESTED) continue;
      const handling = handled.get(keyOf(request.stream, request.a));
      if (!isSettled(request, requester, handling)) continue;
      if (request.b === REPLIED) result.replied++;
      if (request.b !== LOST) continue;
      result.lost++;
      if (handling) result.lostAfterMs.push(afterDeath(request, handling));
      else inDoubt.push(request);
    }
  }
  attribute(inDoubt, repliers);
  return result;
}

function keyOf(stream: number, sequence: number): string {
  return `${sequence} of ${stream}`;
}

function collect(repliers: readonly Record[]): Map<string, Handling> {
  const handled = new Map<string, Handling>();
  for (const by of repliers) {
    for (const entry of by.entries) {
      if (entry.kind !== HANDLED) continue;
      const key = keyOf(entry.a, entry.b);
      const first = handled.get(key);
      if (first) {
        throw new Violation(`request ${key} was handled by ${first.by.name} and by ${by.name}`);
      }
      handled.set(key, { ...entry, by });
    }
  }
  return handled;
}

/** No process handled a request that was not sent. */
function checkRequested(
  requesters: readonly Record[],
  handled: ReadonlyMap<string, Handling>,
): void {
  const requested = new Set<string>();
  for (const { entries } of requesters) {
    for (const { kind, stream, a } of entries) {
      if (kind === REQUESTED) requested.add(keyOf(stream, a));
    }
  }
  for (const [key, { by }] of handled) {
    if (!requested.has(key)) throw new Violation(`${by.name} handled ${key}, which was never sent`);
  }
}

/** False for a request that died with its requester. Throws if its outcome is impossible. */
function isSettled(request: Entry, requester: Record, handling: Handling | undefined): boolean {
  const key = keyOf(request.stream, request.a);
  if (request.end === 0) {
    if (requester.killedAt !== undefined) return false;
    throw new Violation(`request ${key} of ${requester.name} never ended`);
  }
  if (request.b === REPLIED && !handling) {
    throw new Violation(`request ${key} got a reply, and was never handled`);
  }
  if (request.b === REFUSED && handling) {
    throw new Violation(`request ${key} was not accepted, and ${handling.by.name} handled it`);
  }
  if (request.b === LOST && handling) checkLost(key, handling);
  return true;
}

function checkLost(key: string, { by, end }: Handling): void {
  if (by.killedAt === undefined) {
    throw new Violation(`request ${key} was lost, and ${by.name}, which had it, lives`);
  }
  if (end !== 0) {
    throw new Violation(`request ${key} was lost, and ${by.name} had replied to it before it died`);
  }
}

function afterDeath(request: Entry, { by }: Handling): number {
  return Math.max(0, request.end - Math.max(by.killedAt!, request.begin));
}

/** A dead replier took one request at most without a record. */
function attribute(lost: readonly Entry[], repliers: readonly Record[]): void {
  const dead = repliers.filter(({ killedAt }) => killedAt !== undefined);
  const used = new Set<Record>();
  for (const request of lost.toSorted((a, b) => a.end - b.end)) {
    const replier = dead.find((record) =>
      !used.has(record) && record.killedAt! < request.end + CLOCK_SLACK_MS &&
      record.deadAt! > request.begin - CLOCK_SLACK_MS
    );
    if (!replier) {
      const key = keyOf(request.stream, request.a);
      throw new Violation(`request ${key} was lost, and no replier died with it`);
    }
    used.add(replier);
  }
}
