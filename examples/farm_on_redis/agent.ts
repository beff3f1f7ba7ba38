// An agent of a farm that calls a model. Start several, each with a name. Kill them as you like, also with
// kill -9: another one does the work of an agent that is gone, when its lease is over. SIGTERM lets an agent
// finish what it does. The address of a Redis is in REDIS_URL, or it is on this machine:
//   deno run --allow-net --allow-env examples/farm_on_redis/agent.ts ann [milliseconds]

import { RedisMessageQueue, RejectMessage } from "@ringbus/ringbus/redis";
import { RefusedError, ScriptedModel } from "./model.ts";

const [name, thinkMs = "1000"] = Deno.args;
const model = new ScriptedModel(Number(thinkMs));

await using queue = new RedisMessageQueue({
  redisUrl: Deno.env.get("REDIS_URL"),
  // How long the work of an agent that is gone waits. A worker extends its leases while it works.
  leaseSeconds: 2,
});
await queue.initialize();

const worker = queue.worker<{ question: string }>(
  "questions",
  "models",
  async ({ payload, attempts }, { signal }) => {
    try {
      const answer = await model.ask(payload.question, signal);
      return { answer, agent: name, attempts };
    } catch (error) {
      // What is refused now is refused for ever. All else is tried again after a while.
      throw error instanceof RefusedError ? new RejectMessage(error.message) : error;
    }
  },
  {
    concurrency: 4,
    // For all agents together, as the provider of a model counts.
    limiter: { max: 600, seconds: 60 },
    backoff: { type: "exponential", seconds: 0.1, maxSeconds: 30, jitter: 0.5 },
    onError: (error, { attempts }) => console.log(`${name}: attempt ${attempts}: ${error}`),
  },
);
await worker.ready;
console.log(`${name} is at work`);
await worker.closed;
console.log(`${name} has closed`);
