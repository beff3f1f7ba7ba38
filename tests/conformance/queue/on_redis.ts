import { RedisMessageQueue } from "../../../backends/queue/redis/mod.ts";
import type { QueueConfig } from "../../../mod.ts";
import { sleep } from "../../support/deadline.ts";
import { type Pass, WaitingTests } from "../../support/waiting_tests.ts";
import { queueConformance } from "./all.ts";
import type { QueueStage } from "./stage.ts";

/** Registers the contract of message queues on servers, whose time is real. */
export function queueConformanceOnRedis(name: string, config: () => QueueConfig): void {
  let tests = 0;

  /** Runs a test with a prefix of its own. */
  async function run(body: (stage: QueueStage) => Promise<void>, advance: Pass): Promise<void> {
    const prefix = `test-${tests++}`;
    await using queues = new AsyncDisposableStack();
    await body({
      async open({ redisPrefix = "tinyllm", ...others } = {}) {
        const ours = { ...config(), redisPrefix: `${prefix}-${redisPrefix}` };
        const queue = queues.use(new RedisMessageQueue({ ...ours, ...others }));
        await queue.initialize();
        return queue;
      },
      advance,
    });
  }

  const waiting = new WaitingTests();
  queueConformance(
    (behaviour, body) => Deno.test(`${name}: ${behaviour}`, () => run(body, sleep)),
    (behaviour, body) => waiting.add(behaviour, (pass) => run(body, pass)),
  );
  waiting.define(name);
}
