// Publish and subscribe on one kind of memory.

import assert from "node:assert/strict";
import { testOn, type TestTransport } from "./channel.ts";
import { numbers, pattern, sameBytes } from "./values.ts";

export function testBroadcast(transport: TestTransport): void {
  testOn(transport, "each subscriber receives all messages in order", (open) => {
    const channel = open();
    const subscribers = [channel.subscriber(), channel.subscriber(), channel.subscriber()];
    const publisher = channel.publisher();
    const sent = numbers(1000);
    for (const value of sent) assert.equal(publisher.send(value), true);
    for (const subscriber of subscribers) assert.deepEqual(subscriber.drain(), sent);
    for (const subscriber of subscribers) assert.equal(subscriber.tryRecv(), undefined);
  });

  testOn(transport, "a subscriber receives what is sent after it attached", (open) => {
    const channel = open();
    const publisher = channel.publisher();
    publisher.sendMany(numbers(100));
    const subscriber = channel.subscriber();
    assert.equal(subscriber.tryRecv(), undefined);
    publisher.sendMany(numbers(50, 100));
    assert.deepEqual(subscriber.drain(), numbers(50, 100));
    assert.equal(subscriber.statistics().missed, 0);
  });

  testOn(
    transport,
    "a subscriber that attaches to a full ring misses no message sent later",
    (open) => {
      const channel = open(1024);
      const publisher = channel.publisher({ codec: "raw" });
      for (let round = 0; round < 200; round++) {
        publisher.send(pattern(round * 7 % 480, round));
        const subscriber = channel.subscriber<Uint8Array>();
        publisher.send(pattern(round % 50, round + 1));
        assert.deepEqual(subscriber.tryRecv(), pattern(round % 50, round + 1));
        assert.equal(subscriber.tryRecv(), undefined);
        assert.equal(subscriber.statistics().missed, 0);
        subscriber.close();
      }
    },
  );

  testOn(transport, "a subscriber may attach before its publisher", async (open) => {
    const channel = open();
    const subscriber = channel.subscriber();
    const received = subscriber.recv({ timeoutMs: 30_000 });
    channel.publisher().send("first");
    assert.equal(await received, "first");
  });

  testOn(transport, "a publisher is never full", (open) => {
    const channel = open(1024);
    const publisher = channel.publisher();
    channel.subscriber();
    for (let i = 0; i < 10_000; i++) assert.equal(publisher.send(i), true);
    assert.equal(publisher.sendMany(numbers(10_000)), 10_000);
    publisher.sendSync("sync", { timeoutMs: 0 });
    assert.equal(publisher.statistics().dropped, 0);
  });

  testOn(
    transport,
    "a lapped subscriber reports the exact number of messages it missed",
    (open) => {
      const channel = open(1024);
      const subscriber = channel.subscriber<number>();
      const publisher = channel.publisher<number>();
      for (let i = 0; i < 5000; i++) publisher.send(i);
      const received = subscriber.drain();
      assert.deepEqual(received, numbers(received.length, 5000 - received.length));
      assert.equal(subscriber.statistics().missed, 5000 - received.length);
      assert.ok(received.length > 0);
      assert.equal(channel.totals().dropped, BigInt(5000 - received.length));
      publisher.send(5000);
      assert.equal(subscriber.tryRecv(), 5000);
    },
  );

  testOn(transport, "messages that leave padding behind lap a subscriber exactly", (open) => {
    for (const length of [100, 200, 300, 440, 470, 480, 488]) {
      const channel = open(1024);
      const subscriber = channel.subscriber<Uint8Array>({ codec: "raw" });
      const publisher = channel.publisher<Uint8Array>({ codec: "raw" });
      for (let sent = 1; sent <= 60; sent++) {
        publisher.send(pattern(length, sent));
        if (sent % 7 !== 0) continue;
        let last: Uint8Array | undefined;
        for (let got = subscriber.tryRecv(); got; got = subscriber.tryRecv()) last = got;
        assert.deepEqual(last, pattern(length, sent));
        const { received, missed } = subscriber.statistics();
        assert.equal(received + missed, sent, `length ${length}`);
      }
    }
  });

  testOn(transport, "several publishers lap a subscriber, which counts all it missed", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<[number, number]>();
    const publishers = numbers(3).map(() => channel.publisher<[number, number]>());
    for (let i = 0; i < 3000; i++) {
      publishers.forEach((publisher, from) => publisher.send([from, i]));
    }
    const received = subscriber.drain();
    for (const from of numbers(3)) {
      const mine = received.filter(([sender]) => sender === from).map(([, value]) => value);
      assert.deepEqual(mine, numbers(mine.length, 3000 - mine.length));
    }
    assert.equal(received.length + subscriber.statistics().missed, 9000);
  });

  testOn(transport, "big messages of several publishers lap a subscriber exactly", (open) => {
    const channel = open(4096);
    const subscriber = channel.subscriber<Uint8Array>({ codec: "raw" });
    const publishers = numbers(2).map(() => channel.publisher<Uint8Array>({ codec: "raw" }));
    let sent = 0;
    for (let round = 0; round < 40; round++) {
      for (const publisher of publishers) {
        publisher.send(pattern(20_000 + round * 100, round));
        publisher.send(pattern(10, round));
        sent += 2;
      }
      if (round % 10 !== 9) continue;
      let received = 0;
      for (let got = subscriber.tryRecv(); got; got = subscriber.tryRecv()) {
        const expected = pattern(got.length, got[0]);
        assert.ok(sameBytes(got, expected));
        received++;
      }
      assert.ok(received >= 2);
      const statistics = subscriber.statistics();
      assert.equal(statistics.received + statistics.missed, sent);
    }
  });

  testOn(transport, "subscribers are lapped each on their own", (open) => {
    const channel = open(1024);
    const quick = channel.subscriber<number>();
    const slow = channel.subscriber<number>();
    const publisher = channel.publisher<number>();
    const seen: number[] = [];
    for (let i = 0; i < 500; i++) {
      publisher.send(i);
      seen.push(...quick.drain());
    }
    assert.deepEqual(seen, numbers(500));
    assert.equal(quick.statistics().missed, 0);
    const late = slow.drain();
    assert.equal(late.length + slow.statistics().missed, 500);
  });

  testOn(transport, "a later publisher is received from its first message on", (open) => {
    const channel = open();
    const subscriber = channel.subscriber<string>();
    for (const name of ["a", "b", "c", "d"]) {
      channel.publisher<string>().sendMany([`${name}1`, `${name}2`]);
    }
    const received = subscriber.drain();
    assert.deepEqual(received.toSorted(), ["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2"]);
  });

  testOn(transport, "a publisher takes over the ring of one that closed", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<number>();
    let next = 0;
    for (let round = 0; round < 30; round++) {
      const publisher = channel.publisher<number>();
      publisher.sendMany([next, next + 1]);
      next += 2;
      publisher.close();
    }
    const received = subscriber.drain();
    assert.deepEqual(received, numbers(received.length, next - received.length));
    assert.equal(received.length + subscriber.statistics().missed, next);
  });

  testOn(transport, "all subscribers that wait are woken", async (open) => {
    const channel = open();
    const waits = numbers(5).map(() => channel.subscriber().recv({ timeoutMs: 30_000 }));
    channel.publisher().send("wake");
    assert.deepEqual(await Promise.all(waits), Array(5).fill("wake"));
  });
}
