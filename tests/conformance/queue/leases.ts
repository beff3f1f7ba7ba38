import assert from "node:assert/strict";
import type { MessageQueue } from "../../../mod.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  neverResolves,
  nextOf,
  payloads,
  SOON_OVER_MS,
  SOON_SECONDS,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** The next message of the worker, by a subscription that ends at once. */
async function takeOne(queue: MessageQueue) {
  const subscription = queue.subscribe("tasks", "worker");
  const record = await nextOf(subscription);
  await subscription.return();
  return record;
}

/** Leases: tokens, extension, release, rejection, dead letters. */
export function leaseTests(test: TestOn, waiting: TestOn): void {
  waiting("a consumer that has lost its lease changes nothing", async (stage) => {
    const [slow, quick] = [
      await stage.open({ leaseSeconds: LEASE_SECONDS }),
      await stage.open({ leaseSeconds: 5 }),
    ];
    await slow.publish(task("contended"));
    const lost = await takeOne(slow);
    await stage.advance(LEASE_OVER_MS);
    const held = await takeOne(quick);
    assert.equal(held.attempts, 2);
    assert.equal(typeof held.leaseToken, "string");
    assert.notEqual(held.leaseToken, lost.leaseToken);
    const [pending] = await quick.getPending("worker");
    assert.equal(pending.leaseToken, held.leaseToken);

    assert.equal(await slow.acknowledge(lost), false);
    assert.equal(await slow.extend(lost), false);
    assert.equal(await slow.release(lost), false);
    assert.equal(await slow.reject(lost, "too slow"), false);
    const [still] = await slow.getPending("worker");
    assert.deepEqual([still.leasedUntil, still.attempts], [held.leasedUntil, 2]);

    assert.equal(await quick.acknowledge(held), true);
    assert.equal(await slow.acknowledge(lost), false);
    assert.equal(await quick.acknowledge(held), true);
    assert.deepEqual(await slow.getDeadLetters("worker"), []);
  });

  waiting("the bare id of a message stands for the lease that was lost", async (stage) => {
    const [slow, quick] = [
      await stage.open({ leaseSeconds: LEASE_SECONDS }),
      await stage.open({ leaseSeconds: 5 }),
    ];
    const { id } = await slow.publish(task("contended"));
    await takeOne(slow);
    await stage.advance(LEASE_OVER_MS);
    await takeOne(quick);
    assert.equal(await slow.acknowledge(id), false);
    assert.equal(await quick.acknowledge(id), true);
  });

  waiting("a lease that has ended is extended if nobody else has the message", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 2 });
    await queue.publish(task("slow"));
    await queue.publish(task("last", { maxAttempts: 1 }));
    const [slow, last] = [await takeOne(queue), await takeOne(queue)];
    await stage.advance(LEASE_OVER_MS);
    assert.deepEqual(payloads(await queue.getDeadLetters("worker")), ["last"]);
    assert.equal(await queue.extend(slow, { seconds: 5 }), true);
    assert.equal(await queue.extend(last, { seconds: 5 }), true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
    const pending = await queue.getPending("worker");
    assert.deepEqual(pending.map(({ attempts }) => attempts), [1, 1]);
    assert.deepEqual(pending.map(({ leaseToken }) => leaseToken), [
      slow.leaseToken,
      last.leaseToken,
    ]);
    await using other = queue.subscribe("tasks", "worker");
    assert.equal(await neverResolves(other.next()), true);
    assert.equal(await queue.acknowledge(slow), true);
    assert.equal(await queue.acknowledge(last), true);
    assert.deepEqual(await queue.getPending("worker"), []);
  });

  waiting("a dead letter whose last lease has ended can be acknowledged late", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 1 });
    await queue.publish(task("late"));
    const record = await takeOne(queue);
    await stage.advance(LEASE_OVER_MS);
    const [dead] = await queue.getDeadLetters("worker");
    assert.equal(dead.reason, "delivered 1 time without acknowledgement");
    assert.deepEqual([dead.error, dead.attempts, dead.leaseToken], [null, 1, null]);
    assert.ok(dead.diedAt >= dead.createdAt);
    assert.equal(await queue.acknowledge(record), true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
  });

  waiting(
    "a late rejection gives its reason to a dead letter whose last lease has ended",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 1 });
      await queue.publish(task("rejected"));
      await queue.publish(task("released"));
      const [first, second] = [await takeOne(queue), await takeOne(queue)];
      await stage.advance(LEASE_OVER_MS);
      assert.equal((await queue.getDeadLetters("worker")).length, 2);
      assert.equal(await queue.reject(first, "wrong", { error: "E" }), true);
      assert.equal(await queue.release(second, { reason: "busy" }), true);
      const dead = await queue.getDeadLetters("worker");
      const byPayload = new Map(
        dead.map(({ payload, reason, error }) => [payload, [reason, error]]),
      );
      assert.deepEqual(byPayload.get("rejected"), ["wrong", "E"]);
      assert.deepEqual(byPayload.get("released"), ["busy", null]);
      assert.equal((await queue.stats("tasks")).totals.dead, 2);
      assert.equal(await queue.acknowledge(first), false);
    },
  );

  waiting("extend moves the end of a lease, by default by a new one", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    const patient = await stage.open({ leaseSeconds: 60 });
    await queue.publish(task("long"));
    const record = await takeOne(queue);
    const secondsLonger = async () => {
      const [{ leasedUntil, leaseToken }] = await queue.getPending("worker");
      assert.equal(leaseToken, record.leaseToken);
      return (leasedUntil!.getTime() - record.leasedUntil!.getTime()) / 1000;
    };
    assert.equal(await queue.extend(record.id, { seconds: 30 }), true);
    await stage.advance(LEASE_OVER_MS);
    const byThirty = await secondsLonger();
    assert.ok(byThirty > 26 && byThirty < 50, `${byThirty} s`);
    assert.equal(await patient.extend(record), true);
    const bySixty = await secondsLonger();
    assert.ok(bySixty > 56 && bySixty < 80, `${bySixty} s`);
    await using other = queue.subscribe("tasks", "worker");
    const coming = other.next();
    assert.equal(await neverResolves(coming), true);
    assert.equal(await queue.extend(record), true);
    await stage.advance(LEASE_OVER_MS);
    const { value } = await coming;
    assert.deepEqual([value.payload, value.attempts], ["long", 2]);
  });

  waiting("a lease that is extended to an earlier end wakes another consumer", async (stage) => {
    const queue = await stage.open({ leaseSeconds: 60 });
    await queue.publish(task("handed over"));
    const record = await takeOne(queue);
    await using other = queue.subscribe("tasks", "worker");
    const coming = other.next();
    assert.equal(await neverResolves(coming), true);
    assert.equal(await queue.extend(record, { seconds: 0.05 }), true);
    await stage.advance(100);
    assert.equal((await coming).value.attempts, 2);
  });

  test("release gives a message back, and counts the attempt", async (stage) => {
    const queue = await stage.open({ maxAttempts: 2 });
    await queue.publish(task("fails"));
    await queue.publish(task("waits"));
    const first = await takeOne(queue);
    await using other = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(other)).payload, "waits");
    const coming = other.next();
    assert.equal(await queue.release(first, { reason: "busy" }), true);
    assert.equal(await queue.acknowledge(first), false);
    const { value: second } = await coming;
    assert.deepEqual([second.payload, second.attempts], ["fails", 2]);
    assert.equal(await queue.release(second.id, { reason: "still busy", error: "E1" }), true);
    const [dead, ...others] = await queue.getDeadLetters("worker");
    assert.deepEqual(others, []);
    assert.deepEqual([dead.payload, dead.attempts], ["fails", 2]);
    assert.deepEqual([dead.reason, dead.error], ["still busy", "E1"]);
    assert.equal(await queue.release(second), false);
  });

  test("nobody holds a message that waits: release, extend and progress do nothing", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("waits"));
    assert.equal(await queue.release(id), false);
    assert.equal(await queue.extend(id), false);
    assert.equal(await queue.release("none"), false);
    assert.equal(await queue.extend("none"), false);
    assert.equal(await queue.reject("none", "gone"), false);
    const [pending] = await queue.getPending("worker");
    assert.deepEqual([pending.attempts, pending.leaseToken], [0, null]);
  });

  waiting("a released message waits for its delay, and has its old position", async (stage) => {
    const queue = await stage.open();
    for (const payload of ["a", "b", "c"]) await queue.publish(task(payload));
    await using subscription = queue.subscribe("tasks", "worker");
    const first = await nextOf(subscription);
    assert.equal(await queue.release(first, { delaySeconds: SOON_SECONDS }), true);
    const pending = await queue.getPending("worker");
    assert.deepEqual(payloads(pending), ["a", "b", "c"]);
    assert.ok(pending[0].deliverAt! > first.createdAt);
    assert.equal(pending[0].leasedUntil, null);
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["b"]);
    await stage.advance(SOON_OVER_MS);
    const again = await nextOf(subscription);
    assert.deepEqual([again.payload, again.attempts], ["a", 2]);
    await queue.acknowledge(again);
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["c"]);
  });

  waiting("an idle consumer wakes by itself for a released message", async (stage) => {
    const [one, two] = [await stage.open(), await stage.open()];
    await one.publish(task("later"));
    const record = await takeOne(one);
    await using idle = two.subscribe("tasks", "worker");
    const coming = idle.next();
    assert.equal(await neverResolves(coming), true);
    assert.equal(await one.release(record, { delaySeconds: SOON_SECONDS }), true);
    assert.equal(await neverResolves(coming), true);
    await stage.advance(SOON_OVER_MS);
    assert.equal((await coming).value.attempts, 2);
  });

  test("reject makes a message a dead letter at once, and requeue clears it", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("wrong"));
    const record = await takeOne(queue);
    assert.equal(await queue.reject(record, "no such city", { error: "at line 1" }), true);
    assert.equal(await queue.acknowledge(record), false);
    assert.equal(await queue.extend(record), false);
    assert.deepEqual(await queue.getPending("worker"), []);
    const [dead] = await queue.getDeadLetters("worker");
    assert.deepEqual([dead.payload, dead.attempts, dead.agentId], ["wrong", 1, "worker"]);
    assert.deepEqual([dead.reason, dead.error], ["no such city", "at line 1"]);
    assert.ok(dead.diedAt >= record.createdAt);
    assert.equal(await queue.requeue(dead), true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
    const again = await takeOne(queue);
    assert.equal(again.attempts, 1);
    assert.equal(await queue.acknowledge(record), false);
    assert.equal(await queue.acknowledge(again), true);
  });

  test("a message that waits can be rejected by its id", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("unwanted"));
    assert.equal(await queue.reject(id, "unwanted"), true);
    assert.equal(await queue.reject(id, "twice"), false);
    const [dead] = await queue.getDeadLetters("worker");
    assert.deepEqual([dead.reason, dead.attempts], ["unwanted", 0]);
  });

  test("a broadcast is acknowledged by its id if one agent of the queue holds it", async (stage) => {
    const [queue, other] = [await stage.open(), await stage.open()];
    await using one = queue.subscribe("news", "one");
    await using two = queue.subscribe("news", "two");
    await Promise.all([one.ready, two.ready]);
    const { id } = await queue.publish({ channel: "news", sourceAgent: "boss", payload: 1 });
    await nextOf(one);
    await assert.rejects(other.acknowledge(id), {
      name: "TypeError",
      message: /pass \{ agentId \}/,
    });
    assert.equal(await queue.acknowledge(id), true);
    assert.equal((await queue.get(id, { agentId: "one" }))?.acknowledged, true);
    assert.equal((await queue.get(id, { agentId: "two" }))?.acknowledged, false);

    const next = await queue.publish({ channel: "news", sourceAgent: "boss", payload: 2 });
    assert.equal((await nextOf(two)).payload, 1);
    assert.equal((await nextOf(two)).payload, 2);
    await nextOf(one);
    await assert.rejects(queue.acknowledge(next.id), { name: "TypeError" });
    assert.equal(await queue.acknowledge(next.id, { agentId: "one" }), true);
    assert.equal(await queue.acknowledge(next.id), true);
  });

  waiting("a message may have its own leases and attempts", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 5 });
    const long = await queue.publish(task("long", { leaseSeconds: 30 }));
    await queue.publish(task("once", { maxAttempts: 1 }));
    await queue.publish(task("plain"));
    assert.equal(long.leaseSeconds, 30);
    assert.equal((await queue.get(long.id))?.leaseSeconds, 30);
    await using holder = queue.subscribe("tasks", "worker", { prefetch: 3 });
    const records = [await nextOf(holder), await nextOf(holder), await nextOf(holder)];
    assert.deepEqual(records.map(({ maxAttempts }) => maxAttempts), [undefined, 1, undefined]);
    await stage.advance(LEASE_OVER_MS);
    const pending = await queue.getPending("worker");
    assert.deepEqual(payloads(pending), ["long", "plain"]);
    assert.deepEqual(pending.map(({ leasedUntil }) => leasedUntil !== null), [true, false]);
    assert.deepEqual(payloads(await queue.getDeadLetters("worker")), ["once"]);
    // A record that is put again keeps them.
    await queue.put(records[1]);
    assert.equal((await queue.get(records[1].id))?.maxAttempts, 1);
  });

  waiting(
    "prefetched messages with longer leases stay, when others have lost theirs",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
      await queue.publish(task("first"));
      await queue.publish(task("short"));
      await queue.publish(task("long", { leaseSeconds: 30 }));
      await using slow = queue.subscribe("tasks", "worker", { prefetch: 3 });
      await queue.acknowledge(await nextOf(slow));
      await stage.advance(LEASE_OVER_MS);
      const next = await nextOf(slow);
      assert.deepEqual([next.payload, next.attempts], ["long", 1]);
      await queue.acknowledge(next);
      const last = await nextOf(slow);
      assert.deepEqual([last.payload, last.attempts], ["short", 2]);
    },
  );
}
