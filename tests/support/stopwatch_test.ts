// What the stopwatch of the tests counts.

import assert from "node:assert/strict";
import { cpuMs } from "./cpu_clock.ts";
import { sleep, until } from "./deadline.ts";
import { Stopwatch } from "./stopwatch.ts";

const MS = 100;

Deno.test("a stopwatch counts the time that a thread works or waits for others", async () => {
  const working = new Stopwatch();
  const untilMs = cpuMs() + MS;
  while (cpuMs() < untilMs);
  assert.ok(working.elapsedMs + working.delayedMs >= MS, `${working.elapsedMs} ms of work`);
  const waiting = new Stopwatch();
  await sleep(MS);
  assert.ok(waiting.elapsedMs + waiting.delayedMs >= MS, `${waiting.elapsedMs} ms of waiting`);
});

/** A process that never waits, on the first processor that it may use. */
function spinner(): Deno.ChildProcess {
  const status = Deno.readTextFileSync("/proc/self/status");
  const [, first] = status.match(/^Cpus_allowed_list:\s*(\d+)/m)!;
  const args = ["-c", first, "sh", "-c", "while :; do :; done"];
  return new Deno.Command("taskset", { args }).spawn();
}

Deno.test("a stopwatch does not count the time for which threads have no processor", async () => {
  const spinners = [spinner(), spinner()];
  try {
    const watch = new Stopwatch(...spinners);
    // The one waits while the other runs.
    await until(() => watch.delayedMs > MS, "waiting for the processor");
  } finally {
    for (const each of spinners) each.kill("SIGKILL");
    await Promise.all(spinners.map(({ status }) => status));
  }
});

Deno.test("a stopwatch takes a process that has ended for one that waits for nothing", async () => {
  const child = new Deno.Command("true").spawn();
  const watch = new Stopwatch(child);
  await child.status;
  assert.ok(watch.elapsedMs >= 0);
});
