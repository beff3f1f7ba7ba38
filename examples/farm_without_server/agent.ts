// An agent of a farm that needs no server: the queue lies in shared memory. Start several, each with a name. Kill
// all of them, and the boss, as you like, also with kill -9: what is stored stays, and another agent does the
// work. SIGTERM lets an agent finish what it does:
//   deno run --allow-ffi examples/farm_without_server/agent.ts ann [milliseconds]

import { RejectMessage, ShmMessageQueue } from "@ringbus/ringbus";
import { RefusedError, ScriptedModel } from "../farm_on_redis/model.ts";

const [name, thinkMs = "1000"] = Deno.args;
const model = new ScriptedModel(Number(thinkMs));

await using queue = new ShmMessageQueue({ name: "farm", leaseSeconds: 2 });
await queue.initialize();

const worker = queue.worker<{ question: string }>(
  "questions",
  "models",
  async ({ payload, attempts }, { signal, progress }) => {
    await progress({ agent: name, attempts });
    try {
      return { answer: await model.ask(payload.question, signal), agent: name };
    } catch (error) {
      throw error instanceof RefusedError ? new RejectMessage(error.message) : error;
    }
  },
  {
    concurrency: 4,
    backoff: { type: "exponential", seconds: 0.1, maxSeconds: 30, jitter: 0.5 },
    onError: (error, { attempts }) => console.log(`${name}: attempt ${attempts}: ${error}`),
  },
);
await worker.ready;
console.log(`${name} is at work`);
await worker.closed;
console.log(`${name} has closed`);
