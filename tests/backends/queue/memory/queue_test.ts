// The contract of message queues in memory, with a clock that the test advances.

import assert from "node:assert/strict";
import { InMemoryMessageQueue } from "../../../../mod.ts";
import { queueConformance } from "../../../conformance/queue/all.ts";
import { collectLog } from "../../../support/log_records.ts";
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

Deno.test("queue in memory: invalid options of a message are rejected", async () => {
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  for (
    const [options, message] of [
      [{ deliverAt: new Date(NaN) }, /deliverAt must be a valid Date/],
      [{ deliverAt: 5 }, /deliverAt must be a valid Date, not 5/],
      [{ delaySeconds: -1 }, /delaySeconds must be a number of seconds, at least 0, not -1/],
      [{ delaySeconds: Infinity }, /delaySeconds .*Infinity/],
      [{ delaySeconds: 1, deliverAt: new Date() }, /takes deliverAt or delaySeconds, not both/],
      [{ maxAttempts: 0 }, /maxAttempts .*0/],
      [{ leaseSeconds: 0 }, /leaseSeconds .*0/],
      [{ orderingKey: "" }, /orderingKey .*""/],
      [{ deduplicationId: 7 }, /deduplicationId .*7/],
      [{ deduplicationSeconds: 0 }, /deduplicationSeconds .*0/],
      [{ resultSeconds: "1" }, /resultSeconds .*"1"/],
      [{ backoff: { type: "linear", seconds: 1 } }, /type must be "fixed" or "exponential"/],
      [{ backoff: { type: "fixed" } }, /seconds of backoff must be a number of seconds/],
      [{ backoff: { type: "fixed", seconds: 1, jitter: 2 } }, /jitter must be .* 0 to 1, not 2/],
      [{ delay: 1 }, /publish\(\) has no option "delay" .*; did you mean delaySeconds/],
    ] as const
  ) {
    await assert.rejects(queue.publish(task(1, options)), { message });
  }
  assert.equal(await queue.count(), 0);
});

Deno.test("queue in memory: invalid arguments of calls about leases and channels are rejected", async () => {
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  const { id } = await queue.publish(task(1));
  const anyhow = queue as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (
    const [method, args, message] of [
      ["extend", [id, { seconds: 0 }], /seconds must be .*0/],
      ["extend", [id, 5], /extend\(\) takes its options as an object/],
      ["release", [id, { delaySeconds: -1 }], /delaySeconds .*-1/],
      ["release", [id, { reason: 5 }], /reason must be a string, not 5/],
      ["reject", [id], /reason must be a string, not undefined/],
      ["reject", [id, "no", {}, 1], /reject\(\) does not take the further argument 1/],
      ["acknowledge", [{ id, agentId: "worker", leaseToken: 5 }], /leaseToken .*5/],
      ["acknowledge", [undefined], /id must be .*undefined/],
      ["purge", ["tasks", { states: ["leased"] }], /a state of states must be one of .*"leased"/],
      ["purge", ["tasks", { states: "dead" }], /states must be an array of states, not "dead"/],
      ["pause", [""], /channel .*""/],
      ["stats", [], /channel .*undefined/],
      ["getDelayed", [{ limit: -1 }], /limit .*-1/],
    ] as const
  ) {
    await assert.rejects(async () => await anyhow[method](...args), { message }, method);
  }
  assert.throws(() => queue.events({ channel: "" }), { message: /channel .*""/ });
  assert.throws(() => queue.subscribe("c", "a", { limiter: { max: 0, seconds: 1 } }), {
    message: /max must be .*0/,
  });
  assert.throws(() => queue.subscribe("c", "a", { limiter: { max: 1 } as never }), {
    message: /seconds of limiter/,
  });
});

Deno.test("queue in memory: a reader of events that is slow loses the oldest", async () => {
  await using queue = new InMemoryMessageQueue();
  await queue.initialize();
  await using events = queue.events();
  await events.ready;
  const COUNT = 10_050;
  const ids: string[] = [];
  for (let i = 0; i < COUNT; i++) ids.push((await queue.publish(task(i))).id);
  const records = await collectLog(async () => {
    assert.equal((await events.next()).value.id, ids[50]);
    await queue.publish(task("more"));
    await queue.publish(task("still more"));
  });
  assert.deepEqual(records.filter(({ rawMessage }) => rawMessage === "events_dropped"), []);
  assert.equal((await events.next()).value.id, ids[52]);
});
