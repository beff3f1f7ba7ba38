/** The numbers to reach, each with the figure found and a verdict. */
import { NAMES } from "./contestants.ts";
import { duration, mebibytes, times } from "../../cli/benchmark/charts/format.ts";
import { compare, type Results, rowOf } from "./results.ts";
import { isSkipped, type Row, type Skipped } from "./types.ts";

export interface Verdict {
  readonly target: string;
  readonly figure?: string;
  readonly verdict: "met" | "missed" | "skipped";
  readonly reason?: string;
}

const IDLE_LIMIT = 0.01;
const MIB = 1024 * 1024;
/** Over a bare process: of a program that sends bytes, and of one that sends objects. */
const MEMORY_LIMITS = { bytes: 10 * MIB, objects: 15 * MIB };
const CHANNEL_LIMIT = 10 * MIB;
const MAX_START = 1.3;
/** What the allocator and the collector move by themselves from one reading to the next. */
const GROWTH_NOISE = 1024 * 1024;
const MIN_FAIRNESS = 0.1;

type Bound = { readonly atMost: number } | { readonly atLeast: number };

function isWithin(value: number, bound: Bound): boolean {
  return "atMost" in bound ? value <= bound.atMost : value >= bound.atLeast;
}

function boundText(bound: Bound): string {
  return "atMost" in bound ? `at most ${bound.atMost}x` : `at least ${bound.atLeast}x`;
}

function evaluate<T>(
  target: string,
  result: T | Skipped,
  text: (result: T) => string,
  met: (result: T) => boolean,
): Verdict {
  if (typeof result === "object" && result !== null && isSkipped(result)) {
    return { target, verdict: "skipped", reason: result.skipped };
  }
  const value = result as T;
  return { target, figure: text(value), verdict: met(value) ? "met" : "missed" };
}

/** A ratio between two contestants of one workload; the median over the runs decides. */
function ratio(
  results: Results,
  what: string,
  workload: string,
  [own, reference]: readonly [string, string],
  bound: Bound,
): Verdict {
  return evaluate(
    `${what}: ${boundText(bound)} ${reference}`,
    compare(results, workload, own, reference),
    ({ median, min, max }) => `${times(median)} (${times(min)}..${times(max)})`,
    ({ median }) => isWithin(median, bound),
  );
}

/** How many times faster we are than a peer, from the latencies of both. */
function faster(results: Results, what: string, workload: string, peer: string, minRatio: number) {
  return evaluate(
    `${what}: at least ${minRatio}x faster than ${peer}`,
    compare(results, workload, peer, NAMES.ours),
    ({ median, min, max }) => `${times(median)} (${times(min)}..${times(max)})`,
    ({ median }) => median >= minRatio,
  );
}

function roundTrips(results: Results): Verdict[] {
  const workload = "roundtrip/64B";
  const what = "round trip, 64 B";
  return [
    ratio(results, what, workload, [NAMES.ours, NAMES.cSpin], { atMost: 1.5 }),
    faster(results, what, workload, NAMES.zeromqJs, 150),
  ];
}

function inTurns(results: Results): Verdict {
  const pair = [NAMES.ours, NAMES.cSpin] as const;
  return ratio(results, "one thread in turns, 64 B", "turns/64B", pair, { atMost: 5 });
}

function wakes(results: Results): Verdict[] {
  const workload = "wake/64B";
  const what = "one way, sleeping, recvIntoSync";
  return [
    evaluate(
      `${what}: below 10 us`,
      rowOf(results, workload, NAMES.ours),
      (row: Row) => duration(row.value!.median),
      (row: Row) => row.value!.median < 10_000,
    ),
    ratio(results, what, workload, [NAMES.ours, NAMES.cFutex], { atMost: 1.2 }),
    ratio(results, "one way, sleeping, await recv", workload, [NAMES.oursAsync, NAMES.unix], {
      atMost: 1.2,
    }),
  ];
}

function smallStreams(results: Results): Verdict[] {
  const line = (what: string, own: string, reference: string, atLeast: number) =>
    ratio(results, `throughput, 64 B, ${what}`, "throughput/64B", [own, reference], { atLeast });
  return [
    line("send, recvIntoSync", NAMES.ours, NAMES.cSpin, 0.7),
    line("send, recvIntoSync", NAMES.ours, NAMES.zeromqJs, 60),
    line("send, recvIntoSync", NAMES.ours, NAMES.libzmq, 6),
    line("sendMany, readMany", NAMES.oursPacked, NAMES.cSpin, 1),
    line("send, recvSync", NAMES.oursArray, NAMES.cSpin, 0.25),
    line("objects, default codec", NAMES.oursObjects, NAMES.cSpin, 1 / 16),
  ];
}

function largeStreams(results: Results): Verdict[] {
  return ["64KiB", "1MiB", "10MiB"].flatMap((size) =>
    [NAMES.ours, NAMES.oursLoan].map((own) =>
      ratio(results, `throughput, ${size}, ${own.replace("Ringbus ", "")}`, `throughput/${size}`, [
        own,
        NAMES.cSpin,
      ], { atLeast: 1 })
    )
  );
}

function busyMachine(results: Results): Verdict {
  return evaluate(
    "a third busy process on 2 cores: at least 0.5x of the clean throughput",
    rowOf(results, "busy/64B", NAMES.ours),
    (row: Row) => times(row.value!.median),
    (row: Row) => row.value!.median >= 0.5,
  );
}

function costs({ idleShare, memoryBytes, memoryObjects }: Results): Verdict[] {
  const kinds = [["bytes", memoryBytes], ["objects", memoryObjects]] as const;
  return [
    evaluate(
      "idle CPU, 100 channels awaiting recv: under 1%",
      idleShare,
      (share) => `${(share * 100).toFixed(2)}%`,
      (share) => share < IDLE_LIMIT,
    ),
    ...kinds.flatMap(([kind, memory]) => [
      evaluate(
        `memory, default channel, ${kind}: under ${
          mebibytes(MEMORY_LIMITS[kind])
        } over a bare Deno process`,
        memory,
        ({ overBare }) => mebibytes(overBare),
        ({ overBare }) => overBare < MEMORY_LIMITS[kind],
      ),
      evaluate(
        `memory, default channel, ${kind}: under 10 MiB added to a program that has loaded Ringbus`,
        memory,
        ({ added }) => mebibytes(added),
        ({ added }) => added < CHANNEL_LIMIT,
      ),
      evaluate(
        `memory, default channel, ${kind}: no growth over further rounds of messages`,
        memory,
        ({ growth }) => mebibytes(growth),
        ({ growth }) => growth <= GROWTH_NOISE,
      ),
    ]),
  ];
}

function manyProcesses({ many }: Results): Verdict {
  return evaluate(
    "16 publishers and 16 subscribers: no uncounted loss, no starvation",
    many,
    ({ unaccounted, fairness, arrived, publishers, subscribers }) =>
      `${publishers} and ${subscribers}: ${unaccounted} uncounted, ` +
      `${(arrived * 100).toFixed(1)}% arrived, least served got ${(fairness * 100).toFixed(0)}% ` +
      "of the best served",
    ({ unaccounted, fairness }) => unaccounted === 0 && fairness >= MIN_FAIRNESS,
  );
}

function starts(results: Results): Verdict {
  return evaluate(
    `start to the end of the first message: at most ${MAX_START}x an empty program`,
    results.starts,
    ({ emptyMs, messageMs }) =>
      `${times(messageMs / emptyMs)} (${messageMs.toFixed(0)} ms, ${emptyMs.toFixed(0)} ms)`,
    ({ emptyMs, messageMs }) => messageMs / emptyMs <= MAX_START,
  );
}

export function verdicts(results: Results): Verdict[] {
  return [
    inTurns(results),
    ...roundTrips(results),
    ...wakes(results),
    ...smallStreams(results),
    ...largeStreams(results),
    busyMachine(results),
    manyProcesses(results),
    ...costs(results),
    starts(results),
  ];
}

export function verdictLine({ target, figure, verdict, reason }: Verdict): string {
  const outcome = verdict === "skipped" ? `skipped: ${reason}` : verdict;
  return `${target}  |  ${figure ?? "-"}  |  ${outcome}`;
}
