// Does jobs from an urgent and a normal queue, prints a line while there are none, and stops at a signal: one poll
// waits for all of these. Run it, and then control.ts:
//   deno run --allow-ffi examples/signals_and_poller/worker.ts
import { Puller, Signal } from "@ringbus/ringbus";
import { Deadline, type Pollable, Poller } from "@ringbus/ringbus/poll";

/** The id of a notification of control.ts. */
export const STOP = 1;
const IDLE_MS = 5000;

if (import.meta.main) {
  using urgent = new Puller<string>("example-urgent");
  using normal = new Puller<string>("example-normal");
  using control = new Signal("example-control");
  const idle = new Deadline(IDLE_MS);
  using poller = new Poller<Pollable>([urgent, normal, control, idle]);
  console.log("waiting");

  let isStopped = false;
  while (!isStopped) {
    for (const { source, kind } of await poller.wait()) {
      if (kind === "due") console.log("no jobs");
      if (source === control) isStopped = control.tryWait().includes(STOP);
    }
    for (const job of [...urgent.drain(), ...normal.drain()]) console.log(`did ${job}`);
    idle.set(IDLE_MS);
  }
  console.log("stopped");
}
