import assert from "node:assert/strict";
import { type PublishAndWaitOptions, RejectMessage } from "../../../mod.ts";
import { sleep, until, within } from "../../support/deadline.ts";
import { nextOf, type QueueStage, SOON_SECONDS, task, type TestOn } from "./stage.ts";

const WAIT: PublishAndWaitOptions = { timeoutMs: 3_600_000 };

/** The rejection of a promise, while time passes. */
async function rejectionOf(stage: QueueStage, promise: Promise<unknown>): Promise<Error> {
  let outcome: unknown;
  promise.then(() => outcome = "resolved", (error) => outcome = error);
  await until(async () => {
    await stage.advance(100);
    return outcome !== undefined;
  }, "the rejection");
  assert.ok(outcome instanceof Error, String(outcome));
  return outcome;
}

/** Waiting for what workers make of messages. */
export function resultTests(test: TestOn, waiting: TestOn): void {
  test("publishAndWait resolves with the result of a worker", async (stage) => {
    const [queue, other] = await Promise.all([stage.open(), stage.open()]);
    await using _worker = other.worker<number[]>("tasks", "worker", ({ payload }) => {
      return payload.length === 0 ? undefined : { sum: payload.reduce((a, b) => a + b, 0) };
    }, { concurrency: 2 });
    const results = await within(
      Promise.all([[1, 2, 3], [4], []].map((numbers) => queue.publishAndWait(task(numbers), WAIT))),
      "the results",
    );
    assert.deepEqual(results, [{ sum: 6 }, { sum: 4 }, null]);
  });

  test("publishAndWait resolves with the result of an acknowledgement", async (stage) => {
    const queue = await stage.open();
    await using subscription = queue.subscribe("tasks", "worker");
    const result = queue.publishAndWait(task("by hand"), WAIT);
    const record = await nextOf(subscription);
    assert.equal(await queue.acknowledge(record, { result: ["done"] }), true);
    assert.deepEqual(await within(result, "the result"), ["done"]);
  });

  test("publishAndWait of a broadcast resolves with the first result", async (stage) => {
    const queue = await stage.open();
    await using _worker = queue.worker("tasks", "worker", () => "heard");
    const broadcast = task("to all", { targetAgent: null });
    assert.equal(await within(queue.publishAndWait(broadcast, WAIT), "the result"), "heard");
  });

  test("publishAndWait of a message that is stored already waits for that one", async (stage) => {
    const queue = await stage.open();
    let runs = 0;
    await using _worker = queue.worker("tasks", "worker", () => ++runs);
    const once = () => queue.publishAndWait(task("once", { deduplicationId: "a" }), WAIT);
    assert.deepEqual(await within(Promise.all([once(), once()]), "the results"), [1, 1]);
    assert.equal(await within(once(), "the third result"), 1);
    assert.equal(runs, 1);
  });

  test("publishAndWait rejects when the message is a dead letter", async (stage) => {
    const queue = await stage.open();
    await using _worker = queue.worker("tasks", "worker", ({ payload }) => {
      throw payload === "poison" ? new RejectMessage("no text") : new Error("no model");
    }, { backoff: { type: "fixed", seconds: 0 }, onError: () => {} });
    await assert.rejects(within(queue.publishAndWait(task("poison"), WAIT), "the end"), {
      name: "QueueJobError",
      message: /dead letter.*no text/,
    });
    const hard = task("hard", { maxAttempts: 2 });
    await assert.rejects(within(queue.publishAndWait(hard, WAIT), "the end"), {
      name: "QueueJobError",
      message: /dead letter.*no model/,
    });
  });

  waiting("publishAndWait rejects when the message is removed, or expires", async (stage) => {
    const queue = await stage.open();
    const removed = queue.publishAndWait(task("removed"), WAIT);
    const expired = queue.publishAndWait(task("expired", { ttlSeconds: SOON_SECONDS }), WAIT);
    // Either of them may reject before it is awaited.
    for (const promise of [removed, expired]) promise.catch(() => {});
    await until(async () => await queue.count() === 2, "the messages");
    const stored = (await queue.list()).find(({ payload }) => payload === "removed");
    assert.equal(await queue.delete(stored!.id), true);
    for (const promise of [removed, expired]) {
      const { name, message } = await rejectionOf(stage, promise);
      assert.equal(name, "QueueJobError");
      assert.match(message, /expired, or it was removed/);
    }
  });

  waiting("publishAndWait rejects at its timeout, and the message stays", async (stage) => {
    const queue = await stage.open();
    const late = queue.publishAndWait(task("late"), { timeoutMs: 300 });
    const { name, message } = await rejectionOf(stage, late);
    assert.equal(name, "QueueTimeoutError");
    assert.match(message, /300 ms/);
    assert.equal((await queue.getPending("worker")).length, 1);
  });

  test("publishAndWait rejects when its signal fires, and when the queue closes", async (stage) => {
    const [queue, observer] = await Promise.all([stage.open(), stage.open()]);
    const controller = new AbortController();
    const aborted = queue.publishAndWait(task("aborted"), { ...WAIT, signal: controller.signal });
    const closed = queue.publishAndWait(task("closed"), WAIT);
    aborted.catch(() => {});
    closed.catch(() => {});
    await until(async () => await observer.count() === 2, "the messages");
    controller.abort(new Error("enough"));
    await assert.rejects(within(aborted, "the end"), { message: "enough" });
    await assert.rejects(
      queue.publishAndWait(task("never"), { ...WAIT, signal: controller.signal }),
      { message: "enough" },
    );
    await sleep(10);
    await queue.close();
    await assert.rejects(within(closed, "the end"), { name: "QueueNotInitializedError" });
    assert.equal(await observer.count(), 2);
  });

  test("a result that is no JSON value is a failure of the handler", async (stage) => {
    const queue = await stage.open({ maxAttempts: 1 });
    const thrown: unknown[] = [];
    await using _worker = queue.worker("tasks", "worker", () => 1n, {
      onError: (error) => thrown.push(error),
    });
    await assert.rejects(within(queue.publishAndWait(task("big"), WAIT), "the end"), {
      name: "QueueJobError",
      message: /result/,
    });
    assert.equal((thrown[0] as Error).name, "QueueSerializationError");
  });

  test("the arguments of publishAndWait are checked", async (stage) => {
    const queue = await stage.open();
    const wait = (options: unknown) =>
      queue.publishAndWait(task(1), options as PublishAndWaitOptions);
    await assert.rejects(wait({}), { name: "RangeError", message: /timeoutMs.*undefined/ });
    await assert.rejects(wait({ timeoutMs: -1 }), { name: "RangeError", message: /timeoutMs.*-1/ });
    await assert.rejects(wait({ timeoutMs: 1, signal: 1 }), { message: /signal.*AbortSignal/ });
    await assert.rejects(wait({ timeoutSeconds: 1 }), { message: /no option "timeoutSeconds"/ });
    await assert.rejects(wait(undefined), { name: "TypeError" });
    assert.equal(await queue.count(), 0);
  });
}
