/** What a process costs the machine, as the kernel counts it. */

/** CPU time of all living threads in nanoseconds: finer than the ticks of `/proc/PID/stat`. */
export function cpuNs(pid: number): number {
  let total = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const schedstat = Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`);
    total += Number(schedstat.split(" ")[0]);
  }
  return total;
}

/** Resident bytes, those of shared segments included. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** Resident bytes without those of files, which are the runtime's own program and its libraries. */
export function privateBytes(pid: number): number {
  return statusBytes(pid, "RssAnon") + statusBytes(pid, "RssShmem");
}

function statusBytes(pid: number, field: string): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  if (!kib) throw new Error(`cannot read ${field} of process ${pid}`);
  return Number(kib) * 1024;
}

export { sleep } from "../../lib/base/sleep.ts";
