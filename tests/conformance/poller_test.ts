// Polls, on local channels and on segments: they differ only in how they are opened.

import assert from "node:assert/strict";
import {
  LocalChannel,
  type LocalHandle,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmClosedError,
  ShmTimeoutError,
  Signal,
  Subscriber,
} from "../../mod.ts";
import {
  Deadline,
  poll,
  type Pollable,
  Poller,
  type PollEvent,
  pollSync,
} from "../../lib/events/mod.ts";
import { POLL_SOURCE } from "../../lib/channel/wait.ts";
import { within } from "../support/deadline.ts";
import { WAITERS_RECEIVERS } from "../../wasm/layout.ts";
import { TestDirectory } from "./channel/directory.ts";

/** What a name or a handle is opened with. */
type Target = readonly [target: string | LocalHandle, options: { dir?: string }];

/** Registers a test on both carriers; each call of `channel` returns another channel. */
function testPoll(
  name: string,
  body: (channel: () => Target, stack: DisposableStack) => void | Promise<void>,
): void {
  Deno.test(`poll, local: ${name}`, async () => {
    using stack = new DisposableStack();
    await body(() => [
      stack.use(LocalChannel.create({ capacityBytes: 4096 })).handle,
      {},
    ], stack);
  });
  Deno.test(`poll, shm: ${name}`, async () => {
    using directory = new TestDirectory();
    using stack = new DisposableStack();
    let count = 0;
    await body(() => [`c${count++}`, { dir: directory.path }], stack);
  });
}

/** Events as pairs of the place of the source and the kind. */
function told<S extends Pollable>(
  sources: readonly S[],
  events: readonly PollEvent<S>[],
): [number, string][] {
  return events.map(({ source, kind }) => [sources.indexOf(source), kind]);
}

testPoll("tells what is ready, and takes nothing", async (channel, stack) => {
  const [a, b, c, d, e] = [channel(), channel(), channel(), channel(), channel()];
  const subscriber = stack.use(new Subscriber<number>(...a));
  const puller = stack.use(new Puller<number>(...b));
  const ackPuller = stack.use(new Puller<number>(c[0], { ...c[1], ack: true, maxUnacked: 1 }));
  const replier = stack.use(new Replier<number, number>(...d));
  const signal = stack.use(new Signal(...e));
  const all = [subscriber, puller, ackPuller, replier, signal];
  using poller = new Poller<Pollable>(all);
  assert.deepEqual(poller.waitSync({ timeoutMs: 1 }), []);
  assert.deepEqual(await poller.wait({ timeoutMs: 1 }), []);
  assert.deepEqual(pollSync(all, { timeoutMs: 0 }), []);

  stack.use(new Publisher<number>(...a)).sendMany([1, 2]);
  stack.use(new Pusher<number>(...b)).sendMany([3, 4]);
  stack.use(new Pusher<number>(...c)).sendMany([5, 6]);
  const reply = stack.use(new Requester<number, number>(...d)).request(7);
  stack.use(new Signal(...e)).notify(8);
  const everything = all.map((_, at) => [at, "ready"]);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(told(all, pollSync(all)), everything);
    assert.deepEqual(told(all, await poll(all)), everything);
    assert.deepEqual(told(all, poller.waitSync()).sort(), everything);
    assert.deepEqual(told(all, await poller.wait()).sort(), everything);
  }

  assert.deepEqual(subscriber.drain(), [1, 2]);
  assert.deepEqual([puller.tryRecv(), puller.recvSync()], [3, 4]);
  assert.deepEqual(signal.tryWait(), [8]);
  replier.send(replier.recvSync() + 1);
  assert.equal(await reply, 8);
  const first = ackPuller.recvSync();
  assert.equal(first.value, 5);
  // At its limit of unacknowledged messages a puller gets none.
  assert.deepEqual(poller.waitSync({ timeoutMs: 0 }), []);
  first.ack();
  assert.deepEqual(told(all, poller.waitSync()), [[2, "ready"]]);
  const second = ackPuller.recvSync();
  assert.equal(second.value, 6);
  second.ack();
  assert.deepEqual(poller.waitSync({ timeoutMs: 0 }), []);
});

testPoll("a wait in the event loop ends with each of its sources", async (channel, stack) => {
  const channels = [channel(), channel(), channel()];
  const subscriber = stack.use(new Subscriber<number>(...channels[0]));
  const puller = stack.use(new Puller<number>(...channels[1]));
  const signal = stack.use(new Signal(...channels[2]));
  const publisher = stack.use(new Publisher<number>(...channels[0]));
  const pusher = stack.use(new Pusher<number>(...channels[1]));
  const other = stack.use(new Signal(...channels[2]));
  const sources = [subscriber, puller, signal];
  using poller = new Poller<Pollable>(sources);
  const sends = [() => publisher.send(1), () => pusher.send(2), () => other.notify(3)];
  const receives = [() => subscriber.tryRecv(), () => puller.tryRecv(), () => signal.tryWait()[0]];
  for (let round = 0; round < 2; round++) {
    for (const [at, send] of sends.entries()) {
      const waited = poller.wait();
      send();
      assert.deepEqual(told(sources, await within(waited, "an event")), [[at, "ready"]]);
      assert.equal(receives[at](), at + 1);
    }
  }
});

testPoll("with a limit each of the ready ones has its turn", async (channel, stack) => {
  const target = channel();
  const subscribers = Array.from({ length: 7 }, () => stack.use(new Subscriber<number>(...target)));
  stack.use(new Publisher<number>(...target)).send(1);
  using poller = new Poller(subscribers);
  for (const limit of [1, 2, 3]) {
    const counts = new Map<unknown, number>();
    for (let i = 0; i < 7; i++) {
      const events = i % 2 === 0 ? poller.waitSync({ limit }) : await poller.wait({ limit });
      assert.equal(events.length, limit);
      for (const { source } of events) counts.set(source, (counts.get(source) ?? 0) + 1);
    }
    assert.deepEqual([...counts.values()], Array(7).fill(limit));
  }
  // Without a limit all are told, and another one is the first each time.
  const firsts = new Set(subscribers.map(() => poller.waitSync()[0].source));
  assert.equal(firsts.size, 7);
});

testPoll("a socket that is closed while it is polled ends the wait", async (channel, stack) => {
  const [a, b] = [channel(), channel()];
  const sources = [a, b].map((target) => stack.use(new Subscriber(...target)));
  using poller = new Poller(sources);
  const waited = poller.wait();
  sources[1].close();
  assert.deepEqual(told(sources, await within(waited, "an event")), [[1, "closed"]]);
  assert.deepEqual([poller.size, poller.has(sources[0]), poller.has(sources[1])], [1, true, false]);
  assert.deepEqual(told(sources, pollSync(sources)), [[1, "closed"]]);
  sources[0].close();
  assert.deepEqual(told(sources, poller.waitSync()), [[0, "closed"]]);
  assert.equal(poller.size, 0);
});

testPoll("sources come and go while it waits", async (channel, stack) => {
  const [a, b] = [channel(), channel()];
  const sources = [a, b].map((target) => stack.use(new Signal(...target)));
  const others = [a, b].map((target) => stack.use(new Signal(...target)));
  using poller = new Poller<Pollable>([sources[0]]);
  const first = poller.wait();
  poller.add(sources[1]);
  poller.add(sources[1]);
  assert.equal(poller.size, 2);
  others[1].notify(1);
  assert.deepEqual(told<Pollable>(sources, await within(first, "an event")), [[1, "ready"]]);
  sources[1].tryWait();
  const second = poller.wait();
  assert.equal(poller.delete(sources[0]), true);
  assert.equal(poller.delete(sources[0]), false);
  others[0].notify(1);
  others[1].notify(1);
  assert.deepEqual(told<Pollable>(sources, await within(second, "an event")), [[1, "ready"]]);
});

testPoll("a deadline is due until it is set again", async (channel, stack) => {
  const subscriber = stack.use(new Subscriber(...channel()));
  const soon = new Deadline(0);
  const never = new Deadline();
  using poller = new Poller<Pollable>([subscriber, soon, never]);
  const sources = [subscriber, soon, never];
  assert.deepEqual([soon.isDue, soon.remainingMs, never.isDue], [true, 0, false]);
  assert.equal(never.remainingMs, Infinity);
  assert.throws(() => soon.set(-1), RangeError);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(told<Pollable>(sources, poller.waitSync()), [[1, "due"]]);
    assert.deepEqual(told<Pollable>(sources, await poller.wait()), [[1, "due"]]);
  }
  for (const wait of [() => poller.waitSync(), () => poller.wait()]) {
    const started = performance.now();
    soon.set(15);
    const events = await wait();
    assert.ok(performance.now() - started >= 15);
    assert.deepEqual(told<Pollable>(sources, events), [[1, "due"]]);
  }
  soon.clear();
  assert.deepEqual(poller.waitSync({ timeoutMs: 1 }), []);
});

testPoll("a wait ends with its signal, and with close()", async (channel, stack) => {
  const subscriber = stack.use(new Subscriber(...channel()));
  const poller = new Poller([subscriber]);
  const controller = new AbortController();
  const aborted = poller.wait({ signal: controller.signal });
  await assert.rejects(poller.wait(), /waits already/);
  assert.throws(() => poller.waitSync(), /waits already/);
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await assert.rejects(poll([subscriber], { signal: AbortSignal.abort(new Error("no")) }), /no/);
  const closed = poller.wait();
  poller.close();
  poller.close();
  await assert.rejects(closed, ShmClosedError);
  await assert.rejects(poller.wait(), ShmClosedError);
  assert.throws(() => poller.waitSync(), ShmClosedError);
  assert.throws(() => poller.add(subscriber), ShmClosedError);
  assert.equal(subscriber.closed, false);
});

testPoll("a recv() that waits for a socket is served beside a poll", async (channel, stack) => {
  const [a, b] = [channel(), channel()];
  const sources = [a, b].map((target) => stack.use(new Puller<number>(...target)));
  const senders = [a, b].map((target) => stack.use(new Pusher<number>(...target)));
  const received = sources[0].recv();
  const waited = poll(sources);
  const later = sources[0].recv();
  senders[0].sendMany([1, 2]);
  assert.deepEqual(await within(Promise.all([received, later]), "the messages"), [1, 2]);
  senders[1].send(3);
  const [event] = await within(waited, "an event");
  assert.ok(event.kind === "ready");
  assert.equal(sources[1].tryRecv(), 3);
});

testPoll("an error of a message is left to the call that receives", (channel, stack) => {
  const [target, options] = channel();
  const codec = {
    id: "odd",
    encode: (value: unknown) => new TextEncoder().encode(String(value)),
    decode: () => {
      throw new Error("odd");
    },
  };
  const puller = stack.use(new Puller(target, { ...options, codec }));
  stack.use(new Pusher(target, { ...options, codec })).send(1);
  assert.equal(pollSync([puller])[0].kind, "ready");
  assert.throws(() => puller.tryRecv(), /odd/);
  assert.deepEqual(pollSync([puller], { timeoutMs: 0 }), []);
});

testPoll("of a subscriber with topics tells the messages that it wants", (channel, stack) => {
  const [target, options] = channel();
  const wanted = stack.use(new Subscriber<number>(target, { ...options, topics: ["pose.*"] }));
  const newest = stack.use(new Subscriber<number>(target, { ...options, conflate: true }));
  const publisher = stack.use(new Publisher<number>(target, options));
  const sources = [wanted, newest];
  publisher.sendMany([1, 2], { topic: "battery" });
  assert.deepEqual(told(sources, pollSync(sources)), [[1, "ready"]]);
  assert.deepEqual([newest.tryRecv(), newest.topic], [2, "battery"]);
  publisher.sendMany([3, 4], { topic: "pose.arm" });
  publisher.send(5, { topic: "pose.leg" });
  assert.deepEqual([wanted.tryRecv(), wanted.topic], [3, "pose.arm"]);
  assert.deepEqual(told(sources, pollSync(sources)), [[0, "ready"], [1, "ready"]]);
  // What was received last is not changed by a poll.
  assert.deepEqual([wanted.topic, newest.topic], ["pose.arm", "battery"]);
  assert.deepEqual(newest.drain(), [4, 5]);
  assert.deepEqual([...wanted.drain(), wanted.topic], [4, 5, "pose.leg"]);
  assert.deepEqual(pollSync(sources, { timeoutMs: 0 }), []);
});

Deno.test("poll: what cannot be polled, and nothing at all, is an error", async () => {
  using channel = LocalChannel.create();
  using publisher = new Publisher(channel.handle);
  for (const wrong of [publisher, {}, null, 1, undefined]) {
    const sources = [wrong as unknown as Pollable];
    assert.throws(() => new Poller(sources), TypeError);
    assert.throws(() => pollSync(sources), /a poll waits for a Subscriber, Puller/);
    await assert.rejects(poll(sources), TypeError);
  }
  await assert.rejects(poll([]), /nothing to wait for/);
  assert.throws(() => pollSync(5 as never), /cannot poll 5: a poll waits for a Subscriber/);
  await assert.rejects(poll(null as never), /cannot poll null: a poll waits for a Subscriber/);
  assert.throws(() => pollSync([]), /nothing to wait for/);
  assert.deepEqual(pollSync([], { timeoutMs: 1 }), []);
  assert.deepEqual(await poll([], { timeoutMs: 1 }), []);
  assert.throws(() => pollSync([], { limit: 0 }), RangeError);
});

Deno.test("poll: a channel that is closed for all is told as closed", async () => {
  using channel = LocalChannel.create();
  using subscriber = new Subscriber(channel.handle);
  const waited = poll([subscriber]);
  channel.close();
  assert.equal((await within(waited, "an event"))[0].kind, "closed");
  assert.equal(pollSync([subscriber])[0].kind, "closed");
});

testPoll(
  "a call that blocks leaves the waits of the event loop announced",
  async (channel, stack) => {
    const [target, options] = channel();
    const subscriber = stack.use(new Subscriber<number>(target, options));
    const publisher = stack.use(new Publisher<number>(target, options));
    const { ring, index } = subscriber[POLL_SOURCE]().attachment!;
    const waits: (() => Promise<unknown>)[] = [() => poll([subscriber]), () => subscriber.recv()];
    for (const begin of waits) {
      const wait = begin();
      for (let i = 0; i < 3; i++) {
        assert.throws(() => subscriber.recvSync({ timeoutMs: 1 }), ShmTimeoutError);
        assert.ok(ring.wake(index, WAITERS_RECEIVERS), "a sender finds nobody to wake");
      }
      assert.throws(() => subscriber.recvSync({ timeoutMs: 1 }), ShmTimeoutError);
      publisher.send(1);
      await within(wait, "a message ends the wait");
      subscriber.drain();
      assert.ok(!ring.wake(index, WAITERS_RECEIVERS));
    }
  },
);
