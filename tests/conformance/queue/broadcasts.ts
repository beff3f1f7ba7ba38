import assert from "node:assert/strict";
import type { Gap, Subscription } from "../../../mod.ts";
import { within } from "../../support/deadline.ts";
import {
  LEASE_OVER_MS,
  LEASE_SECONDS,
  nextOf,
  payloads,
  takeFrom,
  task,
  type TestOn,
} from "./stage.ts";

const AGENTS = ["ann", "bob", "cyd"];

/** A broadcast. */
function news(payload: unknown, others: Record<string, unknown> = {}) {
  return { ...task(payload, others), channel: "news", targetAgent: null };
}

/** Messages for all subscribers of a channel. */
export function broadcastTests(test: TestOn, waiting: TestOn): void {
  test("a broadcast reaches every live subscriber of its channel", async (stage) => {
    const [sender, receiver] = [await stage.open(), await stage.open()];
    const subscriptions = AGENTS.map((agent) => receiver.subscribe("news", agent));
    const elsewhere = receiver.subscribe("gossip", "ann");
    await Promise.all([...subscriptions, elsewhere].map(({ ready }) => ready));
    await sender.publish(news("extra"));
    const records = await Promise.all(subscriptions.map((subscription) => nextOf(subscription)));
    assert.deepEqual(payloads(records), ["extra", "extra", "extra"]);
    assert.deepEqual(records.map(({ agentId }) => agentId), AGENTS);
    await sender.publish({ ...news("gossip"), channel: "gossip" });
    assert.equal((await nextOf(elsewhere)).payload, "gossip");
    await Promise.all([...subscriptions, elsewhere].map((subscription) => subscription.return()));
  });

  test("a broadcast waits for subscriptions of the same queue that are starting", async (stage) => {
    const queue = await stage.open();
    await using subscription = queue.subscribe("news", "ann");
    await queue.publish(news("just in time"));
    assert.equal((await nextOf(subscription)).payload, "just in time");
  });

  waiting("each agent acknowledges a broadcast for itself", async (stage) => {
    const queue = await stage.open({ leaseSeconds: LEASE_SECONDS });
    const [ann, bob] = ["ann", "bob"].map((agent) => queue.subscribe("news", agent));
    await Promise.all([ann.ready, bob.ready]);
    const { id } = await queue.publish(news("both"));
    assert.equal(await queue.acknowledge(await nextOf(ann)), true);
    await nextOf(bob);
    assert.deepEqual(await queue.getPending("ann"), []);
    assert.deepEqual(payloads(await queue.getPending("bob")), ["both"]);
    await stage.advance(LEASE_OVER_MS);
    const again = await nextOf(bob);
    assert.equal(again.attempts, 2);

    assert.equal((await queue.get(id))?.acknowledged, false);
    assert.equal((await queue.get(id, { agentId: "ann" }))?.acknowledged, true);
    assert.equal((await queue.get(id, { agentId: "bob" }))?.acknowledged, false);
    assert.equal((await queue.getMany([id], { agentId: "ann" }))[0]?.acknowledged, true);
    assert.equal((await queue.list())[0].acknowledged, false);
    assert.equal((await queue.list({ agentId: "ann" }))[0].acknowledged, true);
    assert.equal(await queue.count({ acknowledged: true }), 0);

    assert.equal(await queue.acknowledge(id, { agentId: "bob" }), true);
    assert.equal(await queue.acknowledge(id, { agentId: "ann" }), true);
    assert.equal(await queue.acknowledge(id, { agentId: "other" }), false);
    assert.deepEqual(await queue.getPending("bob"), []);
    await Promise.all([ann.return(), bob.return()]);
  });

  test("acknowledging a broadcast by its bare id is rejected", async (stage) => {
    const queue = await stage.open();
    const record = await queue.publish(news("whose?"));
    for (const message of [record.id, record]) {
      await assert.rejects(queue.acknowledge(message), {
        name: "TypeError",
        message: new RegExp(`"${record.id}".*\\{ agentId \\}`),
      });
    }
    await assert.rejects(queue.requeue(record.id), TypeError);
  });

  test("consumers of one agent share its broadcasts", async (stage) => {
    const queue = await stage.open();
    const COUNT = 20;
    const seen: unknown[] = [];
    const stop = new AbortController();
    const consumers = [1, 2].map(async () => {
      for await (const record of queue.subscribe("news", "ann", { signal: stop.signal })) {
        seen.push(record.payload);
        await queue.acknowledge(record);
        if (seen.length === COUNT) stop.abort();
      }
    });
    for (let i = 0; i < COUNT; i++) await queue.publish(news(i));
    await within(Promise.all(consumers), "all broadcasts");
    assert.equal(new Set(seen).size, COUNT);
  });

  test("a subscriber receives the broadcasts of its absence", async (stage) => {
    const queue = await stage.open();
    const before = queue.subscribe("news", "ann");
    await before.ready;
    await queue.publish(news(0));
    await queue.acknowledge(await nextOf(before));
    await before.return();
    for (let i = 1; i <= 5; i++) await queue.publish(news(i));
    const again = await stage.open();
    await using after = again.subscribe("news", "ann");
    assert.deepEqual(await takeFrom(again, after, 5), [1, 2, 3, 4, 5]);
    assert.equal(after.missed, 0);
  });

  test("a new subscriber begins with new broadcasts, or with the oldest", async (stage) => {
    const queue = await stage.open();
    for (let i = 0; i < 3; i++) await queue.publish(news(i));
    await queue.publish({ ...news("not for all"), targetAgent: "zoe" });
    const ann = queue.subscribe("news", "ann");
    const bob = queue.subscribe("news", "bob", { from: "oldest" });
    await Promise.all([ann.ready, bob.ready]);
    await queue.publish(news("new"));
    assert.deepEqual(await takeFrom(queue, ann, 1), ["new"]);
    assert.deepEqual(await takeFrom(queue, bob, 4), [0, 1, 2, "new"]);
    await Promise.all([ann.return(), bob.return()]);
    await using again = queue.subscribe("news", "bob", { from: "oldest" });
    await queue.publish(news("once"));
    assert.deepEqual(await takeFrom(queue, again, 1), ["once"]);
  });

  test("messages that maxItems removes are reported to the subscriber as a gap", async (stage) => {
    const queue = await stage.open({ maxItems: 5 });
    await closeSubscription(queue.subscribe("news", "ann"));
    for (let i = 0; i < 12; i++) await queue.publish(news(i));
    const gaps: Gap[] = [];
    await using subscription = queue.subscribe("news", "ann", { onGap: (gap) => gaps.push(gap) });
    assert.deepEqual(await takeFrom(queue, subscription, 5), [7, 8, 9, 10, 11]);
    assert.deepEqual(gaps, [{ channel: "news", agentId: "ann", missed: 7 }]);
    assert.equal(subscription.missed, 7);
    await queue.publish(news("next"));
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["next"]);
    assert.equal(subscription.missed, 7);
  });

  waiting("acknowledged, deleted and expired messages are not reported as a gap", async (stage) => {
    const queue = await stage.open({ maxItems: 3 });
    const subscription = queue.subscribe("news", "ann");
    await subscription.ready;
    for (let i = 0; i < 6; i++) {
      await queue.publish(news(i));
      await queue.acknowledge(await nextOf(subscription));
    }
    const { id } = await queue.publish(news("deleted"));
    await queue.delete(id);
    await queue.publish(news("expires", { ttlSeconds: 0.2 }));
    await subscription.return();
    await stage.advance(300);
    await using after = queue.subscribe("news", "ann");
    await queue.publish(news("last"));
    assert.deepEqual(await takeFrom(queue, after, 1), ["last"]);
    assert.equal(after.missed, 0);
  });

  test("an agent that subscribes again from the oldest begins anew with what it had not acknowledged", async (stage) => {
    const queue = await stage.open();
    const subscription = queue.subscribe("news", "reader");
    await subscription.ready;
    for (const payload of ["done", "open"]) {
      await queue.publish({ channel: "news", sourceAgent: "boss", payload });
    }
    await queue.acknowledge(await nextOf(subscription));
    const open = await nextOf(subscription);
    await subscription.return();
    assert.equal(await queue.unsubscribe("news", "reader"), true);
    await using again = queue.subscribe("news", "reader", { from: "oldest" });
    const record = await nextOf(again);
    assert.deepEqual([record.payload, record.attempts], ["open", 1]);
    assert.equal(await queue.acknowledge(open), false);
    assert.equal(await queue.acknowledge(record), true);
    assert.deepEqual(await queue.getPending("reader"), []);
  });

  test("unsubscribe removes the agent and its pending broadcasts", async (stage) => {
    const queue = await stage.open();
    await closeSubscription(queue.subscribe("news", "ann"));
    await queue.publish(news("waits"));
    await queue.publish(task("targeted", { channel: "news", targetAgent: "ann" }));
    assert.equal(await queue.unsubscribe("news", "ann"), true);
    assert.equal(await queue.unsubscribe("news", "ann"), false);
    await queue.publish(news("while away"));
    assert.deepEqual(payloads(await queue.getPending("ann")), ["targeted"]);
    await using subscription = queue.subscribe("news", "ann");
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["targeted"]);
    await queue.publish(news("back"));
    assert.deepEqual(await takeFrom(queue, subscription, 1), ["back"]);
  });

  test("a live subscription gets broadcasts after another queue has unsubscribed its agent", async (stage) => {
    const queue = await stage.open();
    const other = await stage.open();
    await using subscription = queue.subscribe("news", "ann");
    await subscription.ready;
    for (let i = 0; i < 3; i++) {
      const coming = subscription.next();
      assert.equal(await other.unsubscribe("news", "ann"), true);
      await other.publish(news(i));
      const { value } = await within(coming, "the broadcast");
      assert.equal(value.payload, i);
      assert.equal(await queue.acknowledge(value), true);
    }
    assert.deepEqual(await queue.getPending("ann"), []);
  });

  test("broadcasts and targeted messages share one order of priority", async (stage) => {
    const queue = await stage.open();
    const subscription = queue.subscribe("news", "ann");
    await subscription.ready;
    const before = await nextAfter(queue.publish(news("first")), subscription);
    await queue.publish(news("low", { priority: 1 }));
    await queue.publish(task("high", { channel: "news", targetAgent: "ann", priority: 3 }));
    await queue.publish(news("middle", { priority: 2 }));
    const pending = payloads(await queue.getPending("ann", { channel: "news" }));
    assert.deepEqual(pending, ["high", "middle", "low", "first"]);
    await queue.acknowledge(before);
    assert.deepEqual(await takeFrom(queue, subscription, 3), ["high", "middle", "low"]);
    await subscription.return();
  });

  waiting(
    "a broadcast that fails too often becomes a dead letter of only that agent",
    async (stage) => {
      const queue = await stage.open({ leaseSeconds: LEASE_SECONDS, maxAttempts: 1 });
      const [ann, bob] = ["ann", "bob"].map((agent) => queue.subscribe("news", agent));
      await Promise.all([ann.ready, bob.ready]);
      await queue.publish(news("poison"));
      await queue.acknowledge(await nextOf(bob));
      await nextOf(ann);
      await Promise.all([ann.return(), bob.return()]);
      await stage.advance(LEASE_OVER_MS);
      const [dead] = await queue.getDeadLetters("ann");
      assert.equal(dead.payload, "poison");
      assert.deepEqual(await queue.getDeadLetters("bob"), []);
      assert.equal(await queue.requeue(dead), true);
      assert.deepEqual(payloads(await queue.getPending("ann")), ["poison"]);
    },
  );
}

/** Subscribes an agent to the channel, and ends the iteration. */
async function closeSubscription(subscription: Subscription): Promise<void> {
  await subscription.ready;
  await subscription.return();
}

async function nextAfter(published: Promise<unknown>, subscription: Subscription) {
  await published;
  return await nextOf(subscription);
}
