import assert from "node:assert/strict";
import { within } from "../../support/deadline.ts";
import {
  neverResolves,
  payloads,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** Messages that are published for later. */
export function delayTests(test: TestOn, waiting: TestOn): void {
  waiting(
    "a message for later is delivered when it is due, and wakes idle consumers",
    async (stage) => {
      const [sender, receiver] = [await stage.open(), await stage.open()];
      await using idle = receiver.subscribe("tasks", "worker");
      const coming = idle.next();
      assert.equal(await neverResolves(coming), true);
      const record = await sender.publish(task("later", { delaySeconds: SOON_SECONDS }));
      assert.equal(record.deliverAt!.getTime() - record.createdAt.getTime(), SOON_SECONDS * 1000);
      assert.equal(record.isNew, true);
      assert.equal(await neverResolves(coming), true);
      assert.deepEqual(await receiver.getPending("worker"), []);
      await stage.advance(SOON_OVER_MS);
      const { value } = await within(coming, "the message that is due");
      assert.deepEqual([value.payload, value.attempts], ["later", 1]);
      assert.deepEqual(value.deliverAt, record.deliverAt);
      assert.deepEqual(await sender.getDelayed(), []);
      assert.equal(await receiver.acknowledge(value), true);
    },
  );

  test("getDelayed lists what is published for later, the next one first", async (stage) => {
    const queue = await stage.open();
    const { createdAt } = await queue.publish(task("now"));
    const deliverAt = new Date(createdAt.getTime() + 60_000);
    await queue.publish(task("last", { delaySeconds: 3600 }));
    const first = await queue.publish(task("first", { deliverAt }));
    await queue.publish(task("elsewhere", { channel: "errands", delaySeconds: 1800 }));
    await queue.publish(task("all", { targetAgent: null, delaySeconds: 120 }));
    assert.deepEqual(first.deliverAt, deliverAt);
    assert.deepEqual(payloads(await queue.getDelayed()), ["first", "all", "elsewhere", "last"]);
    assert.deepEqual(payloads(await queue.getDelayed({ channel: "tasks", limit: 2 })), [
      "first",
      "all",
    ]);
    assert.deepEqual(await queue.getDelayed({ channel: "none" }), []);
    const { isNew: _, ...stored } = first;
    assert.deepEqual((await queue.getDelayed({ limit: 1 }))[0], stored);
    assert.deepEqual(await queue.get(first.id), stored);
    assert.equal(await queue.count({ channel: "tasks", acknowledged: false }), 4);
    assert.equal((await queue.list()).length, 5);

    assert.equal(await queue.acknowledge(first.id), false);
    assert.equal(await queue.delete(first.id), true);
    assert.deepEqual(payloads(await queue.getDelayed({ limit: 1 })), ["all"]);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["now"]);
  });

  test("a message whose time has come before it is stored is delivered at once", async (stage) => {
    const queue = await stage.open();
    const { createdAt } = await queue.publish(task("now"));
    const deliverAt = new Date(createdAt.getTime() - 1000);
    assert.equal((await queue.publish(task("due", { deliverAt }))).deliverAt, undefined);
    assert.equal((await queue.publish(task("none", { delaySeconds: 0 }))).deliverAt, undefined);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["now", "due", "none"]);
  });

  waiting("the time to live of a message begins when it is due", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(
      task(1, { delaySeconds: SOON_SECONDS, ttlSeconds: SOON_SECONDS }),
    );
    assert.equal(record.expiresAt!.getTime() - record.deliverAt!.getTime(), SOON_SECONDS * 1000);
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(payloads(await queue.getPending("worker")), [1]);
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(await queue.getPending("worker"), []);
    assert.equal(await queue.get(record.id), undefined);
  });

  waiting("a broadcast for later reaches those who subscribe before it is due", async (stage) => {
    const queue = await stage.open();
    await using early = queue.subscribe("tasks", "early");
    await early.ready;
    await queue.publish(task("meeting", { targetAgent: null, delaySeconds: SOON_SECONDS }));
    await using late = queue.subscribe("tasks", "late", { from: "oldest" });
    assert.equal(await neverResolves(late.next()), true);
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(await takeFrom(queue, early, 1), ["meeting"]);
    assert.deepEqual(payloads(await queue.getPending("late")), ["meeting"]);
  });

  waiting("a message that is due has the position of its storing", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("stored first", { delaySeconds: SOON_SECONDS }));
    await queue.publish(task("stored second"));
    await queue.publish(task("urgent", { delaySeconds: SOON_SECONDS, priority: 1 }));
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(payloads(await queue.getPending("worker")), [
      "urgent",
      "stored first",
      "stored second",
    ]);
  });

  waiting("a record that is put with a time in the future waits until then", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(task("put"));
    const deliverAt = new Date(record.createdAt.getTime() + 60_000);
    await queue.put({ ...record, deliverAt });
    assert.deepEqual(await queue.getPending("worker"), []);
    assert.deepEqual((await queue.getDelayed())[0].deliverAt, deliverAt);
    // Replaced by one that is due earlier.
    const earlier = new Date(record.createdAt.getTime() + SOON_SECONDS * 1000);
    await queue.put({ ...record, deliverAt: earlier });
    assert.equal((await queue.getDelayed()).length, 1);
    await stage.advance(SOON_OVER_MS);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["put"]);
    assert.deepEqual(await queue.getDelayed(), []);
  });

  test("messages for later count for maxItems, and clear removes them", async (stage) => {
    const queue = await stage.open({ maxItems: 2 });
    for (const payload of [1, 2, 3]) await queue.publish(task(payload, { delaySeconds: 60 }));
    assert.deepEqual(payloads(await queue.getDelayed()), [2, 3]);
    assert.equal(await queue.clear(), 2);
    assert.deepEqual(await queue.getDelayed(), []);
  });
}
