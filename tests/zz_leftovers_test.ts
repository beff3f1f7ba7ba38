import assert from "node:assert/strict";
import { until } from "./support/deadline.ts";
import { SCRATCH_PREFIX } from "./support/scratch.ts";

// This file comes last: it looks for what the files before it left behind.

/** Living processes whose parent we are. */
function childProcesses(): string[] {
  const children: string[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = readIfThere(`/proc/${name}/status`);
    if (status?.match(/^PPid:\s+(\d+)$/m)?.[1] !== String(Deno.pid)) continue;
    children.push(`${name}: ${readIfThere(`/proc/${name}/cmdline`)?.replaceAll("\0", " ")}`);
  }
  return children;
}

/** Undefined for a process that has just ended. */
function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** Files that this process still has open or mapped. */
function openFiles(): string[] {
  const held = Deno.readTextFileSync("/proc/self/maps").split("\n").map((line) =>
    line.slice(line.indexOf("/"))
  );
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      held.push(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor that lists the others is gone by now.
    }
  }
  return held;
}

Deno.test("the suite leaves no child process behind", async () => {
  await until(() => childProcesses().length === 0, `the end of ${childProcesses()}`, 5000);
});

Deno.test("the suite leaves no directory, segment or doorbell behind", () => {
  const prefixes = [SCRATCH_PREFIX, `ringbus-redis-${Deno.pid}-`];
  const isOurs = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
  for (const dir of ["/dev/shm", Deno.env.get("TMPDIR") ?? "/tmp"]) {
    const left = [...Deno.readDirSync(dir)].filter(({ name }) => isOurs(name));
    assert.deepEqual(left.map(({ name }) => name), [], `left in ${dir}`);
  }
});

Deno.test("the suite leaves no segment mapped, and no doorbell or socket open", async () => {
  const isOurs = (path: string) => path.includes(SCRATCH_PREFIX) || path.includes("/.agent-");
  await until(
    () => !openFiles().some(isOurs),
    `closing of ${openFiles().filter(isOurs)}`,
    5000,
  );
});
