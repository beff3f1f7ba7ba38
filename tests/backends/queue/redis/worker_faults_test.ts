// Workers, their results and schedules while the server or the network fails.

import assert from "node:assert/strict";
import {
  type DeliveryRecord,
  QueueAuthenticationError,
  type QueueConfig,
  type QueueWorker,
} from "../../../../mod.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { redisServer } from "../../../../testing/mod.ts";
import { task } from "../../../conformance/queue/stage.ts";
import { sleep, until, within } from "../../../support/deadline.ts";
import { Program } from "../../../support/program.ts";
import { collectLog } from "../../../support/log_records.ts";
import { tcpProxy } from "../../../support/tcp_proxy.ts";
import { WaitingTests } from "../../../support/waiting_tests.ts";

const QUICK: QueueConfig = { commandTimeoutMs: 2000, deadlineMs: 5000, leaseSeconds: 1 };

/** Tests in which a server is away, or a lease ends. The longest one begins first. */
const waiting = new WaitingTests();

async function open(redisUrl: string, config: QueueConfig = {}): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl, ...QUICK, ...config });
  await queue.initialize({ timeoutMs: 30_000 });
  return queue;
}

/** Waits until a worker of a queue has no message left. */
async function untilIdle(queue: RedisMessageQueue, worker: QueueWorker): Promise<void> {
  const isIdle = async () => {
    return worker.running === 0 && (await queue.getPending("worker")).length === 0;
  };
  await until(isIdle, "the end of all messages");
}

waiting.add(
  "worker: what a handler has done while the server is away is stored later",
  async () => {
    await using server = await redisServer({ appendOnly: true });
    await using queue = await open(server.url, { leaseSeconds: 30 });
    const gate = Promise.withResolvers<void>();
    const runs: unknown[] = [];
    await using worker = queue.worker("tasks", "worker", async ({ payload, attempts }) => {
      runs.push([payload, attempts]);
      await gate.promise;
      if (payload === "fails" && attempts === 1) throw new Error("not yet");
    }, { concurrency: 2, backoff: { type: "fixed", seconds: 0 }, onError: () => {} });
    const result = queue.publishAndWait(task("works"), { timeoutMs: 60_000 });
    await queue.publish(task("fails"));
    await until(() => runs.length === 2, "the handlers");
    await server.kill();
    gate.resolve();
    await sleep(7000);
    await server.restart();
    assert.equal(await within(result, "the result"), null);
    await untilIdle(queue, worker);
    assert.equal(runs.length, 3);
    assert.deepEqual(runs[2], ["fails", 2]);
  },
);

waiting.add(
  "worker: a handler outlives a server that is away for longer than its lease",
  async () => {
    await using server = await redisServer({ appendOnly: true });
    await using queue = await open(server.url);
    const runs: number[] = [];
    const gate = Promise.withResolvers<void>();
    let wasAborted = false;
    await using worker = queue.worker("tasks", "worker", async ({ attempts }, { signal }) => {
      runs.push(attempts);
      await gate.promise;
      wasAborted = signal.aborted;
    });
    const { id } = await queue.publish(task("long"));
    await until(() => runs.length === 1, "the handler");
    await server.kill();
    await sleep(2500);
    await server.restart();
    await sleep(1500);
    gate.resolve();
    await untilIdle(queue, worker);
    assert.deepEqual(runs, [1]);
    assert.equal(wasAborted, false);
    assert.equal((await queue.get(id))?.acknowledged, true);
  },
);

waiting.add("worker: cut connections lose no message, and repeat none", async () => {
  await using server = await redisServer();
  await using proxy = await tcpProxy(server.port);
  // A connection lives 30 ms at most: a call may need many, and must not give up.
  const patient = { leaseSeconds: 30, deadlineMs: 60_000 };
  await using queue = await open(`redis://127.0.0.1:${proxy.port}`, patient);
  await using witness = await open(server.url);
  const seen = new Map<unknown, number>();
  const handler = async ({ payload }: DeliveryRecord) => {
    seen.set(payload, (seen.get(payload) ?? 0) + 1);
    await sleep(2);
  };
  await using worker = queue.worker("tasks", "worker", handler, { concurrency: 4 });
  let published = 0;
  let isCutting = true;
  const cutting = (async () => {
    for (let i = 0; i < 60; i++) {
      proxy.cutAfter(i * 41 % 300, i % 2 === 0 ? "to client" : "to server");
      await sleep(30);
    }
    isCutting = false;
  })();
  const publishing = (async () => {
    while (isCutting || published < 60) await queue.publish(task(published++));
  })();
  await within(Promise.all([cutting, publishing]), "all publishes");
  const isDone = async () => await witness.count({ acknowledged: true }) === published;
  await until(isDone, "all acknowledgements");
  await untilIdle(witness, worker);
  assert.equal(seen.size, published);
  assert.deepEqual([...seen.values()].filter((runs) => runs !== 1), []);
  assert.ok(proxy.cuts > 5);
});

Deno.test("worker: close() while the server is away takes its grace, and not longer", async () => {
  await using server = await redisServer();
  const queue = await open(server.url, { deadlineMs: 60_000 });
  let hasBegun = false;
  const worker = queue.worker("tasks", "worker", () => {
    hasBegun = true;
    return new Promise(() => {});
  }, { graceSeconds: 0.2 });
  await queue.publish(task("endless"));
  await until(() => hasBegun, "the handler");
  await server.kill();
  // Half of the deadline of a call.
  await within(worker.close().then(() => queue.close()), "the end of worker and queue", 30_000);
});

Deno.test("worker: it waits for a server, and only rights that are gone end it", async () => {
  await using server = await redisServer();
  await server.command("ACL", "SETUSER", "agent", "on", ">secret", "~*", "&*", "+@all");
  const queue = await open(`redis://agent:secret@127.0.0.1:${server.port}`, { leaseSeconds: 30 });
  const errors: unknown[] = [];
  const worker = queue.worker("tasks", "worker", () => {});
  worker.closed.catch((error) => errors.push(error));
  await worker.ready;
  await server.command("ACL", "DELUSER", "agent");
  await until(() => errors.length === 1, "the end of the worker");
  assert.ok(errors[0] instanceof QueueAuthenticationError);
  await worker.close();
  assert.equal(worker.running, 0);
  await within(queue.close(), "the end of the queue");
});

for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
  waiting.add(`worker: another process does the work of one that gets ${signal}`, async () => {
    await using server = await redisServer();
    await using queue = await open(server.url);
    const start = (handlerMs: number) =>
      new Program(["-A", "tests/support/programs/redis_worker.ts", server.url, `${handlerMs}`]);
    await using first = start(3_600_000);
    await first.prints("is ready");
    const { id } = await queue.publish(task("work"));
    await first.prints("begins work, attempt 1");
    // Its lease is extended for as long as it lives.
    const leaseEnd = async () => (await queue.getPending("worker"))[0].leasedUntil!;
    const firstEnd = await leaseEnd();
    await until(async () => await leaseEnd() > firstEnd, "a longer lease");
    first.kill(signal);
    await using second = start(0);
    await second.prints("begins work, attempt 2");
    await second.prints("ends work");
    await until(async () => (await queue.get(id))?.acknowledged === true, "the acknowledgement");
    if (signal === "SIGSTOP") {
      first.kill("SIGCONT");
      await first.prints(/aborted: (the lease of )?message/);
    }
    const { totals, dead } = await queue.stats("tasks");
    assert.deepEqual([totals.delivered, totals.acknowledged, dead], [2, 1, 0]);
  });
}

Deno.test("worker: a message that another program has overwritten becomes a dead letter", async () => {
  await using server = await redisServer();
  await using queue = await open(server.url);
  const { id } = await queue.publish(task("overwritten"));
  await queue.publish(task("next"));
  await server.command("HSET", `tinyllm:msg:${id}`, "payload", "{");
  const seen: unknown[] = [];
  const records = await collectLog(async () => {
    await using _worker = queue.worker("tasks", "worker", ({ payload }) => {
      seen.push(payload);
    });
    await until(async () => await queue.count({ acknowledged: true }) === 1, "the next message");
  });
  assert.deepEqual(seen, ["next"]);
  const errors = records.filter(({ level }) => level === "error");
  assert.deepEqual(errors.map(({ properties }) => properties.messageId), [id]);
  assert.equal((await queue.stats("tasks")).dead, 1);
});

waiting.add("schedule: a server that is away for a while misses no due time", async () => {
  await using server = await redisServer({ appendOnly: true });
  const everyMs = 300;
  await using first = await open(server.url);
  await using second = await open(server.url);
  for (const queue of [first, second]) {
    await queue.schedule("tick", { everySeconds: everyMs / 1000 }, task("tick"));
  }
  const count = (least: number) => async () => await first.count() >= least;
  await until(count(2), "the first messages");
  await server.kill();
  await sleep(4 * everyMs);
  await server.restart();
  await until(count(9), "the missed messages");
  const records = (await first.list()).reverse();
  const times = records.map(({ metadata }) =>
    Date.parse((metadata.schedule as { dueAt: string }).dueAt)
  );
  assert.deepEqual(times, times.map((_, i) => times[0] + i * everyMs));
});

waiting.define("workers whose server or process fails");
