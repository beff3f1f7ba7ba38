// The examples of farms of agents: everything but the store is killed.

import assert from "node:assert/strict";
import { ShmMessageQueue } from "../../mod.ts";
import { RedisMessageQueue } from "../../backends/queue/redis/mod.ts";
import { redisServer } from "../../testing/mod.ts";
import { sleep } from "../support/deadline.ts";
import { Program } from "../support/program.ts";
import { makeScratchDirectory } from "../support/scratch.ts";

/** How to start the programs of a farm. */
type Start = (file: string, ...args: string[]) => Program;

/** What the slow agent of a round has taken is not done when all are killed. */
const QUICK_MS = "300";
const SLOW_MS = "3600000";

/** Kills all programs of a farm twice, while it works. Returns the last line of the last boss. */
async function runFarm(start: Start): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const run = (file: string, ...args: string[]) => stack.use(start(file, ...args));
  for (const round of [1, 2]) {
    const agents = [
      run("agent.ts", `ann${round}`, QUICK_MS),
      run("agent.ts", `bob${round}`, SLOW_MS),
    ];
    await Promise.all(agents.map((agent) => agent.prints("is at work")));
    const boss = run("boss.ts");
    await boss.prints("asks 20 questions");
    await sleep(500);
    for (const program of [...agents, boss]) program.kill("SIGKILL");
    await Promise.all([...agents, boss].map((program) => program.ended()));
  }
  const boss = run("boss.ts");
  await boss.prints("asks 20 questions");
  const agents = ["ann3", "bob3"].map((name) => run("agent.ts", name, QUICK_MS));
  const lines = await boss.lines();
  assert.match(lines[1], /dead letter \(the question is empty\)/);
  // At SIGTERM they close, also if one of them has just begun.
  await Promise.all(agents.map((agent) => agent.prints("is at work")));
  for (const agent of agents) agent.kill("SIGTERM");
  for (const agent of agents) assert.match((await agent.lines()).at(-1)!, /has closed$/);
  return lines.at(-1)!;
}

Deno.test("example farm_on_redis: it survives kill -9 of everything but Redis", async () => {
  await using server = await redisServer();
  const env = { REDIS_URL: server.url };
  const permissions = [`--allow-net=127.0.0.1:${server.port}`, "--allow-env=REDIS_URL"];
  const last = await runFarm((file, ...args) => {
    return new Program([...permissions, `examples/farm_on_redis/${file}`, ...args], env);
  });
  assert.match(last, /^all answers are right, from .*(ann|bob)3/);
  await using queue = new RedisMessageQueue({ redisUrl: server.url });
  await queue.initialize();
  // Three bosses asked 21 questions each.
  assert.equal(await queue.count(), 21);
  assert.equal(await queue.count({ acknowledged: true }), 20);
});

Deno.test("example farm_without_server: it survives kill -9 of all processes", async () => {
  const dir = makeScratchDirectory();
  try {
    const last = await runFarm((file, ...args) => {
      const path = `examples/farm_without_server/${file}`;
      return new Program(["--allow-ffi", path, ...args], { RINGBUS_DIR: dir });
    });
    assert.match(last, /^all answers are right; at work were .*(ann|bob)3/);
    await using queue = new ShmMessageQueue({ name: "farm", dir, persist: false });
    await queue.initialize();
    assert.equal(await queue.count(), 21);
    assert.equal(await queue.count({ acknowledged: true }), 20);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
