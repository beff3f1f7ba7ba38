/** The machine and the versions that the figures belong to. */
import { cpus } from "node:os";

export interface Machine {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  readonly loadBefore: number;
  readonly deno: string;
  readonly v8: string;
  readonly clock: string;
}

export function describeMachine(): Machine {
  return {
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    loadBefore: Deno.loadavg()[0],
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    clock: "CLOCK_MONOTONIC: clock_gettime (C and Deno, through FFI), process.hrtime (Node)",
  };
}
