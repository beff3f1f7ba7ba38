/** The CPU time of a server of Redis clients, by the kernel's counts of its process. */
import { redisCli } from "./redis_cli.ts";

/** Microseconds of a clock tick of the kernel. */
const TICK_US = 10_000;

/** The process that serves a port, as it says itself. */
async function processOf(port: number): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redisCli(port, ["INFO", "server"]))?.[1]);
}

/** Microseconds that a process has used, in its own code and in the kernel. */
function usedUs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Microseconds of CPU time that the server of a port uses while `run` runs; undefined beside Linux. */
export async function cpuTimeOf<T>(
  port: number,
  run: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpuUs: number | undefined }> {
  if (Deno.build.os !== "linux") return { result: await run(), cpuUs: undefined };
  const pid = await processOf(port);
  const before = usedUs(pid);
  const result = await run();
  return { result, cpuUs: usedUs(pid) - before };
}
