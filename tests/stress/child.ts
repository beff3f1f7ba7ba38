/**
 * One process of the stress test: `deno run --allow-ffi tests/stress/child.ts '<task as JSON>'`.
 * process_pool.ts starts it, and mostly kills it.
 *
 * @module
 */

import { acknowledge } from "./acknowledging.ts";
import { runReplier } from "./replying.ts";
import { runRequester } from "./requesting.ts";
import { watchFailpoints } from "./failpoints/watch.ts";
import { Journal } from "./journal.ts";
import { receive } from "./receiving.ts";
import { send } from "./sending.ts";
import { type Part, ProcessContext, type Task } from "./task.ts";

const PARTS: Record<Part, (context: ProcessContext) => Promise<void>> = {
  publisher: send,
  subscriber: receive,
  latecomer: receive,
  announcer: send,
  chooser: receive,
  pusher: send,
  puller: receive,
  acknowledger: acknowledge,
  requester: runRequester,
  replier: runReplier,
};

const task: Task = JSON.parse(Deno.args[0]);
using journal = Journal.open(task.journal);
if (task.failpointRing !== undefined) watchFailpoints(task.failpointRing, journal);
await PARTS[task.part](new ProcessContext(task, journal));
