// The contract of message queues in memory, with a clock that the test advances.

import assert from "node:assert/strict";
import { InMemoryMessageQueue } from "../../../../mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import { SteppedClock, task } from "../../../conformance/queue/stage.ts";

queueConformance((name, body) =>
  Deno.test(`queue in memory: ${name}`, async () => {
    const clock = new SteppedClock();
    const first = new InMemoryMessageQueue({}, { clock });
    await using queues = new AsyncDisposableStack();
    await body({
      async open(config) {
        const queue = queues.use(new InMemoryMessageQueue(config, { shareWith: first }));
        await queue.initialize();
        return queue;
      },
      advance: (ms) => Promise.resolve(clock.advance(ms)),
    });
  })
);

Deno.test("queue in memory: a call before initialize is rejected", async () => {
  await using queue = new InMemoryMessageQueue();
  await assert.rejects(queue.publish(task(1)), {
    name: "QueueNotInitializedError",
    message: /call initialize\(\)/,
  });
});

Deno.test("queue in memory: queues share messages only with shareWith", async () => {
  await using one = new InMemoryMessageQueue();
  await using two = new InMemoryMessageQueue();
  await Promise.all([one.initialize(), two.initialize()]);
  await one.publish(task(1));
  assert.equal(await two.count(), 0);
});

for (
  const [config, message] of [
    [{ redisPrefix: "" }, /redisPrefix .*""/],
    [{ redisPrefix: "a{b}" }, /redisPrefix .*"a\{b\}"/],
    [{ redisPrefix: "a:b:0" }, /redisPrefix .*"a:b:0"/],
    [{ namespace: "a:b" }, /namespace .*"a:b"/],
    [{ maxItems: 0 }, /maxItems .*0/],
    [{ leaseSeconds: -1 }, /leaseSeconds .*-1/],
    [{ partitions: 1.5 }, /partitions .*1\.5/],
    [{ minReplicas: -1 }, /minReplicas .*-1/],
    [{ deadlineMs: Infinity }, /deadlineMs .*Infinity/],
  ] as const
) {
  Deno.test(`queue in memory: the configuration ${JSON.stringify(config)} is rejected`, () => {
    assert.throws(() => new InMemoryMessageQueue(config), { message });
  });
}
