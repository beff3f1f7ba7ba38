/**
 * The figures of attacks: in a round, a session, or a run.
 *
 * @module
 */

/** Figures. Of durations in milliseconds all that were measured. */
export interface Figures {
  kills: number;
  stops: number;
  /** Messages that arrived, or replies to requests. */
  messages: number;
  /** Messages that subscribers have counted as missed. */
  missed: number;
  /** Messages that dead receivers had taken, or requests that were lost with their repliers. */
  takenByDead: number;
  /** Repeated deliveries to pullers with `ack`. */
  redelivered: number;
  /** Messages that were done twice, because a puller died while it took them. */
  doubled: number;
  /** Milliseconds from a replier's death to each error that it caused. */
  lostAfterMs: number[];
  /** Milliseconds from each kill to the next message that any survivor got. */
  afterKillsMs: number[];
  /** The longest time without a message for others while one was stopped, for each stop. */
  duringStopsMs: number[];
}

/** Empty figures. */
export function noFigures(): Figures {
  return {
    kills: 0,
    stops: 0,
    messages: 0,
    missed: 0,
    takenByDead: 0,
    redelivered: 0,
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
  "redelivered",
  "doubled",
] as const;
const TIMES = ["lostAfterMs", "afterKillsMs", "duringStopsMs"] as const;

/** Adds the figures of another part. */
export function addFigures(sum: Figures, more: Partial<Figures>): void {
  for (const name of COUNTS) sum[name] += more[name] ?? 0;
  for (const name of TIMES) for (const ms of more[name] ?? []) sum[name].push(ms);
}
