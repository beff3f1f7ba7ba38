// Messages that their publisher leases to a consumer of the same process: no claim is needed.

import assert from "node:assert/strict";
import { resolveConfig } from "../../../../backends/queue/config.ts";
import { RedisMessageQueue } from "../../../../backends/queue/redis/mod.ts";
import { RedisStore } from "../../../../backends/queue/redis/store.ts";
import type { NewMessage, QueueDelivery } from "../../../../backends/queue/store.ts";
import {
  type EmbeddedRedis,
  embeddedRedis,
  type RedisServer,
  redisServer,
  SteppableClock,
} from "../../../../testing/mod.ts";
import { nextOf, task } from "../../../conformance/queue/stage.ts";
import { until, within } from "../../../support/deadline.ts";
import { Program } from "../../../support/program.ts";
import { nameOfFault, TRANSIENT_FAULTS } from "../../../support/redis_faults.ts";

/** No lease ends during a test by itself. */
const LONG_SECONDS = 600;
const LEASE_MS = LONG_SECONDS * 1000;

/** A plain message. */
const PLAIN: NewMessage = {
  channel: "tasks",
  source: "boss",
  target: "worker",
  payload: "1",
  metadata: "{}",
  priority: 0,
  ttlMs: null,
  dueMs: null,
  delayMs: null,
  deduplicationMs: 1000,
  deduplicationId: null,
  orderingKey: null,
  maxAttempts: null,
  leaseMs: null,
  backoff: null,
  resultMs: null,
};

/** A store, and a consumer of it that always waits. */
class Waiting implements AsyncDisposable {
  readonly store: RedisStore;
  /** How reservations have ended. */
  readonly settled: (QueueDelivery | undefined)[] = [];

  private constructor(store: RedisStore) {
    this.store = store;
  }

  static async open({ url }: EmbeddedRedis): Promise<Waiting> {
    const config = resolveConfig({
      redisUrl: url,
      leaseSeconds: LONG_SECONDS,
      commandTimeoutMs: 2000,
    });
    const waiting = new Waiting(new RedisStore(config));
    await waiting.store.open();
    await waiting.receiver.listen(() => false, () => (delivery) => {
      waiting.settled.push(delivery);
    });
    return waiting;
  }

  get receiver() {
    return this.store.receivers("tasks", "worker")[0];
  }

  /** What is handed over when a message is published. */
  async publish(message: Partial<NewMessage> = {}): Promise<QueueDelivery | undefined> {
    const before = this.settled.length;
    await this.store.publish({ ...PLAIN, ...message });
    return this.settled.slice(before).at(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }
}

Deno.test("a plain message is leased to a consumer that waits when it is published", async () => {
  await using redis = await embeddedRedis();
  await using waiting = await Waiting.open(redis);
  const { store } = waiting;
  const delivery = await waiting.publish({ payload: '"x"', priority: 3, ttlMs: 90_000 });
  assert.ok(delivery);
  const { payload, priority, attempts, leasedUntilMs, createdMs, id, leaseToken } = delivery;
  assert.deepEqual([payload, priority, attempts], ['"x"', 3, 1]);
  assert.equal(leasedUntilMs, createdMs + LEASE_MS);
  const { leased, waiting: ready, totals } = await store.stats("tasks");
  assert.deepEqual([leased, ready, totals.published, totals.delivered], [1, 0, 1, 1]);
  assert.deepEqual(await store.pending("worker", undefined, 9), [delivery]);
  const target = { id, agent: "worker", token: leaseToken! };
  assert.equal(await store.extend(target, 5000), "done");
  assert.equal(await store.acknowledge({ ...target, token: "another" }, undefined), "lost");
  assert.equal(await store.acknowledge(target, undefined), "acknowledged");
  assert.deepEqual(await store.pending("worker", undefined, 9), []);
});

Deno.test("a message is not handed over that others precede, or that is not plain", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  await using waiting = await Waiting.open(redis);
  const { store, receiver } = waiting;
  const particulars: Partial<NewMessage>[] = [
    { delayMs: 1000 },
    { orderingKey: "k" },
    { deduplicationId: "d" },
    { maxAttempts: 2 },
    { leaseMs: 500 },
    { resultMs: 500 },
    { target: null },
  ];
  for (const particular of particulars) {
    assert.equal(await waiting.publish(particular), undefined, JSON.stringify(particular));
    await store.clear();
  }
  await store.setPaused("tasks", true);
  assert.equal(await waiting.publish(), undefined);
  await store.setPaused("tasks", false);
  assert.equal(await waiting.publish({ priority: 9 }), undefined, "one is ready");
  const claim = () => receiver.claim(9, 0, { consumer: "c", rate: null });
  assert.equal((await claim()).deliveries.length, 2);
  assert.ok(await waiting.publish());
  clock.advance(LEASE_MS + 1);
  assert.equal(await waiting.publish(), undefined, "leases have ended");
  assert.equal((await claim()).deliveries.length, 4);
  const stop = await store.listenToEvents(() => {});
  assert.equal(await waiting.publish(), undefined, "somebody listens to events");
  stop();
});

Deno.test("a message that was handed over is delivered again after its lease", async () => {
  const clock = new SteppableClock();
  await using redis = await embeddedRedis({ clock });
  await using waiting = await Waiting.open(redis);
  const first = await waiting.publish();
  assert.ok(first);
  clock.advance(LEASE_MS + 1);
  const { deliveries: [second] } = await waiting.receiver.claim(1, 0, {
    consumer: "c",
    rate: null,
  });
  assert.deepEqual([second.id, second.attempts], [first.id, 2]);
  const { store } = waiting;
  const target = { id: first.id, agent: "worker", token: first.leaseToken! };
  assert.equal(await store.acknowledge(target, undefined), "lost");
});

Deno.test("a message whose publish met a fault is held by nobody", async () => {
  await Promise.all(TRANSIENT_FAULTS.map(async (fault) => {
    await using redis = await embeddedRedis();
    await using waiting = await Waiting.open(redis);
    const injected = redis.faults.inject(fault, { command: "EVALSHA" });
    const delivery = await waiting.publish();
    assert.equal(injected.happened, 1);
    const isLeased = delivery !== undefined;
    await until(async () => {
      const [{ leasedUntilMs, attempts }] = await waiting.store.pending("worker", undefined, 9);
      return isLeased === (leasedUntilMs !== null) && attempts === (isLeased ? 1 : 0);
    }, `the release of the message, ${nameOfFault(fault)}`);
  }));
});

Deno.test("a publish that fails holds no place", async () => {
  await using redis = await embeddedRedis();
  await using waiting = await Waiting.open(redis);
  const injected = redis.faults.inject({ error: "ERR no reason" }, { command: "EVALSHA" });
  await assert.rejects(waiting.publish(), /no reason/);
  assert.deepEqual(waiting.settled, [undefined]);
  injected.remove();
  assert.ok(await waiting.publish());
});

Deno.test("a subscription that ends gives back what is being handed over", async () => {
  await using redis = await embeddedRedis();
  await using queue = new RedisMessageQueue({ redisUrl: redis.url, leaseSeconds: LONG_SECONDS });
  await queue.initialize();
  const subscription = queue.subscribe("tasks", "worker");
  const warming = subscription.next();
  await queue.publish(task("warm"));
  const { value: warm } = await within(warming, "the first message");
  await queue.acknowledge(warm);
  const next = subscription.next();
  const injected = redis.faults.inject({ waitMs: 300 }, { command: "EVALSHA" });
  const publishing = queue.publish(task("late"));
  await until(() => injected.happened === 1, "the publish");
  await subscription.return();
  assert.equal((await within(next, "the end")).done, true);
  await publishing;
  await until(async () => {
    const [{ leasedUntil, attempts }] = await queue.getPending("worker");
    return leasedUntil === null && attempts === 0;
  }, "the release of the message");
});

/** A queue on a server, whose leases do not end during a test. */
async function openOn({ url }: RedisServer): Promise<RedisMessageQueue> {
  const queue = new RedisMessageQueue({ redisUrl: url, leaseSeconds: LONG_SECONDS });
  await queue.initialize();
  return queue;
}

Deno.test("publishing to a consumer that waits in a process, and faults of that", async (t) => {
  await using server = await redisServer();
  const scripts = async () => {
    const stats = String(await server.command("INFO", "commandstats"));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };

  await t.step("a message takes two scripts, and no notification", async () => {
    await using queue = await openOn(server);
    await using subscription = queue.subscribe("tasks", "worker");
    // A claim comes now and then.
    await until(async () => {
      const next = subscription.next();
      const before = await scripts();
      await queue.publish(task(1));
      const { value } = await next;
      await queue.acknowledge(value);
      return await scripts() - before === 2;
    }, "a message with two scripts");
  });

  await t.step("a worker gets each message once", async () => {
    await using queue = await openOn(server);
    const runs: unknown[] = [];
    await using worker = queue.worker("tasks", "worker", ({ payload }) => void runs.push(payload), {
      concurrency: 3,
    });
    await worker.ready;
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    for (const number of numbers) {
      await queue.publish(task(number));
      if (number % 2 === 0) await until(() => runs.length === number + 1, "the handler");
    }
    await until(() => runs.length === 50, "all handlers");
    assert.deepEqual(runs.toSorted((a, b) => Number(a) - Number(b)), numbers);
  });

  await t.step("a message arrives after the connection for notifications was cut", async () => {
    await using queue = await openOn(server);
    await using subscription = queue.subscribe("tasks", "worker");
    for (let i = 0; i < 5; i++) {
      const next = nextOf(subscription);
      await server.command("CLIENT", "KILL", "TYPE", "pubsub");
      await queue.publish(task(i));
      const record = await next;
      assert.deepEqual([record.payload, record.attempts], [i, 1]);
      await queue.acknowledge(record);
    }
  });

  await t.step("what a process holds that is stopped or killed goes to another one", async () => {
    await server.command("FLUSHALL");
    await using other = await openOn(server);
    const program = ["-A", "tests/support/programs/redis_self_publisher.ts", server.url];
    await using stopped = new Program(program);
    await stopped.prints("holds 20, attempt 1");
    stopped.kill("SIGSTOP");
    {
      await using subscription = other.subscribe("tasks", "worker");
      const record = await nextOf(subscription);
      assert.deepEqual([record.payload, record.attempts], [20, 2]);
      assert.equal(await other.acknowledge(record), true);
    }
    stopped.kill("SIGCONT");
    await stopped.prints("acknowledged: false");
    await using killed = new Program(program);
    await killed.prints("holds 20, attempt 1");
    killed.kill("SIGKILL");
    await using subscription = other.subscribe("tasks", "worker");
    const record = await nextOf(subscription);
    assert.deepEqual([record.payload, record.attempts], [20, 2]);
  });
});
