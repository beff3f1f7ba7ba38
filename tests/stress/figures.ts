/**
 * What attacks came to: in a round, a session, or a run.
 *
 * @module
 */

/** Figures; of milliseconds all that were measured. */
export interface Figures {
  kills: number;
  stops: number;
  /** Messages that arrived; replies, of requests. */
  messages: number;
  /** Messages that subscribers counted as missed. */
  missed: number;
  /** Messages that dead receivers had taken, requests that were lost with their repliers. */
  takenByDead: number;
  /** Deliveries of messages that had been delivered before, to pullers that acknowledge. */
  again: number;
  /** Messages that were done twice, because a puller died while it took them. */
  doubled: number;
  /** Milliseconds from a replier's death to each error that it caused. */
  lostAfterMs: number[];
  /** Milliseconds from each kill to the next message that any survivor got. */
  afterKillsMs: number[];
  /** The longest time without a message for others while one was stopped, for each stop. */
  duringStopsMs: number[];
}

/** Figures of nothing at all. */
export function noFigures(): Figures {
  return {
    kills: 0,
    stops: 0,
    messages: 0,
    missed: 0,
    takenByDead: 0,
    again: 0,
    doubled: 0,
    lostAfterMs: [],
    afterKillsMs: [],
    duringStopsMs: [],
  };
}

const COUNTS = [
  "kills",
  "stops",
  "messages",
  "missed",
  "takenByDead",
  "again",
  "doubled",
] as const;
const TIMES = ["lostAfterMs", "afterKillsMs", "duringStopsMs"] as const;

/** Adds what another part came to. */
export function addFigures(sum: Figures, more: Partial<Figures>): void {
  for (const name of COUNTS) sum[name] += more[name] ?? 0;
  for (const name of TIMES) for (const ms of more[name] ?? []) sum[name].push(ms);
}
