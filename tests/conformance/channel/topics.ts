// Messages with topics, and subscribers that choose among them, on one kind of memory.

import assert from "node:assert/strict";
import type { Publisher, Subscriber, SubscriberOptions, TopicMessage } from "../../../mod.ts";
import { poll } from "../../../lib/events/mod.ts";
import type { RingExports } from "../../../wasm/ring_exports.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { numbers, packed, pattern, sameBytes } from "./values.ts";

const CAPACITY = 1024;
const POSE: SubscriberOptions = { topics: ["pose.*"] };

/** Sends three messages: one of `pose.arm`, one of `battery`, one without a topic. */
function sendThree(publisher: Publisher<number>, first: number): void {
  publisher.send(first, { topic: "pose.arm" });
  publisher.send(first + 1, { topic: "battery" });
  publisher.send(first + 2);
}

/** From now on another message follows each that a subscriber takes, as if publishers were always faster. */
function endlessly(subscriber: Subscriber<number>, send: () => void): void {
  const { attachment } = subscriber as unknown as { attachment: { ring: RingExports } };
  const { ring } = attachment;
  const take = (size: number, flags: number) => {
    send();
    return ring.take(size, flags);
  };
  attachment.ring = { ...ring, take };
}

export function testTopics(transport: TestTransport): void {
  testOn(
    transport,
    "a subscriber gets the topics that match, whatever call sends",
    async (open) => {
      const channel = open();
      const publisher = channel.publisher<number>();
      const all = channel.subscriber<number>();
      const pose = channel.subscriber<number>(POSE);
      const told = channel.subscriber<TopicMessage<number>>({ withTopic: true });
      publisher.send(0, { topic: "pose.arm" });
      publisher.send(1, { topic: "battery" });
      publisher.send(2, { topic: undefined });
      publisher.sendSync(3, { topic: "pose.base", timeoutMs: 100 });
      await publisher.sendAsync(4, { topic: "pose.arm.left" });
      publisher.sendMany([5, 6], { topic: "pose." });
      publisher.sendMany([7, 8], { topic: "POSE.arm" });
      publisher.sendMany([9]);
      assert.deepEqual(all.drain(), numbers(10));
      assert.equal(all.topic, undefined);
      assert.deepEqual(pose.drain(), [0, 3, 4, 5, 6]);
      assert.deepEqual([pose.tryRecv(), pose.topic], [undefined, "pose."]);
      const topics = [
        "pose.arm",
        "battery",
        undefined,
        "pose.base",
        "pose.arm.left",
        "pose.",
        "pose.",
      ];
      topics.push("POSE.arm", "POSE.arm", undefined);
      assert.deepEqual(told.drain(), topics.map((topic, value) => ({ topic, value })));
      const { received, unmatched, conflated, missed, dropped, errors } = pose.statistics();
      assert.deepEqual([received, unmatched, conflated, missed, dropped, errors], [
        5,
        5,
        0,
        0,
        0,
        0,
      ]);
      assert.equal(channel.totals().dropped, 0n);
    },
  );

  testOn(transport, "bytes with topics are sent and received by every call", async (open) => {
    const channel = open();
    const raw = { codec: "raw" } as const;
    const publisher = channel.publisher<Uint8Array>(raw);
    const subscriber = channel.subscriber<Uint8Array>({ ...raw, topics: ["a", "b*"] });
    const messages = numbers(9).map((n) => pattern(8, n));
    const sent = ["a", "b", "b1", "a", "b2", "a", "b", "a", "a"];
    sent.forEach((topic, n) => {
      publisher.send(pattern(8, 99));
      publisher.send(pattern(8, 98), { topic: "c" });
      if (n % 3 === 0) publisher.send(messages[n], { topic });
      else if (n % 3 === 1) publisher.sendMany(...packed([messages[n]]), { topic });
      else {
        using loan = publisher.loan(8, { topic })!;
        loan.bytes.set(messages[n]);
        loan.commit();
      }
    });
    const target = new Uint8Array(8);
    const got: [string | undefined, Uint8Array][] = [];
    const add = (bytes: Uint8Array) => got.push([subscriber.topic, bytes.slice()]);
    add(subscriber.tryRecv()!);
    add(subscriber.recvSync({ timeoutMs: 5000 }));
    add(await subscriber.recv({ timeoutMs: 5000 }));
    {
      using view = subscriber.recvView()!;
      assert.ok(view.intact);
      add(view.bytes);
    }
    assert.equal(subscriber.recvIntoSync(target, { timeoutMs: 5000 }), 8);
    add(target);
    assert.throws(() => subscriber.tryRecvInto(new Uint8Array(7)), RangeError);
    assert.equal(subscriber.tryRecvInto(target), 8);
    add(target);
    const read = subscriber.readMany((bytes, offset, length) => {
      add(bytes.subarray(offset, offset + length));
    }, { limit: 1 });
    assert.equal(read, 1);
    for await (const bytes of subscriber) {
      add(bytes);
      break;
    }
    const [last] = subscriber.drain();
    add(last);
    assert.deepEqual(got, messages.map((bytes, n) => [sent[n], bytes]));
    assert.equal(subscriber.statistics().unmatched, 18);
  });

  testOn(transport, "wildcards are those of the backends", (open) => {
    const channel = open();
    const publisher = channel.publisher<string>();
    const topics = ["a", "ab", "abc", "b", "a*", "ä.x", "a\nb", "x".repeat(255), "é".repeat(127)];
    const expected: [string[], string[]][] = [
      [["*"], topics],
      [["a"], ["a"]],
      [["a?"], ["ab", "a*"]],
      [["a*"], ["a", "ab", "abc", "a*", "a\nb"]],
      [["a\\*"], ["a*"]],
      [["[ab]"], ["a", "b"]],
      [["[^a]*"], ["b", "ä.x", "x".repeat(255), "é".repeat(127)]],
      [["*b*", "ä.?"], ["ab", "abc", "b", "ä.x", "a\nb"]],
      [["nothing"], []],
    ];
    const subscribers = expected.map(([topics]) => channel.subscriber<string>({ topics }));
    for (let round = 0; round < 2; round++) {
      for (const topic of topics) publisher.send(topic, { topic });
      subscribers.forEach((subscriber, at) =>
        assert.deepEqual(subscriber.drain(), expected[at][1])
      );
    }
  });

  testOn(transport, "messages of all sizes carry topics, also beside the ring", (open) => {
    const channel = open(CAPACITY);
    const raw = { codec: "raw" } as const;
    const publisher = channel.publisher<Uint8Array>(raw);
    const plain = channel.publisher<Uint8Array>(raw);
    const wanted = channel.subscriber<TopicMessage<Uint8Array>>({
      ...raw,
      ...POSE,
      withTopic: true,
    });
    const all = channel.subscriber<Uint8Array>(raw);
    for (const length of [0, 1, 8, 200, 440, 464, 465, 480, 488, 489, 3000, 70_000]) {
      for (const topic of ["pose.a", "pose." + "x".repeat(250)]) {
        publisher.send(pattern(length, 5), { topic: "other" });
        assert.deepEqual([wanted.drain(), all.drain().length], [[], 1]);
        publisher.send(pattern(length, 1), { topic });
        const [received, ...more] = wanted.drain();
        assert.deepEqual([received.topic, more.length, all.drain().length], [topic, 0, 1]);
        assert.ok(sameBytes(received.value, pattern(length, 1)), `${length}`);
        plain.send(pattern(length, 2));
        assert.deepEqual([wanted.drain(), all.drain().length], [[], 1]);
        const loan = publisher.loan(length, { topic })!;
        loan.bytes.set(pattern(length, 3));
        loan.commit();
        using view = wanted.recvView()!;
        assert.ok(sameBytes(view.bytes.slice(), pattern(length, 3)));
        assert.equal(wanted.topic, topic);
        assert.ok(sameBytes(all.tryRecv()!, pattern(length, 3)));
      }
    }
    assert.deepEqual([wanted.statistics().missed, wanted.statistics().errors], [0, 0]);
  });

  testOn(transport, "a publisher takes over a lane with topics before references", (open) => {
    const channel = open(CAPACITY);
    const raw = { codec: "raw" } as const;
    const subscriber = channel.subscriber<Uint8Array>(raw);
    for (let n = 0; n < 6; n++) {
      const publisher = channel.publisher<Uint8Array>(raw);
      publisher.send(pattern(3000, n), n % 2 === 0 ? { topic: "t".repeat(n + 1) } : undefined);
      publisher.close();
    }
    const successor = channel.publisher<Uint8Array>(raw);
    for (let n = 6; n < 8; n++) successor.send(pattern(3000, n), { topic: "last" });
    const received = subscriber.drain();
    const { missed } = subscriber.statistics();
    assert.equal(received.length + missed, 8);
    received.forEach((bytes, at) =>
      assert.ok(sameBytes(bytes, pattern(3000, missed + at)), `${at}`)
    );
  });

  testOn(transport, "more topics than are remembered are told apart", (open) => {
    const channel = open(256 * 1024);
    const publisher = channel.publisher<number>();
    const subscriber = channel.subscriber<TopicMessage<number>>({
      topics: ["t*7"],
      withTopic: true,
    });
    for (let round = 0; round < 2; round++) {
      for (let from = 0; from < 5000; from += 1000) {
        for (const n of numbers(1000, from)) publisher.send(n, { topic: `t${n}` });
        const received = subscriber.drain();
        assert.equal(received.length, 100);
        for (const { topic, value } of received) assert.equal(topic, `t${value}`);
      }
    }
    assert.equal(subscriber.statistics().unmatched, 9000);
    assert.equal(subscriber.statistics().missed, 0);
  });

  testOn(transport, "a history is filtered, and what is gone of it is missed", (open) => {
    const channel = open(CAPACITY);
    const publisher = channel.publisher<number>();
    for (let n = 0; n < 9; n += 3) sendThree(publisher, n);
    const all = channel.subscriber<number>({ ...POSE, since: "oldest" });
    const some = channel.subscriber<number>({ ...POSE, since: 4 });
    const newest = channel.subscriber<TopicMessage<number>>({
      since: "oldest",
      conflate: true,
      withTopic: true,
    });
    sendThree(publisher, 9);
    assert.deepEqual(all.drain(), [0, 3, 6, 9]);
    assert.deepEqual(some.drain(), [6, 9]);
    assert.deepEqual(newest.drain(), [
      { topic: "pose.arm", value: 9 },
      { topic: "battery", value: 10 },
      { topic: undefined, value: 11 },
    ]);
    assert.deepEqual([all, some, newest].map((s) => s.statistics().missed), [0, 0, 0]);
    for (let n = 12; n < 600; n += 3) sendThree(publisher, n);
    const late = channel.subscriber<number>({ ...POSE, since: "oldest" });
    const received = late.drain();
    const { missed, unmatched } = late.statistics();
    assert.equal(received.length + missed + unmatched, 600);
    assert.deepEqual(received, numbers(received.length, 0).map((i) => 597 - 3 * i).reverse());
    const lapped = all.drain();
    assert.deepEqual(lapped, received);
    const counts = all.statistics();
    assert.equal(counts.received + counts.missed + counts.unmatched, 600);
  });

  testOn(transport, "conflation gives the newest of each topic, the oldest topic first", (open) => {
    const channel = open();
    const publisher = channel.publisher<number>();
    const newest = channel.subscriber<number>({ conflate: true });
    const pose = channel.subscriber<number>({ ...POSE, conflate: true });
    const single = channel.subscriber<number>({ conflate: true });
    const send = (n: number, topic?: string) => publisher.send(n, { topic });
    send(1, "pose.a");
    send(2, "b");
    send(3, "pose.a");
    send(4);
    send(5, "pose.c");
    send(6);
    assert.deepEqual(newest.drain(), [3, 2, 6, 5]);
    assert.equal(newest.tryRecv(), undefined);
    const { received, conflated, unmatched, missed } = newest.statistics();
    assert.deepEqual([received, conflated, unmatched, missed], [4, 2, 0, 0]);
    assert.deepEqual(pose.drain(1), [3]);
    send(7, "pose.a");
    send(8, "pose.c");
    assert.deepEqual(pose.drain(), [8, 7]);
    assert.deepEqual([pose.statistics().conflated, pose.statistics().unmatched], [2, 3]);
    assert.equal(single.tryRecv(), 7);
    assert.equal(single.topic, "pose.a");
    for (let n = 9; n < 100; n++) send(n, "pose.a");
    assert.equal(single.recvSync({ timeoutMs: 5000 }), 2);
    assert.deepEqual(single.drain(), [6, 8, 99]);
    assert.equal(single.statistics().received + single.statistics().conflated, 99);
  });

  testOn(transport, "conflated messages are received by every call", async (open) => {
    const channel = open(CAPACITY);
    const raw = { codec: "raw" } as const;
    const publisher = channel.publisher<Uint8Array>(raw);
    const subscriber = channel.subscriber<Uint8Array>({ ...raw, conflate: true });
    const got: Uint8Array[] = [];
    const target = new Uint8Array(3000);
    const read = (bytes: Uint8Array, offset: number, length: number) => {
      got.push(bytes.slice(offset, offset + length));
    };
    const calls: (() => void | Promise<void>)[] = [
      () => void got.push(subscriber.tryRecv()!),
      () => void got.push(subscriber.recvSync({ timeoutMs: 5000 })),
      async () => void got.push(await subscriber.recv({ timeoutMs: 5000 })),
      () => {
        using view = subscriber.recvView()!;
        for (let n = 0; n < 200; n++) publisher.send(pattern(8, n), { topic: "late" });
        assert.ok(view.intact);
        got.push(view.bytes.slice());
        assert.equal(subscriber.drain().length, 1);
      },
      () => {
        assert.throws(() => subscriber.tryRecvInto(new Uint8Array(1)), RangeError);
        got.push(target.slice(0, subscriber.tryRecvInto(target)));
      },
      () => void got.push(target.slice(0, subscriber.recvIntoSync(target, { timeoutMs: 5000 }))),
      () => void assert.equal(subscriber.readMany(read), 1),
      () => void got.push(...subscriber.drain()),
    ];
    for (const length of [8, 9, 2000]) {
      for (const [at, call] of calls.entries()) {
        publisher.send(pattern(length, at + 50), { topic: "a" });
        publisher.send(pattern(length, at), { topic: "a" });
        await call();
        assert.ok(sameBytes(got.at(-1)!, pattern(length, at)), `call ${at}, ${length} bytes`);
        assert.equal(subscriber.topic, at === 3 ? "late" : "a");
      }
    }
    assert.equal(got.length, 3 * calls.length);
    const { missed, received, conflated } = subscriber.statistics();
    assert.equal(missed + received + conflated, 3 * (2 * calls.length + 200));
  });

  testOn(
    transport,
    "a message that arrives ends the wait of a subscriber for its topic",
    async (open) => {
      const channel = open();
      const publisher = channel.publisher<number>();
      const pose = channel.subscriber<TopicMessage<number>>({ ...POSE, withTopic: true });
      const newest = channel.subscriber<number>({ conflate: true });
      const first = pose.recv({ timeoutMs: 30_000 });
      const second = pose.recv({ timeoutMs: 30_000 });
      const fresh = newest.recv({ timeoutMs: 30_000 });
      publisher.send(1, { topic: "battery" });
      publisher.send(2);
      assert.equal(await fresh, 1);
      publisher.send(3, { topic: "pose.x" });
      publisher.send(4, { topic: "pose.y" });
      assert.deepEqual(await Promise.all([first, second]), [
        { topic: "pose.x", value: 3 },
        { topic: "pose.y", value: 4 },
      ]);
      publisher.send(5, { topic: "battery" });
      await assert.rejects(pose.recv({ timeoutMs: 1 }), { name: "ShmTimeoutError" });
      assert.throws(() => pose.recvSync({ timeoutMs: 1 }), { name: "ShmTimeoutError" });
      const open1 = pose.recv();
      pose.close();
      await assert.rejects(open1, { name: "ShmClosedError" });
    },
  );

  testOn(
    transport,
    "one call finds a message behind a ring of others, whatever comes then",
    (open) => {
      const channel = open(64 * 1024);
      const publisher = channel.publisher<number>();
      const pose = channel.subscriber<number>(POSE);
      publisher.sendMany(numbers(1000), { topic: "battery" });
      publisher.send(1, { topic: "pose.x" });
      assert.equal(pose.tryRecv(), 1);
      endlessly(pose, () => publisher.send(2, { topic: "battery" }));
      publisher.send(2, { topic: "battery" });
      assert.equal(pose.tryRecv(), undefined);
      const newest = channel.subscriber<number>({ conflate: true });
      endlessly(newest, () => publisher.send(3, { topic: "b" }));
      publisher.send(3, { topic: "b" });
      assert.equal(newest.tryRecv(), 3);
      assert.deepEqual([pose.statistics().missed, newest.statistics().missed], [0, 0]);
    },
  );

  testOn(
    transport,
    "a poll finds subscribers ready for the topics that they want alone",
    async (open) => {
      const channel = open();
      const publisher = channel.publisher<number>();
      const pose = channel.subscriber<number>(POSE);
      const newest = channel.subscriber<number>({ ...POSE, conflate: true });
      const readyOf = async () => {
        const events = await poll([pose, newest], { timeoutMs: 0 });
        return events.map(({ source }) => source === pose ? "pose" : "newest").sort();
      };
      publisher.send(1, { topic: "battery" });
      publisher.send(2);
      assert.deepEqual(await readyOf(), []);
      publisher.send(3, { topic: "pose.a" });
      publisher.send(4, { topic: "pose.a" });
      assert.deepEqual(await readyOf(), ["newest", "pose"]);
      assert.deepEqual([pose.drain(), newest.drain()], [[3, 4], [4]]);
      assert.deepEqual(await readyOf(), []);
    },
  );

  testOn(transport, "what a codec or an iterable sends meanwhile keeps its own topic", (open) => {
    const channel = open();
    const publisher = channel.publisher<unknown>();
    const subscriber = channel.subscriber<TopicMessage>({ withTopic: true });
    function* values() {
      yield 1;
      publisher.send(2);
      yield 3;
      publisher.send(4, { topic: "inner" });
    }
    publisher.sendMany(values(), { topic: "outer" });
    const sly = {
      get field() {
        publisher.send(6, { topic: "getter" });
        return 5;
      },
    };
    publisher.send(sly, { topic: "outer" });
    assert.deepEqual(subscriber.drain(), [
      { topic: "outer", value: 1 },
      { topic: undefined, value: 2 },
      { topic: "outer", value: 3 },
      { topic: "inner", value: 4 },
      { topic: "getter", value: 6 },
      { topic: "outer", value: { field: 5 } },
    ]);
  });

  testOn(transport, "options of topics are checked", async (open) => {
    const channel = open();
    const publisher = channel.publisher<number>();
    const watch = channel.subscriber();
    const invalid: [unknown, string, RegExp][] = [
      ["", "TypeError", /^topic must be a well-formed text that is not empty, not ""$/],
      [7, "TypeError", /^topic must be a well-formed text that is not empty, not 7$/],
      ["\ud800", "TypeError", /^topic must be a well-formed text/],
      [null, "TypeError", /^topic must be a well-formed text that is not empty, not null$/],
      ["x".repeat(256), "RangeError", /^topic must have at most 255 bytes of UTF-8, not 256$/],
      ["é".repeat(128), "RangeError", /^topic must have at most 255 bytes of UTF-8, not 256$/],
    ];
    for (const [value, name, message] of invalid) {
      const options = { topic: value as string };
      assert.throws(() => publisher.send(1, options), { name, message });
      assert.throws(() => publisher.sendSync(1, options), { name, message });
      await assert.rejects(publisher.sendAsync(1, options), { name, message });
      assert.throws(() => publisher.sendMany([1], options), { name, message });
      assert.throws(() => publisher.loan(1, options), { name, message });
    }
    const unknown = { topics: "a" } as object;
    assert.throws(() => publisher.send(1, unknown), /^TypeError: send\(\) has no option "topics"/);
    assert.throws(() => publisher.send(1, "a" as unknown as object), /write { topic: "a" }$/);
    assert.throws(() => publisher.send(1, { timeoutMs: 1 } as object), /sendSync\(\) or sendAsync/);
    assert.throws(() => publisher.sendMany([1], { timeoutMs: 1 } as object), /sendSync\(\) or/);
    const lists: [unknown, string, RegExp][] = [
      ["a", "TypeError", /^topics must be a list of patterns, not "a"$/],
      [[], "RangeError", /^topics must have from 1 to 1000 patterns, not 0$/],
      [["a", ""], "TypeError", /^topics\[1\] must be a text that is not empty, not ""$/],
      [Array(1), "TypeError", /^topics\[0\] must be a text that is not empty, not undefined$/],
      [[1], "TypeError", /^topics\[0\] must be a text that is not empty, not 1$/],
      [["a".repeat(257)], "RangeError", /^topics\[0\] must have at most 256 characters, not 257$/],
    ];
    for (const [topics, name, message] of lists) {
      assert.throws(() => channel.subscriber({ topics: topics as string[] }), { name, message });
    }
    assert.throws(() => channel.subscriber({ conflate: 1 as unknown as boolean }), TypeError);
    assert.throws(() => channel.subscriber({ withTopic: 1 as unknown as boolean }), TypeError);
    const elsewhere: [() => unknown, RegExp][] = [
      [() => channel.publisher({ topic: "a" } as object), /a publisher passes it to send\(\)/],
      [() => channel.publisher(POSE as object), /only subscribers receive by topic/],
      [() => channel.puller(POSE as object), /only subscribers receive by topic/],
      [() => channel.pusher({ conflate: true } as object), /only subscribers receive by topic/],
    ];
    for (const [open, message] of elsewhere) assert.throws(open, { name: "TypeError", message });
    assert.equal(publisher.statistics().sent, 0);
    watch.close();
  });

  testOn(transport, "a pusher takes no topic", async (open) => {
    const pusher = open().pusher<number>();
    const topic = { topic: "a" } as object;
    assert.throws(() => (pusher.send as (...args: unknown[]) => unknown)(1, topic), TypeError);
    assert.throws(() => pusher.sendSync(1, topic), /only publishers send with a topic/);
    await assert.rejects(pusher.sendAsync(1, topic), /only publishers send with a topic/);
    assert.throws(
      () => (pusher.sendMany as (...args: unknown[]) => unknown)([1], topic),
      TypeError,
    );
    assert.equal(pusher.statistics().sent, 0);
  });

  testOn(transport, "values that cannot be decoded cost their message alone", (open) => {
    const channel = open();
    const publisher = channel.publisher<Uint8Array>({ codec: "raw" });
    publisher.close();
    const json = open();
    const codec = {
      id: "picky",
      encode: (value: unknown) => new Uint8Array([value as number]),
      decode(bytes: Uint8Array) {
        if (bytes[0] === 3) throw new Error("three");
        return bytes[0];
      },
    };
    const sender = json.publisher<number>({ codec });
    const open1 = (options: SubscriberOptions): Subscriber<number> =>
      json.subscriber<number>({ ...options, codec });
    const subscribers = [open1(POSE), open1({ ...POSE, conflate: true })];
    for (const n of numbers(6)) sender.send(n, { topic: `pose.${n}` });
    for (const subscriber of subscribers) {
      assert.deepEqual(subscriber.drain(), [0, 1, 2]);
      assert.throws(() => subscriber.drain(), { name: "ShmSerializationError" });
      assert.deepEqual(subscriber.drain(), [4, 5]);
      assert.equal(subscriber.statistics().errors, 1);
    }
  });
}
