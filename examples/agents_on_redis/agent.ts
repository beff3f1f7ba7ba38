// An agent. It handles its pending tasks, then new ones, and publishes a result for each.
// Start several, each with a name, with the address of a Redis in REDIS_URL, or none for one on this
// machine:
//   deno run --allow-net --allow-env examples/agents_on_redis/agent.ts ann

import { RedisMessageQueue } from "@ringbus/ringbus/redis";

/** Numbers to add up. */
interface Task {
  numbers: number[];
}

const [agentId] = Deno.args;
const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());

await using queue = new RedisMessageQueue({ redisUrl: Deno.env.get("REDIS_URL") });
await queue.initialize();

const tasks = queue.subscribe<Task>("tasks", agentId, { signal: stop.signal });
await tasks.ready;
console.log(`${agentId} is at work`);

let done = 0;
for await (const task of tasks) {
  const sum = task.payload.numbers.reduce((a, b) => a + b, 0);
  await queue.publish({
    channel: "results",
    payload: { task: task.id, sum },
    sourceAgent: agentId,
    targetAgent: task.sourceAgent,
    ttlSeconds: 300,
  });
  // Only now: if the agent dies before, the next agent with its name gets the task.
  await queue.acknowledge(task);
  done++;
}
console.log(`${agentId} did ${done} tasks`);
