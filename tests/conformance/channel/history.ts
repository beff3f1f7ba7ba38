// What subscribers get that was sent before they attached, on one kind of memory.

import assert from "node:assert/strict";
import type { Publisher, Subscriber } from "../../../mod.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { numbers, packed, pattern } from "./values.ts";

const CAPACITY = 1024;
const RECORD_BYTES = 16;
const OLDEST = { since: "oldest" } as const;

/** What a subscriber got and missed, together all that was sent. */
function assertComplete(subscriber: Subscriber<number>, received: number[], sent: number): void {
  const { missed } = subscriber.statistics();
  assert.deepEqual(received, numbers(received.length, sent - received.length));
  assert.equal(missed, sent - received.length);
}

export function testHistory(transport: TestTransport): void {
  testOn(
    transport,
    "a late subscriber gets what was sent before, and then what is sent",
    (open) => {
      const channel = open();
      const publisher = channel.publisher<number>();
      publisher.sendMany(numbers(100));
      const all = channel.subscriber<number>(OLDEST);
      const some = channel.subscriber<number>({ since: 10 });
      const more = channel.subscriber<number>({ since: 1000 });
      const none = [{ since: "now" }, { since: 0 }, { since: undefined }, {}] as const;
      const late = none.map((options) => channel.subscriber<number>(options));
      publisher.sendMany(numbers(50, 100));
      assert.deepEqual(all.drain(), numbers(150));
      assert.deepEqual(some.drain(), numbers(60, 90));
      assert.deepEqual(more.drain(), numbers(150));
      for (const subscriber of late) assert.deepEqual(subscriber.drain(), numbers(50, 100));
      for (const subscriber of [all, some, more, ...late]) {
        assert.equal(subscriber.statistics().missed, 0);
      }
    },
  );

  testOn(transport, "a history is received by every call, also by a blocking one", async (open) => {
    const channel = open();
    channel.publisher<Uint8Array>({ codec: "raw" }).sendMany(numbers(8).map((n) => pattern(8, n)));
    const subscriber = channel.subscriber<Uint8Array>(OLDEST);
    const target = new Uint8Array(8);
    const got: Uint8Array[] = [subscriber.tryRecv()!, subscriber.recvSync({ timeoutMs: 5000 })];
    got.push(await subscriber.recv({ timeoutMs: 5000 }));
    {
      using view = subscriber.recvView()!;
      got.push(view.bytes.slice());
    }
    subscriber.recvIntoSync(target, { timeoutMs: 5000 });
    got.push(target.slice());
    subscriber.tryRecvInto(target);
    got.push(target.slice());
    subscriber.readMany((bytes, offset, length) => got.push(bytes.slice(offset, offset + length)), {
      limit: 1,
    });
    for await (const bytes of subscriber) {
      got.push(bytes);
      break;
    }
    assert.deepEqual(got, numbers(8).map((n) => pattern(8, n)));
  });

  testOn(transport, "what is gone of a history is missed, exactly, and not dropped", (open) => {
    const channel = open(CAPACITY);
    const publisher = channel.publisher<number>();
    for (let sent = 1; sent <= 180; sent++) {
      publisher.send(sent - 1);
      if (sent % 4 !== 0) continue;
      const subscriber = channel.subscriber<number>(OLDEST);
      assertComplete(subscriber, subscriber.drain(), sent);
      const count = sent * 7 % 60;
      const some = channel.subscriber<number>({ since: count });
      const received = some.drain();
      const asked = Math.min(count, sent);
      assert.deepEqual(received, numbers(received.length, sent - received.length));
      assert.equal(received.length + some.statistics().missed, asked);
      some.close();
      subscriber.close();
    }
    assert.equal(channel.totals().dropped, 0n);
  });

  testOn(
    transport,
    "a subscriber that is lapped after it began with a history counts all",
    (open) => {
      const channel = open(CAPACITY);
      const publisher = channel.publisher<number>();
      publisher.sendMany(numbers(20));
      const all = channel.subscriber<number>(OLDEST);
      const some = channel.subscriber<number>({ since: 5 });
      for (let n = 20; n < 500; n++) publisher.send(n);
      assertComplete(all, all.drain(), 500);
      const received = some.drain();
      assert.equal(received.length + some.statistics().missed, 485);
      assert.equal(channel.totals().dropped, BigInt(1000 - 15 - 2 * received.length));
    },
  );

  testOn(transport, "messages of all sizes and their padding are counted in a history", (open) => {
    for (const length of [0, 100, 200, 440, 470, 480, 488, 2000, 5000]) {
      const channel = open(CAPACITY);
      const publisher = channel.publisher<Uint8Array>({ codec: "raw" });
      for (let sent = 1; sent <= 16; sent++) {
        publisher.send(pattern(sent % 3 === 0 ? 8 : length, sent));
        const subscriber = channel.subscriber<Uint8Array>(OLDEST);
        const received = subscriber.drain();
        const first = sent + 1 - received.length;
        const expected = numbers(received.length, first)
          .map((n) => pattern(n % 3 === 0 ? 8 : length, n));
        assert.deepEqual(received, expected);
        assert.equal(subscriber.statistics().missed, first - 1);
        assert.ok(received.length > 0);
        subscriber.close();
      }
    }
  });

  testOn(transport, "a history has the messages of each publisher, also of closed ones", (open) => {
    const channel = open(CAPACITY);
    const witness = channel.subscriber();
    const publishers = numbers(3).map(() => channel.publisher<[number, number]>());
    for (let i = 0; i < 30; i++) publishers.forEach((publisher, from) => publisher.send([from, i]));
    publishers[1].close();
    publishers[2].close();
    const inherit = channel.publisher<[number, number]>();
    inherit.send([1, 30]);
    publishers[2] = inherit;
    inherit.close();
    const subscriber = channel.subscriber<[number, number]>(OLDEST);
    const some = channel.subscriber<[number, number]>({ since: 2 });
    publishers[0].send([0, 30]);
    const received = subscriber.drain();
    for (const from of numbers(3)) {
      const mine = received.filter(([sender]) => sender === from).map(([, n]) => n);
      const sent = from === 2 ? 30 : 31;
      assert.deepEqual(mine, numbers(mine.length, sent - mine.length));
      assert.ok(mine.length > 10);
    }
    assert.equal(received.length + subscriber.statistics().missed, 92);
    const newest = [[0, 28], [0, 29], [0, 30], [1, 29], [1, 30], [2, 28], [2, 29]];
    assert.deepEqual(some.drain().sort(), newest);
    witness.close();
  });

  testOn(
    transport,
    "history promises the newest messages, whatever the sizes and calls",
    (open) => {
      const recordBytes = (messageBytes: number) =>
        Math.ceil((messageBytes + RECORD_BYTES) / 8) * 8;
      for (const [history, bytes] of [[1, 40], [3, 180], [1, 0], [25, 60], [100, 8]]) {
        const options = { codec: "raw", history, historyMessageBytes: bytes } as const;
        const least = (history + 4) * recordBytes(bytes) + RECORD_BYTES;
        const capacityBytes = Math.max(1024, Math.ceil(least / 64) * 64);
        const channel = open(capacityBytes);
        const publisher = channel.publisher<Uint8Array>(options);
        let sent = 0;
        const message = () => pattern(sent * 5 % (bytes + 1), sent++);
        for (let round = 0; round < 24; round++) {
          if (round % 3 === 0) publisher.send(message());
          else if (round % 3 === 1) publisher.sendMany(numbers(round).map(message));
          else sendPacked(publisher, numbers(round).map(message));
          const subscriber = channel.subscriber<Uint8Array>(OLDEST);
          const kept = subscriber.drain().length;
          assert.ok(kept >= Math.min(history, sent), `${kept} of ${history}, ${bytes}, at ${sent}`);
          assert.equal(kept + subscriber.statistics().missed, sent);
          const newest = channel.subscriber<Uint8Array>({ since: history });
          assert.equal(newest.drain().length, Math.min(history, sent));
          assert.equal(newest.statistics().missed, 0);
          newest.close();
          subscriber.close();
        }
      }
    },
  );

  testOn(transport, "a history is there while many messages are being sent", (open) => {
    const channel = open(CAPACITY);
    const options = { codec: "raw", history: 8, historyMessageBytes: 48 } as const;
    const publisher = channel.publisher<Uint8Array>(options);
    let sent = 0;
    function* messages(): Iterable<Uint8Array> {
      for (let n = 0; n < 60; n++) {
        const subscriber = channel.subscriber<Uint8Array>(OLDEST);
        const published = subscriber.drain();
        const before = published.length + subscriber.statistics().missed;
        assert.ok(published.length >= Math.min(8, before), `${published.length} of ${before}`);
        subscriber.close();
        sent++;
        yield pattern(48, n);
      }
    }
    assert.equal(publisher.sendMany(messages()), 60);
    assert.equal(sent, 60);
  });

  testOn(transport, "a message too long for a history is sent all the same", (open) => {
    const channel = open(CAPACITY);
    const options = { codec: "raw", history: 8, historyMessageBytes: 48 } as const;
    const publisher = channel.publisher<Uint8Array>(options);
    for (let n = 0; n < 50; n++) {
      publisher.sendMany([pattern(48, n), pattern(n * 40, n), pattern(8, n)]);
      const subscriber = channel.subscriber<Uint8Array>(OLDEST);
      const received = subscriber.drain();
      assert.deepEqual(received.at(-1), pattern(8, n));
      assert.equal(received.length + subscriber.statistics().missed, 3 * (n + 1));
      subscriber.close();
    }
    assert.equal(publisher.statistics().dropped, 0);
  });

  testOn(transport, "a ring that is too small for a history is an error with the size", (open) => {
    const channel = open(CAPACITY);
    const watch = channel.subscriber();
    const options = { history: 100, historyMessageBytes: 200 };
    const message =
      /^cannot keep a history of 100 messages of up to 200 bytes on channel "[^"]+": the ring of this publisher has 1024 bytes, and 22528 are needed; pass capacityBytes: 22528, or keep fewer or shorter messages$/;
    assert.throws(() => channel.publisher(options), { name: "RangeError", message });
    assert.throws(() => channel.publisher({ ...options, capacityBytes: 22464 }), RangeError);
    channel.publisher({ ...options, capacityBytes: 22528 }).close();
    assert.throws(() => channel.publisher({ history: 2 ** 27, historyMessageBytes: 64 }), {
      message: /; a ring has at most 2147483648 bytes, or keep fewer or shorter messages$/,
    });
    assert.throws(() => channel.publisher({ history: 1 }), /1 message of up to 1024 bytes/);
    watch.close();
  });

  testOn(transport, "options of a history are checked", (open) => {
    const channel = open();
    for (const since of ["newest", -1, 0.5, NaN, Infinity, null, {}]) {
      assert.throws(() => channel.subscriber({ since: since as number }), {
        name: "RangeError",
        message: /^since must be "oldest", "now" or a whole number of messages, at least 0, not /,
      });
    }
    for (const value of [-1, 0.5, "3", null]) {
      for (const name of ["history", "historyMessageBytes"]) {
        assert.throws(() => channel.publisher({ [name]: value }), {
          name: "RangeError",
          message: new RegExp(`^${name} must be a whole number from 0 to `),
        });
      }
    }
    const elsewhere: [() => unknown, RegExp][] = [
      [
        () => channel.publisher(OLDEST as object),
        /only subscribers begin with what was sent before/,
      ],
      [() => channel.subscriber({ history: 3 } as object), /only publishers keep a history/],
      [() => channel.puller(OLDEST as object), /only subscribers begin with what was sent before/],
      [() => channel.pusher({ history: 3 } as object), /only publishers keep a history/],
      [() => channel.replier(OLDEST as object), /only subscribers begin with what was sent before/],
    ];
    for (const [open, message] of elsewhere) {
      assert.throws(open, { name: "TypeError", message });
    }
  });
}

function sendPacked(publisher: Publisher<Uint8Array>, messages: Uint8Array[]): void {
  assert.equal(publisher.sendMany(...packed(messages)), messages.length);
}
