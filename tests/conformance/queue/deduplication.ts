import assert from "node:assert/strict";
import {
  nextOf,
  payloads,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** Messages that their publishers may publish twice. */
export function deduplicationTests(test: TestOn, waiting: TestOn): void {
  test("messages of one deduplicationId are stored once, by whomever", async (stage) => {
    const queues = [await stage.open(), await stage.open()];
    const options = task("order 7", { deduplicationId: "order-7" });
    const records = await Promise.all(queues.flatMap((queue) => [
      queue.publish(options),
      queue.publish(options),
    ]));
    assert.equal(records.filter(({ isNew }) => isNew).length, 1);
    assert.equal(new Set(records.map(({ id }) => id)).size, 1);
    assert.equal(records[0].deduplicationId, "order-7");
    assert.deepEqual(payloads(await queues[0].getPending("worker")), ["order 7"]);
    const other = await queues[0].publish(task("order 8", { deduplicationId: "order-8" }));
    const elsewhere = await queues[0].publish({ ...options, channel: "errands" });
    assert.deepEqual([other.isNew, elsewhere.isNew], [true, true]);
  });

  test("a deduplicationId is remembered when its message is done or gone", async (stage) => {
    const queue = await stage.open();
    const options = task("once", { deduplicationId: "once" });
    const first = await queue.publish(options);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["once"]);
    const done = await queue.publish({ ...options, payload: "again" });
    assert.deepEqual([done.id, done.isNew, done.payload], [first.id, false, "once"]);
    assert.equal(done.acknowledged, true);
    assert.equal(await queue.delete(first.id), true);
    const gone = await queue.publish(options);
    assert.deepEqual([gone.id, gone.isNew, gone.payload], [first.id, false, "once"]);
    assert.equal(await queue.get(first.id), undefined);
    await queue.publish(task("next"));
    assert.equal((await nextOf(subscription)).payload, "next");
  });

  waiting("a deduplicationId is forgotten after its time", async (stage) => {
    const queue = await stage.open();
    const options = task("hourly", {
      deduplicationId: "hourly",
      deduplicationSeconds: SOON_SECONDS,
    });
    const first = await queue.publish(options);
    assert.equal((await queue.publish(options)).isNew, false);
    await stage.advance(SOON_OVER_MS);
    const second = await queue.publish(options);
    assert.equal(second.isNew, true);
    assert.notEqual(second.id, first.id);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["hourly", "hourly"]);
  });

  test("a delayed message is not stored twice either", async (stage) => {
    const queue = await stage.open();
    const options = task("later", { deduplicationId: "later", delaySeconds: 60 });
    const first = await queue.publish(options);
    const second = await queue.publish(options);
    assert.deepEqual([second.isNew, second.id], [false, first.id]);
    assert.deepEqual(second.deliverAt, first.deliverAt);
    assert.equal((await queue.getDelayed()).length, 1);
  });
}
