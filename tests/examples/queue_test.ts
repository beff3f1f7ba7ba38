// The example of agents on Redis, with its agents in processes of their own.

import assert from "node:assert/strict";
import { redisServer } from "../../testing/mod.ts";
import { until } from "../support/deadline.ts";
import { Program } from "../support/program.ts";

const AGENTS = ["agent_1", "agent_2", "agent_3"];

Deno.test("example agents_on_redis: all tasks are done, also those of an agent that starts late", async () => {
  await using server = await redisServer();
  const env = { REDIS_URL: server.url };
  const permissions = [`--allow-net=127.0.0.1:${server.port}`, "--allow-env=REDIS_URL"];
  const run = (file: string, ...args: string[]) =>
    new Program([...permissions, `examples/agents_on_redis/${file}`, ...args], env);
  await using stack = new AsyncDisposableStack();

  // The tasks of the third agent wait until it starts.
  const early = AGENTS.slice(0, 2).map((name) => stack.use(run("agent.ts", name)));
  await Promise.all(early.map((agent, i) => agent.prints(`${AGENTS[i]} is at work`)));
  const boss = stack.use(run("boss.ts", ...AGENTS));
  await boss.prints("published 30 tasks, 30 are stored");
  const late = stack.use(run("agent.ts", AGENTS[2]));
  assert.deepEqual(await boss.lines(), [
    "published 30 tasks, 30 are stored",
    "all results are right, from agent_1, agent_2, agent_3",
  ]);
  for (const agent of [...early, late]) agent.kill("SIGTERM");
  for (const [i, agent] of [...early, late].entries()) {
    assert.deepEqual(await agent.lines(), [
      `${AGENTS[i]} is at work`,
      `${AGENTS[i]} did 10 tasks`,
    ]);
  }
  await until(async () => {
    const clients = String(await server.command("CLIENT", "LIST")).trim().split("\n");
    return clients.length === 1;
  }, "the end of all connections");
});
