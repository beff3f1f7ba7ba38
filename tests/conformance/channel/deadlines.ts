// Subscribers that expect each publisher to send in time, on one kind of memory.

import assert from "node:assert/strict";
import { testOn, type TestTransport } from "./channel.ts";

/** Long enough that a busy machine sends in time, and short enough to wait for. */
const LONG_MS = 60_000;
const SHORT_MS = 20;

export function testDeadlines(transport: TestTransport): void {
  testOn(
    transport,
    "a publisher that is silent misses the deadline once, and meets it with its next message",
    async (open) => {
      const channel = open();
      const lidar = channel.publisher<number>({ label: "lidar" });
      const subscriber = channel.subscriber<number>({ deadlineMs: SHORT_MS });
      await using deadlines = subscriber.deadlines();
      const missed = (await deadlines.next()).value!;
      assert.deepEqual([missed.type, missed.label, missed.pid], ["missed", "lidar", Deno.pid]);
      assert.ok(missed.silentMs >= SHORT_MS, `${missed.silentMs}`);
      const next = deadlines.next();
      lidar.send(1);
      const met = (await next).value!;
      assert.deepEqual([met.type, met.id], ["met", missed.id]);
      assert.ok(met.silentMs >= missed.silentMs);
      assert.deepEqual(subscriber.drain(), [1], "no message is taken");
      const again = (await deadlines.next()).value!;
      assert.deepEqual([again.type, again.id], ["missed", missed.id]);
    },
  );

  testOn(transport, "each publisher has a deadline of its own", async (open) => {
    const channel = open();
    const labels = ["a", "b", "c"];
    labels.forEach((label) => channel.publisher({ label }));
    const subscriber = channel.subscriber({ deadlineMs: SHORT_MS });
    const missed: (string | undefined)[] = [];
    for await (const { type, label } of subscriber.deadlines()) {
      assert.equal(type, "missed");
      if (missed.push(label) === labels.length) break;
    }
    assert.deepEqual(missed.sort(), labels);
  });

  testOn(
    transport,
    "a subscriber that closes, or a signal, ends a watch of deadlines",
    async (open) => {
      const channel = open();
      channel.publisher();
      const subscriber = channel.subscriber({ deadlineMs: LONG_MS });
      const stop = new AbortController();
      const aborted = subscriber.deadlines({ signal: stop.signal }).next();
      const returned = subscriber.deadlines();
      const waiting = returned.next();
      const closed = subscriber.deadlines().next();
      stop.abort();
      assert.deepEqual(await aborted, { done: true, value: undefined });
      await returned.return();
      assert.deepEqual(await waiting, { done: true, value: undefined });
      subscriber.close();
      assert.deepEqual(await closed, { done: true, value: undefined });
      assert.throws(() => subscriber.deadlines(), { name: "ShmClosedError" });
    },
  );

  testOn(transport, "deadlines need the option, and a time that can pass", (open) => {
    const channel = open();
    const subscriber = channel.subscriber();
    assert.throws(() => subscriber.deadlines(), /the subscriber has none; pass deadlineMs/);
    for (const deadlineMs of [0, -1, 0.5, NaN, Infinity, "5"]) {
      const options = { deadlineMs: deadlineMs as number };
      assert.throws(() => channel.subscriber(options), { name: "RangeError" }, `${deadlineMs}`);
    }
    const publisherOptions = { deadlineMs: 5 } as object;
    assert.throws(() => channel.publisher(publisherOptions), /only subscribers expect messages/);
  });
}
