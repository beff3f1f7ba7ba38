/**
 * Who holds what on a channel, and since when.
 *
 * @module
 */

import type { ParticipantReport } from "./participants.ts";
import type { SegmentSnapshot } from "./snapshot.ts";

/** What participants hold. */
export type HoldKind =
  | "lease"
  | "view"
  | "loan"
  | "unread request"
  | "taken request"
  | "unread reply";

/** What one participant holds of one kind. */
export interface Hold {
  /**
   * `"lease"`: messages that a puller took and did not acknowledge. `"view"`: a message that it reads in
   * place. `"loan"`: space that a sender writes into. `"unread request"`: requests of a requester that no
   * replier took yet. `"taken request"`: requests that a replier took and did not reply to.
   * `"unread reply"`: replies that a requester did not read yet.
   */
  readonly what: HoldKind;
  /** Index of the holder among the participants. */
  readonly index: number;
  /** How many it holds. */
  readonly count: number;
  /** When it got the oldest of them. */
  readonly since: Date;
}

/** All that is held, in the order of the participants. */
export function holdsIn(snapshot: SegmentSnapshot): Hold[] {
  const holds = new Holds(snapshot.participants);
  for (const { status, puller, since } of snapshot.leaseTables.leases) {
    if (status === "leased") holds.add("lease", puller, since);
  }
  for (const { index, pin } of snapshot.participants) {
    if (pin !== undefined) holds.add("view", index, pin.since);
  }
  for (const { owner, loanSince } of snapshot.lanes) {
    if (owner !== undefined && loanSince !== undefined) holds.add("loan", owner, loanSince);
  }
  for (const { requester, status, replier, since } of snapshot.requests) {
    if (status === "queued") holds.add("unread request", requester, since);
    else if (status === "done") holds.add("unread reply", requester, since);
    else if (replier !== undefined) holds.add("taken request", replier, since);
  }
  return holds.all();
}

class Holds {
  readonly #participants: ReadonlyMap<number, ParticipantReport>;
  readonly #holds = new Map<string, Hold>();

  constructor(participants: readonly ParticipantReport[]) {
    this.#participants = new Map(participants.map((one) => [one.index, one]));
  }

  /** Nobody holds anything from before it attached: the time is then that of a former owner. */
  add(what: HoldKind, index: number, since: Date): void {
    const holder = this.#participants.get(index);
    if (holder === undefined) return;
    const begun = new Date(Math.max(since.getTime() || 0, holder.since.getTime()));
    const key = `${index} ${what}`;
    const before = this.#holds.get(key);
    const oldest = before !== undefined && before.since < begun ? before.since : begun;
    this.#holds.set(key, { what, index, count: (before?.count ?? 0) + 1, since: oldest });
  }

  all(): Hold[] {
    return [...this.#holds.values()].sort((a, b) => a.index - b.index);
  }
}
