/**
 * Measures all workloads in rounds. In each round every contestant of every workload has a short turn, so
 * that a machine that is slow for a while slows all of them.
 */
import type { StartPeer } from "./peer_process.ts";
import { Pair, type Run } from "./pair.ts";
import { skipReasonOf } from "./permissions.ts";
import { type Contestant, type Workload, WORKLOADS } from "./workloads.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** The measurement of one contestant at one workload. */
export interface Measurement {
  readonly workload: Workload;
  readonly contestant: Contestant;
  readonly runs: Run[];
  /** Why it has no figures. */
  skipReason?: string | undefined;
}

/** How to measure. */
export interface MeasureOptions {
  readonly seconds: number;
  readonly start: StartPeer;
  /** A folder for sockets. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Called with the share that is done, and the next step. */
  readonly progress: (share: number, text: string) => void;
}

const MIN_ROUNDS = 3;
/** More time means more rounds, so that turns stay short. */
const SECONDS_A_ROUND = 10;
/** With less time than this, there is one round. */
const MANY_ROUNDS_FROM_SECONDS = 5;
/** Shortest turn. */
const MIN_TURN_SECONDS = 0.005;
/** Share of a turn for the messages. The rest is for starting and ending. */
const MEASURED_SHARE = 0.7;
/** One message a millisecond, and the time until the receiver sleeps. */
const BEATS_A_SECOND = 850;
/** Relative length of turns: a workload with few messages needs a longer one. */
const WEIGHTS: Record<Workload["kind"], number> = { roundtrip: 1, wake: 2.5, throughput: 1 };
const MAX_LATENCIES = 200_000;
const MIN_MESSAGES = 4;

function messagesFor(measurement: Measurement, perSecond: number, unitSeconds: number): number {
  const { kind } = measurement.workload;
  const seconds = unitSeconds * WEIGHTS[kind];
  const count = Math.ceil((kind === "wake" ? BEATS_A_SECOND : perSecond) * seconds);
  const max = kind === "throughput" ? Infinity : MAX_LATENCIES;
  return Math.max(MIN_MESSAGES, Math.min(max, count));
}

/** Messages of the first run, which warms up and finds the rate. */
function firstCount({ workload: { kind, size }, contestant: { isOurs } }: Measurement): number {
  if (kind === "wake") return 10;
  if (size >= 1024 * 1024) return 16;
  if (kind === "roundtrip") return isOurs ? 5000 : 300;
  return isOurs ? 30_000 : 3000;
}

/** The processes of each group, started at their first use. */
class Pairs implements AsyncDisposable {
  readonly #pairs = new Map<string, Pair>();
  readonly #start: StartPeer;
  readonly #folder: string;

  constructor({ start, folder }: MeasureOptions) {
    this.#start = start;
    this.#folder = folder;
  }

  of({ group, peer }: Contestant): Pair {
    let pair = this.#pairs.get(group);
    if (pair === undefined) {
      pair = new Pair(this.#start, peer === "ringbus local" || peer === "worker", this.#folder);
      this.#pairs.set(group, pair);
    }
    return pair;
  }

  /** A process that failed may hang: the next contestant gets new processes. */
  async drop({ group }: Contestant): Promise<void> {
    const pair = this.#pairs.get(group);
    this.#pairs.delete(group);
    await pair?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pairs.values()].map((pair) => pair[Symbol.asyncDispose]()));
  }
}

function newMeasurements(): Measurement[] {
  return WORKLOADS.flatMap((workload) =>
    workload.contestants.map((contestant): Measurement => ({
      workload,
      contestant,
      runs: [],
      skipReason: skipReasonOf(contestant, workload),
    }))
  );
}

async function takeTurn(
  pairs: Pairs,
  measurement: Measurement,
  count: number,
): Promise<Run | undefined> {
  const { contestant, workload } = measurement;
  try {
    return await pairs.of(contestant).measure(contestant, workload, count);
  } catch (error) {
    measurement.skipReason = `it failed: ${messageOf(error)}`;
    await pairs.drop(contestant);
    return undefined;
  }
}

function roundsIn(seconds: number): number {
  if (seconds < MANY_ROUNDS_FROM_SECONDS) return 1;
  return Math.max(MIN_ROUNDS, Math.floor(seconds / SECONDS_A_ROUND));
}

/** Messages per second of a run. */
function rateOf(run: Run, { kind }: Workload): number {
  return kind === "throughput" ? run.value : 1e9 / run.value;
}

/** Measures for about `seconds`. Rejects after the turn in which the signal aborts. */
export async function measureAll(options: MeasureOptions): Promise<Measurement[]> {
  const { seconds, signal, progress } = options;
  await using pairs = new Pairs(options);
  const measurements = newMeasurements();
  const end = performance.now() + seconds * 1000;
  const rounds = roundsIn(seconds);
  const rates = new Map<Measurement, number>();
  for (let round = 0; round <= rounds; round++) {
    const able = measurements.filter(({ skipReason }) => skipReason === undefined);
    const left = (end - performance.now()) / 1000 / Math.max(1, rounds - round + 1);
    const weights = able.reduce((sum, { workload }) => sum + WEIGHTS[workload.kind], 0);
    const unitSeconds = Math.max(MIN_TURN_SECONDS, (left * MEASURED_SHARE) / weights);
    for (const [nth, measurement] of able.entries()) {
      // Not in the middle of a turn: a process that is killed leaves its channel behind.
      if (signal.aborted) throw new Error("it was interrupted");
      const { workload, contestant } = measurement;
      const what = round === 0 ? "warming up" : `round ${round} of ${rounds}`;
      progress(
        (round + nth / able.length) / (rounds + 1),
        `${what}: ${workload.title}, ${contestant.name}`,
      );
      const rate = rates.get(measurement);
      const count = rate === undefined
        ? firstCount(measurement)
        : messagesFor(measurement, rate, unitSeconds);
      const run = await takeTurn(pairs, measurement, count);
      if (run === undefined) continue;
      rates.set(measurement, rateOf(run, workload));
      if (round > 0) measurement.runs.push(run);
    }
  }
  return measurements;
}
