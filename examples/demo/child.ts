/**
 * One process of the demo: `deno run --allow-ffi examples/demo/child.ts '<task as JSON>'`, started by main.ts.
 *
 * @module
 */

import type { Order, Report, Task } from "./protocol.ts";
import { ROLES, type Stage } from "./roles.ts";

const PROGRESS_MS = 50;
const PROGRESS_STEP = 64;

const start = Promise.withResolvers<void>();
const stop = new AbortController();
const encoder = new TextEncoder();

function sendReport(report: Report): void {
  let rest = encoder.encode(`${JSON.stringify(report)}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** Follows orders. Without a parent this process ends. */
async function listen(): Promise<never> {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    for (const order of text.trim().split("\n") as Order[]) {
      if (order === "go") start.resolve();
      else stop.abort();
    }
  }
  return Deno.exit(1);
}

let calls = 0;
let reportedAt = 0;

const stage: Stage = {
  stop: stop.signal,
  ready() {
    sendReport({ event: "ready" });
    return start.promise;
  },
  progress(done) {
    if (++calls % PROGRESS_STEP !== 0 || performance.now() - reportedAt < PROGRESS_MS) return;
    reportedAt = performance.now();
    sendReport({ event: "progress", done });
  },
};

listen();
const task: Task = JSON.parse(Deno.args[0]);
sendReport({ event: "done", result: await ROLES[task.role](task, stage) });
Deno.exit(0);
