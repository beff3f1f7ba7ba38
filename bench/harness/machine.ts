/** The machine and the versions that the figures belong to. */
import { cpus } from "node:os";
import { busyShare } from "./processes.ts";

export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  /** The share of all cores that others used before the benchmark began. */
  readonly busyBefore: number;
  readonly deno: string;
  readonly v8: string;
  readonly clock: string;
}

const SAMPLE_MS = 1000;
const QUIET = 0.1;

/** What a reader has to know before believing a figure. */
export function warningOf({ busyBefore, cores }: Machine): string | undefined {
  if (busyBefore <= QUIET) return undefined;
  const used = (busyBefore * cores).toFixed(1);
  return `WARNING: others use ${used} of ${cores} cores; the figures say little, run again on a quiet machine`;
}

export async function describeMachine(): Promise<Machine> {
  return {
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    busyBefore: await busyShare(SAMPLE_MS),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    clock: "CLOCK_MONOTONIC: clock_gettime (C and Deno, through FFI), process.hrtime (Node)",
  };
}
