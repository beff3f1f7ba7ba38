// BullMQ, with its own scripts, on the embedded server and on a real one.

import assert from "node:assert/strict";
// BullMQ loads it as a peer.
import "ioredis";
import {
  DelayedError,
  FlowProducer,
  type Job,
  type Processor,
  Queue,
  QueueEvents,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { embeddedRedis, redisServer } from "../../../../testing/mod.ts";
import { until, within } from "../../../support/deadline.ts";

const SERVERS = {
  "embedded redis": embeddedRedis,
  "redis-server": () => redisServer(),
};

/** Parts of BullMQ, which are closed after the test. */
class Bull implements AsyncDisposable {
  readonly connection: { url: string; maxRetriesPerRequest: null };
  readonly #parts: { close(): Promise<unknown> }[] = [];
  readonly queue: Queue;

  constructor(url: string) {
    this.connection = { url, maxRetriesPerRequest: null };
    this.queue = this.#keep(new Queue("jobs", { connection: this.connection }));
  }

  #keep<T extends { close(): Promise<unknown> }>(part: T): T {
    this.#parts.unshift(part);
    return part;
  }

  async events(): Promise<QueueEvents> {
    const options = { connection: this.connection, lastEventId: "0" };
    const events = this.#keep(new QueueEvents("jobs", options));
    await events.waitUntilReady();
    return events;
  }

  worker(process: Processor, options: Partial<WorkerOptions> = {}, name = "jobs"): Worker {
    const worker = this.#keep(
      new Worker(name, process, { connection: this.connection, ...options }),
    );
    worker.on("error", () => {});
    return worker;
  }

  flows(): FlowProducer {
    return this.#keep(new FlowProducer({ connection: this.connection }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts) await part.close();
  }
}

/** Defines a test on both servers. */
function test(name: string, body: (bull: Bull) => Promise<void>): void {
  for (const [server, start] of Object.entries(SERVERS)) {
    Deno.test(`BullMQ on ${server}: ${name}`, async () => {
      await using redis = await start();
      await using bull = new Bull(redis.url);
      await body(bull);
    });
  }
}

const finished = (job: Job, events: QueueEvents) =>
  within(job.waitUntilFinished(events), "the end of a job");

/** A processor that keeps the names of its jobs. */
function recorder(names: string[]): Processor {
  return (job) => {
    names.push(job.name);
    return Promise.resolve(job.name);
  };
}

test("a job is added, processed, and returns its result", async (bull) => {
  const events = await bull.events();
  bull.worker(async (job) => {
    await job.updateProgress(50);
    await job.log("half");
    return { twice: job.data.number * 2, text: "é€😀" };
  });
  const job = await bull.queue.add("double", { number: 21 });
  assert.deepEqual(await finished(job, events), { twice: 42, text: "é€😀" });
  const stored = await bull.queue.getJob(job.id!);
  assert.deepEqual([stored?.progress, stored?.attemptsMade], [50, 1]);
  assert.deepEqual((await bull.queue.getJobLogs(job.id!)).logs, ["half"]);
  assert.equal(await job.getState(), "completed");
});

test("events tell of the life of a job", async (bull) => {
  const events = await bull.events();
  const heard: string[] = [];
  for (const name of ["added", "active", "progress", "completed"] as const) {
    events.on(name, ({ jobId }: { jobId: string }) => heard.push(`${name} ${jobId}`));
  }
  bull.worker((job) => job.updateProgress(1));
  await finished(await bull.queue.add("job", {}, { jobId: "own-id" }), events);
  await until(() => heard.includes("completed own-id"), "the last event");
  assert.deepEqual(heard, ["added", "active", "progress", "completed"].map((e) => `${e} own-id`));
});

test("a delayed job waits, and can be promoted and deferred", async (bull) => {
  const events = await bull.events();
  const names: string[] = [];
  const later = await bull.queue.add("later", {}, { delay: 150 });
  const promoted = await bull.queue.add("promoted", {}, { delay: 1e8 });
  assert.equal(await later.getState(), "delayed");
  bull.worker(async (job, token) => {
    names.push(job.name);
    if (job.name === "promoted" && job.attemptsStarted === 1) {
      await job.moveToDelayed(Date.now() + 20, token);
      throw new DelayedError();
    }
  });
  await finished(later, events);
  assert.deepEqual(names, ["later"]);
  await promoted.promote();
  await finished(promoted, events);
  assert.deepEqual(names, ["later", "promoted", "promoted"]);
});

test("a job that fails is attempted again after a backoff, and then failed", async (bull) => {
  const events = await bull.events();
  const attempts: number[] = [];
  bull.worker((job) => {
    attempts.push(job.attemptsMade);
    return job.attemptsMade < 2 && job.name === "recovers"
      ? Promise.reject(new Error("not yet"))
      : job.name === "hopeless"
      ? Promise.reject(new Error("never"))
      : Promise.resolve("done");
  });
  const backoff = { type: "exponential", delay: 10 };
  const recovers = await bull.queue.add("recovers", {}, { attempts: 3, backoff });
  assert.equal(await finished(recovers, events), "done");
  assert.deepEqual(attempts, [0, 1, 2]);
  const hopeless = await bull.queue.add("hopeless", {}, { attempts: 2, backoff });
  await assert.rejects(finished(hopeless, events), /never/);
  const [failed] = await bull.queue.getFailed();
  assert.deepEqual([failed.failedReason, failed.attemptsMade], ["never", 2]);
  await failed.retry();
  await until(async () => (await bull.queue.getFailed()).length === 1, "the second failure");
});

test("jobs come by their priority, in order or last first", async (bull) => {
  await bull.queue.addBulk([
    { name: "low", data: {}, opts: { priority: 10 } },
    { name: "high", data: {}, opts: { priority: 1 } },
    { name: "plain", data: {} },
    { name: "second", data: {} },
    { name: "urgent", data: {}, opts: { lifo: true } },
  ]);
  assert.deepEqual(await bull.queue.getJobCounts("waiting", "prioritized"), {
    waiting: 3,
    prioritized: 2,
  });
  const names: string[] = [];
  bull.worker(recorder(names));
  await until(() => names.length === 5, "all jobs");
  assert.deepEqual(names, ["urgent", "plain", "second", "high", "low"]);
});

test("a scheduler makes a job again and again", async (bull) => {
  const names: string[] = [];
  bull.worker(recorder(names));
  await bull.queue.upsertJobScheduler("tick", { every: 30, limit: 3 }, { name: "tick" });
  const schedulers = await bull.queue.getJobSchedulers();
  assert.deepEqual(schedulers.map(({ key, every }) => [key, Number(every)]), [["tick", 30]]);
  await until(() => names.length >= 3, "three ticks");
  await bull.queue.removeJobScheduler("tick");
  await bull.queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *" }, { name: "night" });
  const [night] = await bull.queue.getDelayed();
  assert.equal(night.name, "night");
  assert.equal(await bull.queue.removeJobScheduler("nightly"), true);
});

test("a parent waits for its children, and has their values", async (bull) => {
  const events = await bull.events();
  const flow = await bull.flows().add({
    name: "parent",
    queueName: "jobs",
    children: [
      { name: "one", queueName: "parts", data: { value: 1 } },
      {
        name: "two",
        queueName: "parts",
        data: { value: 2 },
        children: [{ name: "deep", queueName: "parts", data: { value: 3 } }],
      },
    ],
  });
  assert.equal(await flow.job.getState(), "waiting-children");
  bull.worker((job) => Promise.resolve(job.data.value), {}, "parts");
  bull.worker(async (job) => Object.values(await job.getChildrenValues()));
  const values = await finished(flow.job, events) as number[];
  assert.deepEqual(values.toSorted(), [1, 2]);
  assert.deepEqual((await flow.job.getDependencies()).unprocessed, []);
});

test("a job whose worker is gone is stalled, and comes to another", async (bull) => {
  const stalled = Promise.withResolvers<string>();
  const never = Promise.withResolvers<void>();
  const options = { lockDuration: 100, stalledInterval: 50, skipLockRenewal: true };
  const gone = bull.worker(() => never.promise, { ...options, skipStalledCheck: true });
  const job = await bull.queue.add("job", {});
  await until(async () => await job.getState() === "active", "the first worker");
  const other = bull.worker(() => Promise.resolve("done"), options);
  other.on("stalled", (id) => stalled.resolve(id));
  assert.equal(await within(stalled.promise, "the stalled job"), job.id);
  await until(async () => await job.getState() === "completed", "the second worker");
  never.resolve();
  await gone.close(true);
});

test("a queue is paused, resumed, drained, cleaned and obliterated", async (bull) => {
  const names: string[] = [];
  bull.worker(recorder(names));
  await bull.queue.pause();
  await bull.queue.addBulk([1, 2, 3].map((n) => ({ name: `job${n}`, data: n })));
  assert.equal(await bull.queue.isPaused(), true);
  await bull.queue.drain();
  assert.equal(await bull.queue.count(), 0);
  await bull.queue.resume();
  await bull.queue.add("after", {});
  await until(async () => await bull.queue.getCompletedCount() === 1, "the job after the pause");
  assert.deepEqual(names, ["after"]);
  assert.equal((await bull.queue.clean(0, 10, "completed")).length, 1);
  await bull.queue.obliterate({ force: true });
  assert.deepEqual(await bull.queue.getJobs(), []);
});

test("a limit of the rate, duplicates and removed jobs", async (bull) => {
  const times: number[] = [];
  bull.worker(() => Promise.resolve(void times.push(performance.now())), {
    limiter: { max: 1, duration: 60 },
  });
  const first = await bull.queue.add("a", {}, { deduplication: { id: "same" }, delay: 60_000 });
  const again = await bull.queue.add("a", {}, { deduplication: { id: "same" }, delay: 60_000 });
  assert.equal(again.id, first.id);
  await first.remove();
  assert.equal(await bull.queue.getJob(first.id!), undefined);
  await bull.queue.addBulk([1, 2, 3].map((n) => ({ name: "b", data: n })));
  await until(() => times.length === 3, "three jobs");
  assert.ok(times[2] - times[0] >= 100, `${times}`);
});

test("many jobs at the same time are each processed once", async (bull) => {
  const seen: number[] = [];
  bull.worker((job) => Promise.resolve(void seen.push(job.data)), { concurrency: 20 });
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  await bull.queue.addBulk(numbers.map((data) => ({
    name: "n",
    data,
    opts: { removeOnComplete: true },
  })));
  await until(() => seen.length === numbers.length, "all jobs");
  assert.deepEqual(seen.toSorted((a, b) => a - b), numbers);
  await until(async () => await bull.queue.getActiveCount() === 0, "the end of all jobs");
  assert.equal(await bull.queue.getCompletedCount(), 0);
});
