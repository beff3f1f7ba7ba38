// Message queues on the embedded server, whose commands fail as a test asks for.

import assert from "node:assert/strict";
import { QueueError, QueueOutOfMemoryError } from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import type { RedisFault } from "../../../../backends/tcp/mod.ts";
import { embeddedRedis } from "../../../../testing/mod.ts";
import { failingScripts, nameOfFault, TRANSIENT_FAULTS } from "../../../support/redis_faults.ts";
import { nextOf, payloads, task } from "../../../conformance/queue/stage.ts";
import { Load } from "./load.ts";

const DEADLINE_MS = 15_000;
const COMMAND_TIMEOUT_MS = 300;

/** A reply that comes too late. */
const LATE: RedisFault = { waitMs: 2 * COMMAND_TIMEOUT_MS };
const FAULTS: readonly RedisFault[] = [...TRANSIENT_FAULTS, LATE];

async function open(redisUrl: string, deadlineMs = DEADLINE_MS): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({
    redisUrl,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    deadlineMs,
    leaseSeconds: 3,
  });
  await queue.initialize({ timeoutMs: 30_000 });
  return queue;
}

for (const fault of FAULTS) {
  const name = nameOfFault(fault);
  Deno.test(`a call is carried out once when its script meets a fault: ${name}`, async () => {
    await using redis = await embeddedRedis();
    await using queue = await open(redis.url);
    await using witness = await open(redis.url);
    const failing = failingScripts(redis, fault);

    const record = await failing("publish", () => queue.publish(task(1)));
    assert.equal(await witness.count(), 1);
    assert.equal((await witness.getPending("worker")).length, 1);

    await failing("put", () => queue.put({ ...record, payload: "replaced" }));
    assert.equal(await witness.count(), 1);

    const delivery = await failing("claim", async () => {
      await using subscription = queue.subscribe("tasks", "worker");
      return await nextOf(subscription);
    });
    assert.deepEqual([delivery.payload, delivery.attempts], ["replaced", 1]);

    assert.equal(await failing("acknowledge", () => queue.acknowledge(delivery)), true);
    assert.equal(await witness.count({ acknowledged: true }), 1);
    assert.equal(await failing("delete", () => queue.delete(record.id)), true);
    assert.equal(await witness.count(), 0);

    for (let i = 0; i < 3; i++) await witness.publish(task(i));
    assert.equal(await failing("count", () => queue.count()), 3);
    assert.equal((await failing("list", () => queue.list())).length, 3);
    assert.equal(await failing("clear", () => queue.clear()), 3);
  });

  Deno.test(`every ninth script meets a fault, and no message is lost: ${name}`, async () => {
    await using redis = await embeddedRedis();
    await using queue = await open(redis.url);
    await using load = new Load(queue, ["ann", "bob"], DEADLINE_MS);
    // Each late reply is waited for.
    const options = { command: "EVALSHA", nth: 9, times: fault === LATE ? 8 : 20 };
    const injected = redis.faults.inject(fault, options);
    await load.flows();
    await load.verify();
    assert.ok(injected.happened > 0);
  });
}

Deno.test("a fault that stays is an error within the deadline", async () => {
  const cases: [RedisFault, RegExp, typeof QueueError][] = [
    ["OOM", /memory/, QueueOutOfMemoryError],
    ["READONLY", /READONLY/, QueueError],
    ["BUSY", /BUSY/, QueueError],
    ["LOADING", /LOADING/, QueueError],
    [{ error: "ERR no reason" }, /no reason/, QueueError],
    ["cut before", /connection|closed/, QueueError],
  ];
  await Promise.all(cases.map(async ([fault, message, type]) => {
    await using redis = await embeddedRedis();
    await using queue = await open(redis.url, 2000);
    const injected = redis.faults.inject(fault, { command: "EVALSHA", times: Infinity });
    await assert.rejects(queue.publish(task(1)), (error: Error) => {
      assert.ok(error instanceof type, `${error}`);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(redis.command("KEYS", "*:msg:*"), []);
    injected.remove();
    // The last attempt of the first call may be on its way still.
    await queue.publish(task(2));
    assert.ok(payloads(await queue.list()).includes(2));
  }));
});
