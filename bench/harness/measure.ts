/** One run of one contestant at one workload. */
import { Child } from "./child.ts";
import { PeerRun } from "./peer_run.ts";
import { latencyCurve, summariseLatencies } from "../../cli/benchmark/stats.ts";
import type { Contestant, Launch, Measurement, Unit, Workload } from "./types.ts";

export interface Bench {
  readonly scratch: string;
  /** Launches the process that burns a core. */
  readonly busy: Launch;
}

export const UNITS: Record<Workload["kind"], Unit> = {
  roundtrip: "ns",
  turns: "ns",
  wake: "ns",
  throughput: "messages/s",
  busy: "share of clean",
};

type Measure = (
  bench: Bench,
  launch: Launch,
  contestant: Contestant,
  workload: Workload,
) => Promise<Measurement>;

/** Two processes that leave a file of latencies. */
async function latencies(
  run: PeerRun,
  listening: "pong" | "wake",
  active: "ping" | "beat",
): Promise<Measurement> {
  const children = await run.start(listening, active);
  await Promise.all([children.listener.finished, children.active.finished]);
  const ascending = (await run.latencies()).sort();
  const detail = summariseLatencies(ascending);
  return { value: detail["p50"], detail, latenciesNs: latencyCurve(ascending) };
}

const roundTrip: Measure = async (bench, launch, contestant, workload) => {
  await using run = new PeerRun(bench.scratch, launch, contestant, workload);
  return await latencies(run, "pong", "ping");
};

/** Both sides in one thread: each sample is the mean of some thousand messages. */
const turns: Measure = async (bench, launch, contestant, workload) => {
  await using run = new PeerRun(bench.scratch, launch, contestant, workload);
  await run.play("turns");
  const ascending = (await run.latencies()).sort();
  const detail = summariseLatencies(ascending);
  return { value: detail["p50"], detail };
};

const wake: Measure = async (bench, launch, contestant, workload) => {
  await using run = new PeerRun(bench.scratch, launch, contestant, workload);
  return await latencies(run, "wake", "beat");
};

/**
 * From just before the first `send` in one process to just after the last `receive` in the other.
 * Both are warm and the channel is empty when the clock starts.
 */
const throughput: Measure = async (bench, launch, contestant, workload) => {
  await using run = new PeerRun(bench.scratch, launch, contestant, workload);
  const { listener, active } = await run.start("receive", "send");
  await active.whileAlive(listener.event("warm"));
  await active.resume();
  await active.whileAlive(listener.event("end"));
  await active.resume();
  const facts = { ...(await active.finished), ...(await listener.finished) };
  if (facts["wrong"] !== 0) throw new Error(`${facts["wrong"]} messages did not arrive as sent`);
  const seconds = (facts["endNs"] - facts["startNs"]) / 1e9;
  const perSecond = run.count / seconds;
  return { value: perSecond, detail: { "GB/s": (perSecond * workload.size) / 1e9, seconds } };
};

/** The same stream, alone and beside a third process that burns a core. */
const busy: Measure = async (bench, launch, contestant, workload) => {
  const clean = await throughput(bench, launch, contestant, workload);
  await using spinner = new Child(bench.busy, []);
  await spinner.event("ready");
  const disturbed = await throughput(bench, launch, contestant, workload);
  return {
    value: disturbed.value / clean.value,
    detail: { clean: clean.value, busy: disturbed.value },
  };
};

const MEASURES: Record<Workload["kind"], Measure> = {
  roundtrip: roundTrip,
  throughput,
  turns,
  wake,
  busy,
};

export const measure: Measure = (bench, launch, contestant, workload) =>
  MEASURES[workload.kind](bench, launch, contestant, workload);
