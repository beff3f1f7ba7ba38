import assert from "node:assert/strict";
import {
  type DeliveryRecord,
  type JobContext,
  type MessageQueue,
  RejectMessage,
  type WorkerOptions,
} from "../../../mod.ts";
import { sleep, until, within } from "../../support/deadline.ts";
import {
  LEASE_SECONDS,
  payloads,
  type QueueStage,
  SOON_SECONDS,
  task,
  type TestOn,
} from "./stage.ts";

/** A handler whose runs the test ends. */
class Runs {
  readonly records: DeliveryRecord[] = [];
  readonly contexts: JobContext[] = [];
  readonly #ends: PromiseWithResolvers<unknown>[] = [];

  readonly handler = (record: DeliveryRecord, context: JobContext): Promise<unknown> => {
    this.records.push(record);
    this.contexts.push(context);
    const end = Promise.withResolvers<unknown>();
    this.#ends.push(end);
    return end.promise;
  };

  /** Lets a run return. */
  return(index: number, value?: unknown): void {
    this.#ends[index].resolve(value);
  }

  /** Lets a run throw. */
  throw(index: number, error: unknown): void {
    this.#ends[index].reject(error);
  }

  /** Waits until that many runs have begun. */
  async begun(count: number): Promise<void> {
    await until(() => this.records.length >= count, `run ${count} of a handler`);
  }
}

/** What ends a worker at once when a test fails: no time passes by itself. */
const AT_ONCE: WorkerOptions = { graceSeconds: 0 };

/** Lets time pass in small steps, so that what is done in between can be done. */
async function pass(stage: QueueStage, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 100) {
    await stage.advance(100);
    await sleep(2);
  }
}

/** Lets time pass until a condition holds. */
async function passUntil(
  stage: QueueStage,
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let steps = 0; !(await condition()); steps++) {
    if (steps > 200) throw new Error(`${what} did not happen within ${steps} steps`);
    await pass(stage, 100);
  }
}

async function acknowledged(queue: MessageQueue, count: number): Promise<void> {
  const isDone = async () => await queue.count({ acknowledged: true }) === count;
  await until(isDone, `${count} acknowledgements`);
}

/** Handlers, their leases, and what becomes of what they throw. */
export function workerTests(test: TestOn, waiting: TestOn): void {
  runTests(test);
  failureTests(test, waiting);
  leaseTests(waiting);
  closeTests(test, waiting);
  limitTests(test, waiting);
}

function runTests(test: TestOn): void {
  test("a worker handles messages one after the other, and acknowledges them", async (stage) => {
    const queue = await stage.open();
    for (const payload of ["low", "next"]) await queue.publish(task(payload));
    await queue.publish(task("high", { priority: 1 }));
    const seen: unknown[] = [];
    await using worker = queue.worker("tasks", "worker", ({ payload, attempts, agentId }) => {
      seen.push([payload, attempts, agentId, worker.running]);
    });
    await acknowledged(queue, 3);
    assert.deepEqual(seen, ["high", "low", "next"].map((payload) => [payload, 1, "worker", 1]));
    assert.equal(worker.running, 0);
    await queue.publish(task("later"));
    await acknowledged(queue, 4);
    assert.deepEqual(seen.at(-1), ["later", 1, "worker", 1]);
  });

  test("a worker claims only as many messages as its handlers can take", async (stage) => {
    const queue = await stage.open({ partitions: 4 });
    const runs = new Runs();
    await using worker = queue.worker("tasks", "worker", runs.handler, {
      ...AT_ONCE,
      concurrency: 3,
    });
    await worker.ready;
    for (let i = 0; i < 4; i++) {
      await queue.publish(task(`targeted ${i}`));
      await queue.publish(task(`broadcast ${i}`, { targetAgent: null }));
    }
    await runs.begun(3);
    const isLeased = ({ leasedUntil }: DeliveryRecord) => leasedUntil !== null;
    const pending = await queue.getPending("worker");
    assert.equal(pending.filter(isLeased).length, 3);
    assert.equal(worker.running, 3);
    for (let i = 0; i < 8; i++) {
      await runs.begun(Math.min(8, 3 + i));
      assert.ok(worker.running <= 3);
      runs.return(i);
    }
    const isEmpty = async () => (await queue.getPending("worker")).length === 0;
    await until(isEmpty, "the end of all messages");
    assert.equal(new Set(payloads(runs.records)).size, 8);
  });

  test("workers of one agent share its messages", async (stage) => {
    const queues = await Promise.all([stage.open(), stage.open()]);
    const runs = [new Runs(), new Runs()];
    await using _first = queues[0].worker("tasks", "worker", runs[0].handler, AT_ONCE);
    await using _second = queues[1].worker("tasks", "worker", runs[1].handler, AT_ONCE);
    await queues[0].publish(task(1));
    await queues[0].publish(task(2));
    await Promise.all(runs.map((each) => each.begun(1)));
    for (const each of runs) each.return(0);
    await acknowledged(queues[0], 2);
    assert.deepEqual(payloads(runs.flatMap(({ records }) => records)).sort(), [1, 2]);
  });

  test("a broadcast of the same queue object waits for its workers", async (stage) => {
    const queue = await stage.open();
    const runs = new Runs();
    await using _worker = queue.worker("tasks", "worker", runs.handler, AT_ONCE);
    await queue.publish(task("to all", { targetAgent: null }));
    await runs.begun(1);
    assert.equal(runs.records[0].payload, "to all");
    runs.return(0);
  });

  test("a handler may settle its message itself", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("own"));
    await using _worker = queue.worker("tasks", "worker", async (record) => {
      assert.equal(await queue.acknowledge(record), true);
    });
    await acknowledged(queue, 1);
    assert.equal((await queue.get(id))?.acknowledged, true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
  });

  test("the options of a worker are checked", async (stage) => {
    const queue = await stage.open();
    const start = (options: Record<string, unknown>) => () =>
      queue.worker("tasks", "worker", () => {}, options as WorkerOptions);
    assert.throws(start({ concurrency: 0 }), { name: "RangeError", message: /concurrency.* 0/ });
    assert.throws(start({ prefetch: 2 }), { name: "TypeError", message: /no option "prefetch"/ });
    assert.throws(start({ limiter: { max: 1 } }), { message: /seconds of limiter/ });
    assert.throws(start({ limiter: { max: 0, seconds: 1 } }), { message: /max.* 0/ });
    assert.throws(start({ backoff: { type: "linear", seconds: 1 } }), { message: /"linear"/ });
    assert.throws(start({ backoff: { type: "fixed" } }), { message: /seconds of backoff/ });
    assert.throws(start({ graceSeconds: -1 }), { name: "RangeError", message: /graceSeconds.*-1/ });
    assert.throws(start({ signal: 1 }), { name: "TypeError", message: /signal/ });
    assert.throws(start({ onError: 1 }), { name: "TypeError", message: /onError/ });
    const wrong = queue.worker.bind(queue) as unknown as (...args: unknown[]) => void;
    assert.throws(() => wrong("", "worker", () => {}), { message: /channel/ });
    assert.throws(() => wrong("tasks", "worker"), { name: "TypeError", message: /handler/ });
  });
}

function failureTests(test: TestOn, waiting: TestOn): void {
  waiting("a message whose handler throws is tried again after a delay", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("hard"));
    const seen: [number, string][] = [];
    await using _worker = queue.worker("tasks", "worker", ({ attempts, payload }) => {
      seen.push([attempts, String(payload)]);
      if (attempts === 1) throw new Error("not yet");
    }, { backoff: { type: "fixed", seconds: SOON_SECONDS }, onError: () => {} });
    const isReleased = async () => (await queue.getPending("worker"))[0]?.deliverAt !== undefined;
    await until(isReleased, "the release");
    const [waitingRecord] = await queue.getPending("worker");
    assert.equal(waitingRecord.id, id);
    assert.equal(waitingRecord.leasedUntil, null);
    assert.deepEqual(seen, [[1, "hard"]]);
    await passUntil(stage, () => seen.length === 2, "the second attempt");
    await acknowledged(queue, 1);
    assert.deepEqual(seen, [[1, "hard"], [2, "hard"]]);
  });

  waiting("the backoff of a message goes before that of its worker", async (stage) => {
    const queue = await stage.open();
    const backoff = { type: "fixed", seconds: SOON_SECONDS };
    await queue.publish(task("own", { backoff }));
    await queue.publish(task("other"));
    const seen: unknown[] = [];
    await using _worker = queue.worker("tasks", "worker", ({ payload }) => {
      seen.push(payload);
      throw new Error("never");
    }, { backoff: { type: "exponential", seconds: 3600 }, onError: () => {} });
    await passUntil(stage, () => seen.length >= 4, "more attempts");
    assert.deepEqual(seen.slice(0, 4), ["own", "other", "own", "own"]);
  });

  waiting("a function decides how long a message waits", async (stage) => {
    const queue = await stage.open({ maxAttempts: 3 });
    await queue.publish(task("hard"));
    const asked: [number, unknown][] = [];
    const error = new Error("broken");
    await using _worker = queue.worker("tasks", "worker", () => Promise.reject(error), {
      backoff: (attempts, thrown) => {
        asked.push([attempts, thrown]);
        return attempts === 1 ? 0 : 0.2;
      },
      onError: () => {},
    });
    const isDead = async () => (await queue.getDeadLetters("worker")).length === 1;
    await passUntil(stage, isDead, "the dead letter");
    assert.deepEqual(asked, [[1, error], [2, error], [3, error]]);
  });

  test("after its last attempt a message is a dead letter with the error", async (stage) => {
    const queue = await stage.open({ maxAttempts: 5 });
    const { id } = await queue.publish(task("hard", { maxAttempts: 2 }));
    const reported: [unknown, unknown, number][] = [];
    await using _worker = queue.worker("tasks", "worker", () => {
      throw new TypeError("no model answers");
    }, {
      backoff: { type: "fixed", seconds: 0 },
      onError: (error, record) => reported.push([error, record.id, record.attempts]),
    });
    const isDead = async () => (await queue.getDeadLetters("worker")).length === 1;
    await until(isDead, "the dead letter");
    const [dead] = await queue.getDeadLetters("worker");
    assert.equal(dead.id, id);
    assert.equal(dead.attempts, 2);
    assert.match(dead.reason, /no model answers/);
    assert.match(String(dead.error), /^TypeError: no model answers/);
    assert.deepEqual(reported.map(([, ...others]) => others), [[id, 1], [id, 2]]);
    assert.ok(reported.every(([error]) => error instanceof TypeError));
  });

  test("a handler that throws RejectMessage makes a dead letter at once", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("poison"));
    let runs = 0;
    await using _worker = queue.worker("tasks", "worker", () => {
      runs++;
      throw new RejectMessage("the task has no text");
    }, { onError: () => {} });
    const isDead = async () => (await queue.getDeadLetters("worker")).length === 1;
    await until(isDead, "the dead letter");
    const [dead] = await queue.getDeadLetters("worker");
    assert.equal(dead.reason, "the task has no text");
    assert.equal(dead.attempts, 1);
    assert.equal(runs, 1);
  });

  test("whatever a handler and its callbacks throw, the worker goes on", async (stage) => {
    const queue = await stage.open({ maxAttempts: 1 });
    const thrown = [undefined, null, "text", { toString: null }, new Proxy({}, {}), 0n];
    for (let i = 0; i < thrown.length; i++) await queue.publish(task(i));
    await queue.publish(task("good"));
    let hasHandled = false;
    await using _worker = queue.worker("tasks", "worker", ({ payload }) => {
      if (typeof payload === "number") throw thrown[payload];
      hasHandled = true;
    }, {
      onError: () => {
        throw new Error("from onError");
      },
      backoff: () => {
        throw new Error("from backoff");
      },
    });
    await until(() => hasHandled, "the last message");
    await acknowledged(queue, 1);
    assert.equal((await queue.getDeadLetters("worker")).length, thrown.length);
  });
}

/** Long enough to be extended in time on a busy machine. */
const KEPT_SECONDS = 3;

function leaseTests(waiting: TestOn): void {
  waiting("a worker keeps the lease of a message while its handler runs", async (stage) => {
    const queue = await stage.open({ leaseSeconds: KEPT_SECONDS });
    const { id } = await queue.publish(task("long"));
    const [runs, others] = [new Runs(), new Runs()];
    await using _worker = queue.worker("tasks", "worker", runs.handler, AT_ONCE);
    await runs.begun(1);
    await using _other = queue.worker("tasks", "worker", others.handler, AT_ONCE);
    await pass(stage, KEPT_SECONDS * 2100);
    assert.equal(others.records.length, 0);
    assert.equal(runs.contexts[0].signal.aborted, false);
    runs.return(0);
    await acknowledged(queue, 1);
    await pass(stage, KEPT_SECONDS * 1100);
    assert.equal(runs.records.length, 1);
    assert.equal((await queue.get(id))?.acknowledged, true);
  });

  waiting("the lease of a message may be shorter than that of the queue", async (stage) => {
    const queue = await stage.open({ leaseSeconds: 3600 });
    await queue.publish(task("short", { leaseSeconds: KEPT_SECONDS }));
    const [runs, others] = [new Runs(), new Runs()];
    await using _worker = queue.worker("tasks", "worker", runs.handler, AT_ONCE);
    await runs.begun(1);
    await using _other = queue.worker("tasks", "worker", others.handler, AT_ONCE);
    await pass(stage, KEPT_SECONDS * 2100);
    assert.equal(others.records.length, 0);
    runs.return(0);
    await acknowledged(queue, 1);
  });

  waiting("the signal of a handler fires when its message is taken away", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    const [rejected, deleted] = await Promise.all([1, 2].map((i) => queue.publish(task(i))));
    const runs = new Runs();
    await using _worker = queue.worker("tasks", "worker", runs.handler, {
      ...AT_ONCE,
      concurrency: 2,
    });
    await runs.begun(2);
    const other = await stage.open({ leaseSeconds: LEASE_SECONDS });
    assert.equal(await other.reject(rejected.id, "stopped by hand"), true);
    assert.equal(await other.delete(deleted.id), true);
    const haveFired = () => runs.contexts.every(({ signal }) => signal.aborted);
    await passUntil(stage, haveFired, "the signals");
    for (const { signal } of runs.contexts) assert.equal(signal.reason.name, "QueueError");
    runs.return(0);
    runs.throw(1, new Error("aborted"));
    const next = await queue.publish(task("next"));
    await runs.begun(3);
    runs.return(2);
    await acknowledged(queue, 1);
    assert.equal((await queue.get(next.id))?.acknowledged, true);
    const [dead] = await queue.getDeadLetters("worker");
    assert.equal(dead.reason, "stopped by hand");
  });

  waiting("the signal of a handler fires when its message expires", async (stage) => {
    const queue = await stage.open({ leaseSeconds: 3600 });
    await queue.publish(task("short", { ttlSeconds: SOON_SECONDS }));
    await queue.publish(task("long", { ttlSeconds: 3600 }));
    const runs = new Runs();
    await using _worker = queue.worker("tasks", "worker", runs.handler, {
      ...AT_ONCE,
      concurrency: 2,
    });
    await runs.begun(2);
    assert.equal(runs.contexts[0].signal.aborted, false);
    await passUntil(stage, () => runs.contexts[0].signal.aborted, "the signal");
    assert.match(runs.contexts[0].signal.reason.message, /expired/);
    assert.equal(runs.contexts[1].signal.aborted, false);
    runs.return(0);
    runs.return(1);
    await acknowledged(queue, 1);
  });
}

function closeTests(test: TestOn, waiting: TestOn): void {
  test("a worker that closes takes no more, and lets its handlers finish", async (stage) => {
    const queue = await stage.open();
    for (const payload of [1, 2, 3]) await queue.publish(task(payload));
    const runs = new Runs();
    const worker = queue.worker("tasks", "worker", runs.handler, { concurrency: 2 });
    await runs.begun(2);
    const closing = worker.close();
    runs.return(0);
    await acknowledged(queue, 1);
    assert.equal(worker.running, 1);
    assert.equal(runs.contexts[1].signal.aborted, false);
    runs.return(1);
    await within(Promise.all([closing, worker.closed, worker.close()]), "the end of the worker");
    assert.equal(runs.records.length, 2);
    assert.equal(worker.running, 0);
    assert.equal(await queue.count({ acknowledged: true }), 2);
    const [left] = await queue.getPending("worker");
    assert.deepEqual([left.payload, left.attempts, left.leasedUntil], [3, 0, null]);
  });

  waiting("a worker gives back what is not done at the end of its grace", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("endless"));
    const runs = new Runs();
    const worker = queue.worker("tasks", "worker", runs.handler, { graceSeconds: 2 });
    await runs.begun(1);
    let isClosed = false;
    const closing = worker.close().then(() => isClosed = true);
    await sleep(20);
    assert.equal(isClosed, false);
    assert.equal(runs.contexts[0].signal.aborted, false);
    await passUntil(stage, () => isClosed, "the end of the worker");
    await closing;
    assert.equal(runs.contexts[0].signal.aborted, true);
    assert.equal(worker.running, 1);
    const next = new Runs();
    await using _next = queue.worker("tasks", "worker", next.handler, AT_ONCE);
    await next.begun(1);
    assert.equal(next.records[0].attempts, 2);
    // The first handler comes too late.
    runs.return(0);
    await sleep(20);
    assert.equal(await queue.count({ acknowledged: true }), 0);
    assert.equal(worker.running, 0);
    next.return(0);
    await acknowledged(queue, 1);
  });

  test("a worker without grace gives back at once", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("endless"));
    const runs = new Runs();
    const worker = queue.worker("tasks", "worker", runs.handler, { graceSeconds: 0 });
    await runs.begun(1);
    await within(worker.close(), "the end of the worker");
    const [left] = await queue.getPending("worker");
    assert.deepEqual([left.payload, left.attempts, left.leasedUntil], ["endless", 1, null]);
    runs.throw(0, new Error("too late"));
  });

  test("closing a queue closes its workers, whose handlers may still use it", async (stage) => {
    const queue = await stage.open();
    const observer = await stage.open();
    await queue.publish(task("first"));
    const gate = Promise.withResolvers<void>();
    let hasBegun = false;
    const worker = queue.worker("tasks", "worker", async () => {
      hasBegun = true;
      await gate.promise;
      await queue.publish(task("second", { targetAgent: "next" }));
    });
    await until(() => hasBegun, "the handler");
    const closing = queue.close();
    assert.throws(() => queue.worker("tasks", "worker", () => {}), {
      name: "QueueNotInitializedError",
    });
    assert.throws(() => queue.subscribe("tasks", "worker"), { name: "QueueNotInitializedError" });
    gate.resolve();
    await within(Promise.all([closing, worker.closed]), "the end of the queue");
    assert.equal(await observer.count({ acknowledged: true }), 1);
    assert.deepEqual(payloads(await observer.getPending("next")), ["second"]);
    await assert.rejects(queue.publish(task("third")), { name: "QueueNotInitializedError" });
  });

  test("a signal closes a worker, also one that has fired before", async (stage) => {
    const queue = await stage.open();
    const controller = new AbortController();
    const { signal } = controller;
    const worker = queue.worker("tasks", "worker", () => {}, { signal });
    await queue.publish(task(1));
    await acknowledged(queue, 1);
    controller.abort();
    await within(worker.closed, "the end of the worker");
    await within(queue.worker("tasks", "worker", () => {}, { signal }).closed, "its end");
    await queue.publish(task(2));
    assert.deepEqual(payloads(await queue.getPending("worker")), [2]);
  });
}

function limitTests(test: TestOn, waiting: TestOn): void {
  waiting("a limiter holds over all workers of a channel", async (stage) => {
    const queues = await Promise.all([stage.open(), stage.open()]);
    for (let i = 0; i < 5; i++) await queues[0].publish(task(i));
    const seen: unknown[] = [];
    const limiter = { max: 2, seconds: SOON_SECONDS };
    await using workers = new AsyncDisposableStack();
    for (const queue of queues) {
      workers.use(queue.worker("tasks", "worker", ({ payload }) => {
        seen.push(payload);
      }, { limiter, concurrency: 4 }));
    }
    await until(() => seen.length === 2, "the first window");
    await sleep(100);
    assert.equal(seen.length, 2);
    await passUntil(stage, () => seen.length > 2, "the second window");
    await until(() => seen.length === 4, "the second window");
    await sleep(50);
    assert.equal(seen.length, 4);
    await passUntil(stage, () => seen.length === 5, "the third window");
    await acknowledged(queues[0], 5);
  });

  test("a worker of a paused channel takes nothing until it is resumed", async (stage) => {
    const queue = await stage.open();
    await queue.pause("tasks");
    const runs = new Runs();
    await using worker = queue.worker("tasks", "worker", runs.handler, AT_ONCE);
    await worker.ready;
    await queue.publish(task("first"));
    await sleep(50);
    assert.equal(runs.records.length, 0);
    await queue.resume("tasks");
    await runs.begun(1);
    runs.return(0);
    await acknowledged(queue, 1);
  });

  test("progress of a handler is an event", async (stage) => {
    const queue = await stage.open();
    const observer = await stage.open();
    await using events = observer.events({ channel: "tasks" });
    const next = async () => {
      for (;;) {
        const { value } = await within(events.next(), "an event");
        if (value.type === "progress") return value;
      }
    };
    const first = next();
    await using _worker = queue.worker("tasks", "worker", async (_record, { progress }) => {
      await progress({ done: 1, of: 2 });
      assert.throws(() => progress(1n), { name: "QueueSerializationError" });
    });
    const isHeard = Promise.race([first.then(() => true), sleep(20).then(() => false)]);
    assert.equal(await isHeard, false);
    const { id } = await queue.publish(task("long"));
    const { channel, agentId, value, ...event } = await first;
    assert.equal(event.id, id);
    assert.deepEqual([channel, agentId, value], ["tasks", "worker", { done: 1, of: 2 }]);
    await acknowledged(queue, 1);
  });
}
