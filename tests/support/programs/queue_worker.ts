/**
 * A worker of a queue in memory, which prints what happens to its messages, and goes on after the worker has
 * closed. Its first argument is a plan.
 *
 * @module
 */

import { InMemoryMessageQueue, manageSignals, Publisher } from "../../../mod.ts";

/** What the program does. */
export interface Plan {
  /** Milliseconds that a handler takes. */
  handlerMs: number;
  graceSeconds?: number;
  /** Opens a socket as well. */
  hasSocket?: boolean;
  unmanaged?: boolean;
  /** Waits for a listener of its own, too. */
  hasListener?: boolean;
  /** Milliseconds for which it goes on after the worker has closed. Default: 50. */
  afterMs?: number;
}

const plan: Plan = JSON.parse(Deno.args[0]);
if (plan.unmanaged) manageSignals(false);
const heard = Promise.withResolvers<void>();
if (plan.hasListener) Deno.addSignalListener("SIGTERM", () => heard.resolve());
const publisher = plan.hasSocket ? new Publisher("news") : undefined;
await using queue = new InMemoryMessageQueue();
await queue.initialize();
for (let i = 0; i < 3; i++) {
  await queue.publish({ channel: "tasks", sourceAgent: "boss", targetAgent: "ann", payload: i });
}
const worker = queue.worker("tasks", "ann", async ({ payload }) => {
  console.log(`begins ${payload}`);
  await new Promise((resolve) => setTimeout(resolve, plan.handlerMs));
  console.log(`ends ${payload}`);
}, { ...plan.graceSeconds !== undefined && { graceSeconds: plan.graceSeconds } });
const alive = setInterval(() => {}, 1000);
await worker.closed;
if (plan.hasListener) await heard.promise;
clearInterval(alive);
// The program goes on: it may use its sockets, wait, and end as it likes.
publisher?.send("closed");
publisher?.close();
await new Promise((resolve) => setTimeout(resolve, plan.afterMs ?? 50));
const done = await queue.count({ acknowledged: true });
const attempts = (await queue.getPending("ann")).map(({ attempts }) => attempts);
console.log(`done ${done}, waiting ${attempts.join()}`);
