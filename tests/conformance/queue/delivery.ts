import assert from "node:assert/strict";
import { within } from "../../support/deadline.ts";
import { collectLog } from "../../support/log_records.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  neverResolves,
  nextOf,
  payloads,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

/** Targeted messages: leases, acknowledgement, dead letters. */
export function deliveryTests(test: TestOn, waiting: TestOn): void {
  test("a live subscriber gets a targeted message at once", async (stage) => {
    const [sender, receiver] = [await stage.open(), await stage.open()];
    await using subscription = receiver.subscribe("tasks", "worker");
    const pending = subscription.next();
    await subscription.ready;
    const { id } = await sender.publish(task("now"));
    const { value } = await within(pending, "delivery");
    assert.equal(value.id, id);
    assert.equal(value.agentId, "worker");
    assert.equal(value.attempts, 1);
    assert.ok(value.leasedUntil! > value.createdAt);
  });

  test("a message that a subscription yields is logged at debug level", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task(1));
    const records = await collectLog(async () => {
      await using subscription = queue.subscribe("tasks", "worker");
      await takeFrom(queue, subscription, 1);
    });
    const received = records.filter(({ rawMessage }) => rawMessage === "message_received");
    assert.deepEqual(received.map(({ level, properties }) => ({ level, properties })), [
      { level: "debug", properties: { channel: "tasks", agentId: "worker", messageId: id } },
    ]);
  });

  test("a later subscriber gets the pending messages, then new ones", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 5; i++) await queue.publish(task(i));
    await using subscription = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, subscription, 5), [0, 1, 2, 3, 4]);
    await queue.publish(task("live"));
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["live"]);
  });

  test("no message is lost between the pending and the new ones", async (stage) => {
    const [sender, receiver] = [await stage.open(), await stage.open()];
    const COUNT = 300;
    const sending = (async () => {
      for (let i = 0; i < COUNT; i++) await sender.publish(task(i));
    })();
    const seen: unknown[] = [];
    while (seen.length < COUNT) {
      await using subscription = receiver.subscribe("tasks", "worker");
      const share = Math.min(20, COUNT - seen.length);
      seen.push(...await takeFrom(receiver, subscription, share));
    }
    await sending;
    assert.deepEqual(seen, Array.from({ length: COUNT }, (_, i) => i));
  });

  test("only its agent receives a message, and only on its channel", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("other agent", { targetAgent: "other" }));
    await queue.publish(task("other channel", { channel: "errands" }));
    await queue.publish(task("right"));
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(subscription)).payload, "right");
    assert.equal(await neverResolves(subscription.next()), true);
  });

  test("consumers of one agent share its messages, and each is claimed once", async (stage) => {
    const queues = await Promise.all([stage.open(), stage.open(), stage.open()]);
    const COUNT = 60;
    const seen: unknown[] = [];
    const stop = new AbortController();
    const consumers = queues.map(async (queue) => {
      for await (const record of queue.subscribe("tasks", "worker", { signal: stop.signal })) {
        seen.push(record.payload);
        assert.equal(record.attempts, 1);
        await queue.acknowledge(record);
        if (seen.length === COUNT) stop.abort();
      }
    });
    for (let i = 0; i < COUNT; i++) await queues[i % 3].publish(task(i));
    await within(Promise.all(consumers), "all messages");
    assert.deepEqual(
      seen.sort((a, b) => Number(a) - Number(b)),
      Array.from({ length: COUNT }, (_, i) => i),
    );
  });

  waiting(
    "an unacknowledged message is delivered again after its lease, and not before",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
      await queue.publish(task("again"));
      await using first = queue.subscribe("tasks", "worker");
      assert.equal((await nextOf(first)).attempts, 1);
      await using second = queue.subscribe("tasks", "worker");
      const coming = second.next();
      assert.equal(await neverResolves(coming), true);
      await stage.advance(LEASE_OVER_MS);
      const { value } = await within(coming, "redelivery");
      assert.equal(value.payload, "again");
      assert.equal(value.attempts, 2);
    },
  );

  waiting("an acknowledged message is not delivered again", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    await queue.publish(task("once"));
    await using subscription = queue.subscribe("tasks", "worker");
    const record = await nextOf(subscription);
    assert.equal(await queue.acknowledge(record), true);
    assert.equal(await queue.acknowledge(record.id), true);
    await stage.advance(LEASE_OVER_MS);
    assert.equal(await neverResolves(subscription.next()), true);
    const stored = await queue.get(record.id);
    assert.equal(stored?.acknowledged, true);
    assert.ok(stored!.updatedAt >= stored!.createdAt);
    assert.deepEqual(await queue.getPending("worker"), []);
  });

  waiting("a late acknowledgement counts if the message was not delivered again", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    await queue.publish(task("slow"));
    const slow = queue.subscribe("tasks", "worker");
    const record = await nextOf(slow);
    await slow.return();
    await stage.advance(LEASE_OVER_MS);
    assert.equal(await queue.acknowledge(record), true);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal(await neverResolves(subscription.next()), true);
  });

  test("an acknowledgement for another agent does nothing", async (stage) => {
    const queue = await stage.open();
    const { id } = await queue.publish(task("mine"));
    assert.equal(await queue.acknowledge(id, { agentId: "thief" }), false);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["mine"]);
    assert.equal(await queue.acknowledge(id, { agentId: "worker" }), true);
  });

  waiting(
    "a message that fails too often becomes a dead letter, which can be requeued",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 2 });
      await queue.publish(task("poison"));
      await queue.publish(task("later", { priority: -1 }));
      const subscription = queue.subscribe("tasks", "worker");
      assert.equal((await nextOf(subscription)).payload, "poison");
      await stage.advance(LEASE_OVER_MS);
      const second = await nextOf(subscription);
      assert.deepEqual([second.payload, second.attempts], ["poison", 2]);
      await stage.advance(LEASE_OVER_MS);
      assert.deepEqual(await takeFrom(queue, subscription, 1), ["later"]);
      await subscription.return();

      assert.deepEqual(await queue.getPending("worker"), []);
      const [dead, ...others] = await queue.getDeadLetters("worker");
      assert.deepEqual(others, []);
      assert.deepEqual([dead.payload, dead.attempts, dead.leasedUntil], ["poison", 2, null]);
      assert.deepEqual(await queue.getDeadLetters("worker", { channel: "errands" }), []);
      assert.equal((await queue.get(dead.id))?.acknowledged, false);

      await using resumed = queue.subscribe("tasks", "worker");
      const coming = resumed.next();
      assert.equal(await neverResolves(coming), true);
      assert.equal(await queue.requeue(dead), true);
      assert.equal(await queue.requeue(dead), false);
      const { value } = await within(coming, "the requeued message");
      assert.deepEqual([value.payload, value.attempts], ["poison", 1]);
      assert.deepEqual(await queue.getDeadLetters("worker"), []);
    },
  );

  test("a message that is put back counts its attempts, and becomes a dead letter", async (stage) => {
    const queue = await stage.open({ maxAttempts: 3 });
    const subscription = queue.subscribe("tasks", "worker");
    await subscription.ready;
    for (const targetAgent of ["worker", undefined]) {
      const { id } = await queue.publish(task("loops", { targetAgent }));
      for (let attempts = 1; attempts <= 3; attempts++) {
        const record = await nextOf(subscription);
        assert.deepEqual([record.id, record.attempts], [id, attempts]);
        await queue.put(record);
      }
    }
    assert.deepEqual(await queue.getPending("worker"), []);
    const dead = await queue.getDeadLetters("worker");
    assert.deepEqual(dead.map(({ attempts }) => attempts), [3, 3]);
    // A dead letter that is put again begins anew, as one that is requeued.
    await queue.put(dead[0]);
    const again = await nextOf(subscription);
    assert.deepEqual([again.id, again.attempts], [dead[0].id, 1]);
    assert.equal(await queue.acknowledge(again), true);
    await subscription.return();
  });

  waiting("a dead letter can be acknowledged and deleted", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 1 });
    const first = await queue.publish(task(1));
    const second = await queue.publish(task(2));
    const subscription = queue.subscribe("tasks", "worker", { prefetch: 2 });
    await nextOf(subscription);
    await nextOf(subscription);
    await subscription.return();
    await stage.advance(LEASE_OVER_MS);
    assert.deepEqual(payloads(await queue.getDeadLetters("worker")), [1, 2]);
    assert.deepEqual(payloads(await queue.getDeadLetters("worker", { limit: 1 })), [1]);
    assert.equal(await queue.acknowledge(first.id), true);
    assert.equal(await queue.delete(second.id), true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
  });

  test("getPending shows leases and takes none", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task("held"));
    await queue.publish(task("free"));
    await using subscription = queue.subscribe("tasks", "worker");
    const held = await nextOf(subscription);
    for (let i = 0; i < 2; i++) {
      const pending = await queue.getPending("worker");
      assert.deepEqual(payloads(pending), ["held", "free"]);
      assert.deepEqual(pending[0].leasedUntil, held.leasedUntil);
      assert.deepEqual([pending[0].attempts, pending[1].attempts], [1, 0]);
      assert.equal(pending[1].leasedUntil, null);
    }
    const [, free] = await queue.getPending("worker");
    assert.equal(await queue.acknowledge(free), true);
    assert.deepEqual(payloads(await queue.getPending("worker")), ["held"]);
  });

  test("prefetched messages that were not yielded are released at once", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 5; i++) await queue.publish(task(i));
    for await (const record of queue.subscribe("tasks", "worker", { prefetch: 5 })) {
      assert.equal(record.payload, 0);
      break;
    }
    const pending = await queue.getPending("worker");
    assert.deepEqual(pending.map(({ attempts }) => attempts), [1, 0, 0, 0, 0]);
    await using subscription = queue.subscribe("tasks", "worker");
    assert.equal((await nextOf(subscription)).payload, 1);
  });

  waiting("a prefetched message is not yielded after its lease", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    for (let i = 0; i < 2; i++) await queue.publish(task(i));
    await using slow = queue.subscribe("tasks", "worker", { prefetch: 2 });
    await queue.acknowledge(await nextOf(slow));
    await stage.advance(LEASE_OVER_MS);
    await using quick = queue.subscribe("tasks", "worker");
    assert.deepEqual(await takeFrom(queue, quick, 1), [1]);
    assert.equal(await neverResolves(slow.next()), true);
  });

  waiting(
    "a release after the end of the lease does not affect the lease of another consumer",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
      for (let i = 0; i < 2; i++) await queue.publish(task(i));
      const slow = queue.subscribe("tasks", "worker", { prefetch: 2 });
      await queue.acknowledge(await nextOf(slow));
      await stage.advance(LEASE_OVER_MS);
      await using quick = queue.subscribe("tasks", "worker");
      const held = await nextOf(quick);
      await slow.return();
      const [pending] = await queue.getPending("worker");
      assert.deepEqual([pending.payload, pending.attempts], [1, 2]);
      assert.deepEqual(pending.leasedUntil, held.leasedUntil);
    },
  );

  test("a signal, return and close end a waiting subscription", async (stage) => {
    const queue = await stage.open();
    const stop = new AbortController();
    const aborted = queue.subscribe("tasks", "worker", { signal: stop.signal });
    const returned = queue.subscribe("tasks", "worker");
    const closed = queue.subscribe("tasks", "worker");
    const waiting = [aborted, returned, closed].map((subscription) => subscription.next());
    await Promise.all([aborted.ready, returned.ready, closed.ready]);
    stop.abort();
    assert.equal((await within(waiting[0], "the end by signal")).done, true);
    await returned.return();
    assert.equal((await within(waiting[1], "the end by return")).done, true);
    await queue.close();
    assert.equal((await within(waiting[2], "the end by close")).done, true);
    assert.equal((await aborted.next()).done, true);
  });

  test("an aborted signal ends a subscription before it begins", async (stage) => {
    const queue = await stage.open();
    await queue.publish(task(1));
    const subscription = queue.subscribe("tasks", "worker", { signal: AbortSignal.abort() });
    assert.equal((await within(subscription.next(), "the end")).done, true);
    assert.deepEqual((await queue.getPending("worker")).map(({ attempts }) => attempts), [0]);
  });

  test("calls of next at the same time get different messages", async (stage) => {
    const queue = await stage.open();
    await using subscription = queue.subscribe("tasks", "worker");
    const coming = [subscription.next(), subscription.next(), subscription.next()];
    for (let i = 0; i < 3; i++) await queue.publish(task(i));
    const results = await within(Promise.all(coming), "three messages");
    assert.deepEqual(results.map(({ value }) => value.payload), [0, 1, 2]);
  });

  waiting("a leased message that is deleted cannot be acknowledged", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    const { id } = await queue.publish(task("deleted"));
    await using subscription = queue.subscribe("tasks", "worker");
    const record = await nextOf(subscription);
    await queue.delete(id);
    assert.equal(await queue.acknowledge(record), false);
    await stage.advance(LEASE_OVER_MS);
    assert.equal(await neverResolves(subscription.next()), true);
    assert.deepEqual(await queue.getDeadLetters("worker"), []);
  });

  test("an idle subscription gets a released message at once", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 2; i++) await queue.publish(task(i));
    const holder = queue.subscribe("tasks", "worker", { prefetch: 2 });
    await nextOf(holder);
    await using idle = queue.subscribe("tasks", "worker");
    const coming = idle.next();
    assert.equal(await neverResolves(coming), true);
    await holder.return();
    assert.equal((await within(coming, "the returned message")).value.payload, 1);
  });
}
