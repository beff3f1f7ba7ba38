/** Runs a plan: every workload, then what a process costs. */
import { contestantsOf } from "./contestants.ts";
import { idleShare, memoryOf, startsOf } from "./costs.ts";
import { countInstructions } from "./instructions.ts";
import { interleave, type Launches } from "./interleave.ts";
import { manyToMany } from "./many.ts";
import type { Bench } from "./measure.ts";
import {
  bareDeno,
  busyProcess,
  cRing,
  emptyStart,
  ringbusIdle,
  ringbusMany,
  ringbusMemory,
  ringbusStart,
} from "./peers.ts";
import type { Plan } from "./plan.ts";
import { type Instructions, NOT_SELECTED, type Results } from "./results.ts";
import { isSelected, selectContestants } from "./selection.ts";
import { isSkipped, type Launch, type Peer, type Row, type Skipped, type Tools } from "./types.ts";

const CHANNELS = 100;

export interface Suite {
  readonly plan: Plan;
  readonly scratch: string;
  readonly only?: string | undefined;
  readonly progress: (text: string) => void;
  /** Called with the rows of each workload as soon as it is done. */
  readonly onRows: (rows: readonly Row[]) => void;
  /** Ends the suite early, with what it has. */
  readonly signal: AbortSignal;
}

/** Parts beside the workloads: idle, memory twice, many, starts, instructions. */
const PARTS = 6;

/** How often a suite reports progress, if nothing is skipped. */
export function stepsOf({ plan, only }: Pick<Suite, "plan" | "only">): number {
  return plan.workloads.reduce((steps, workload) => {
    const contestants = selectContestants(workload.id, contestantsOf(workload), only);
    return steps + plan.runs * Math.max(0, contestants.length - 1);
  }, PARTS);
}

/** Each peer is compiled or installed once, when it is first needed. */
function preparedOnce(tools: Tools): (peer: Peer) => Promise<Launch | Skipped> {
  const launches = new Map<Peer, Promise<Launch | Skipped>>();
  return (peer) => {
    let launch = launches.get(peer);
    if (!launch) launches.set(peer, launch = peer.prepare(tools));
    return launch;
  };
}

async function needed(launch: Promise<Launch | Skipped>): Promise<Launch> {
  const result = await launch;
  if (isSkipped(result)) throw new Error(result.skipped);
  return result;
}

async function runWorkloads(suite: Suite, bench: Bench, launches: Launches): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workload of suite.plan.workloads) {
    const contestants = selectContestants(workload.id, contestantsOf(workload), suite.only);
    if (contestants.length === 0) continue;
    if (suite.signal.aborted) break;
    const { plan: { runs, bracketed }, progress, signal } = suite;
    // A busy run is a ratio already, of two runs right after each other.
    const turns = { runs, bracketed: bracketed && workload.kind !== "busy", signal };
    const done = await interleave(bench, workload, contestants, launches, turns, progress);
    suite.onRows(done);
    rows.push(...done);
  }
  return rows;
}

/** A part that is not selected, cannot run, or fails is skipped with its reason. */
async function part<T>(
  suite: Suite,
  name: string,
  launch: Promise<Launch | Skipped>,
  measure: (launch: Launch) => Promise<T>,
): Promise<T | Skipped> {
  if (!isSelected(name, suite.only)) return { skipped: NOT_SELECTED };
  if (suite.signal.aborted) return { skipped: "interrupted" };
  const result = await launch;
  if (isSkipped(result)) return result;
  suite.progress(name);
  try {
    return await measure(result);
  } catch (error) {
    return { skipped: `failed: ${error instanceof Error ? error.message : error}` };
  }
}

/** Messages in turns, few enough for a simulated processor. */
const COUNTED_MESSAGES = 100_000;

async function instructionsIn(
  suite: Suite,
  prepare: (peer: Peer) => Promise<Launch | Skipped>,
): Promise<Instructions | Skipped> {
  const { plan, scratch } = suite;
  const workload = plan.workloads.find(({ kind }) => kind === "turns");
  if (!plan.countsInstructions || workload === undefined) return { skipped: NOT_SELECTED };
  const counted = { ...workload, count: COUNTED_MESSAGES };
  return await part(
    suite,
    "instructions",
    prepare(cRing),
    () => countInstructions(scratch, counted, ({ peer }) => prepare(peer)),
  );
}

export async function runSuite(suite: Suite): Promise<Results> {
  const { plan, scratch } = suite;
  const prepare = preparedOnce({ scratch, mayInstall: plan.mayInstall });
  const busy = await needed(prepare(busyProcess));
  const bare = await needed(prepare(bareDeno));
  const rows = await runWorkloads(suite, { scratch, busy }, ({ peer }) => prepare(peer));
  const site = { scratch, settleMs: plan.settleMs };
  const memory = (mode: "bytes" | "objects") =>
    part(
      suite,
      `memory, ${mode}`,
      prepare(ringbusMemory),
      (launch) => memoryOf(site, launch, bare, plan.memoryMessages, mode),
    );
  return {
    rows,
    idleShare: await part(
      suite,
      "idle",
      prepare(ringbusIdle),
      (launch) => idleShare(site, launch, CHANNELS, plan.idleSeconds),
    ),
    memoryBytes: await memory("bytes"),
    memoryObjects: await memory("objects"),
    many: await part(
      suite,
      "many",
      prepare(ringbusMany),
      (launch) => manyToMany(scratch, launch, plan.manyProcesses, plan.manyMessages),
    ),
    starts: await part(
      suite,
      "starts",
      prepare(ringbusStart),
      async (launch) => startsOf(scratch, launch, await needed(prepare(emptyStart)), plan.starts),
    ),
    instructions: await instructionsIn(suite, prepare),
  };
}
