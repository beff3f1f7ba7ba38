/**
 * The processes of a run.
 *
 * @module
 */

import { until } from "../../tests/support/deadline.ts";

const PR_SET_CHILD_SUBREAPER = 36;
/** A process that is ending has so long to do it. */
const GRACE_MS = 5000;

/** Lets orphans among our descendants become our children, so that they can be found. */
export function adoptOrphans(): void {
  if (Deno.build.os !== "linux") return;
  const libc = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  });
  const result = libc.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n);
  libc.close();
  if (result !== 0) throw new Error("prctl(PR_SET_CHILD_SUBREAPER) failed");
}

/** Ends the descendants that have not ended by themselves. Returns them. */
export async function endDescendants(): Promise<string[]> {
  if (Deno.build.os !== "linux") return [];
  await until(() => descendants().length === 0, "the end of all processes", GRACE_MS)
    .catch(() => {});
  const ended: string[] = [];
  for (const { pid, command } of descendants()) {
    ended.push(`process ${pid}: ${command}`);
    Deno.kill(pid, "SIGKILL");
  }
  return ended;
}

interface Process {
  pid: number;
  command: string;
}

/** Living processes that we, or any of them, have started. */
function descendants(): Process[] {
  const children = childrenByParent();
  const found: Process[] = [];
  const add = (parent: number): void => {
    for (const pid of children.get(parent) ?? []) {
      const command = readIfExists(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ").trim();
      // A process that has ended, and was not waited for, has no command line.
      if (command) found.push({ pid, command });
      add(pid);
    }
  };
  add(Deno.pid);
  return found;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const parent = readIfExists(`/proc/${name}/status`)?.match(/^PPid:\s+(\d+)$/m)?.[1];
    if (parent === undefined || !/^\d+$/.test(name)) continue;
    const siblings = children.get(Number(parent));
    if (siblings) siblings.push(Number(name));
    else children.set(Number(parent), [Number(name)]);
  }
  return children;
}

/** Undefined for a process that has just ended, and for what is no process. */
function readIfExists(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
