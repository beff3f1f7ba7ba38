// The boss: it gives tasks to the agents named on the command line, urgent ones with a higher priority,
// broadcasts a message when all tasks are published, and waits for the results:
//   deno run --allow-net --allow-env examples/agents_on_redis/boss.ts ann bob

import { RedisMessageQueue } from "@ringbus/ringbus/redis";

/** The result of an agent. */
interface Result {
  task: string;
  sum: number;
}

const TASKS = 30;
const agents = Deno.args;

await using queue = new RedisMessageQueue({ redisUrl: Deno.env.get("REDIS_URL") });
await queue.initialize();

const expected = new Map<string, number>();
for (let i = 0; i < TASKS; i++) {
  const { id } = await queue.publish({
    channel: "tasks",
    payload: { numbers: [i, i + 1, i + 2] },
    sourceAgent: "boss",
    targetAgent: agents[i % agents.length],
    priority: i % 10 === 0 ? 10 : 0,
    ttlSeconds: 300,
  });
  expected.set(id, 3 * i + 3);
}
console.log(`published ${TASKS} tasks, ${await queue.count({ channel: "tasks" })} are stored`);

const answeredBy = new Set<string>();
for await (const result of queue.subscribe<Result>("results", "boss")) {
  const { task, sum } = result.payload;
  if (expected.get(task) !== sum) throw new Error(`${result.sourceAgent} sums up to ${sum}`);
  await queue.acknowledge(result);
  answeredBy.add(result.sourceAgent);
  expected.delete(task);
  if (expected.size === 0) break;
}
console.log(`all results are right, from ${[...answeredBy].sort().join(", ")}`);
