/** The machine and the versions of a measurement. */
import { sleep } from "../../lib/base/sleep.ts";
import { cpus } from "node:os";

export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  /** Share of all cores in use before the benchmark. Undefined if it is unknown. */
  readonly busyBefore?: number;
  readonly deno: string;
  readonly v8: string;
}

const SAMPLE_MS = 1000;
const QUIET = 0.1;
const UNKNOWN = "unknown without --allow-sys=cpus,osRelease";

/** A warning about figures from a busy machine. */
export function warningOf({ busyBefore = 0, cores }: Machine): string | undefined {
  if (busyBefore <= QUIET) return undefined;
  const used = (busyBefore * cores).toFixed(1);
  return `WARNING: other programs use ${used} of ${cores} cores; measure again on a quiet machine`;
}

/** Names and values, as text. */
export function factsOf({ os, cpu, cores, deno, v8 }: Machine): [string, string][] {
  return [
    ["processor", cpu],
    ["cores", String(cores)],
    ["system", os],
    ["Deno, V8", `${deno}, ${v8}`],
  ];
}

function isKnown(kind: "cpus" | "osRelease"): boolean {
  return Deno.permissions.querySync({ name: "sys", kind }).state === "granted";
}

/** Describes the machine, and samples its load for a while. */
export async function describeMachine(sampleMs: number = SAMPLE_MS): Promise<Machine> {
  const { deno, v8 } = Deno.version;
  const { os, arch } = Deno.build;
  if (!isKnown("cpus") || !isKnown("osRelease")) {
    return { os: `${os} ${arch}`, cpu: UNKNOWN, cores: navigator.hardwareConcurrency, deno, v8 };
  }
  return {
    os: `${os} ${Deno.osRelease()} ${arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    busyBefore: await busyShare(sampleMs),
    deno,
    v8,
  };
}

/** The share of all cores that any program uses in the next `ms`. */
async function busyShare(ms: number): Promise<number> {
  const before = machineTicks();
  await sleep(ms);
  const after = machineTicks();
  return 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total);
}

function machineTicks(): { idle: number; total: number } {
  const times = cpus().map(({ times }) => times);
  const sum = (values: number[]) => values.reduce((total, each) => total + each, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.flatMap((each) => Object.values(each))),
  };
}
