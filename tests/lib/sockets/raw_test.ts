// Bytes and typed arrays: exact, and without copies that were not asked for.

import assert from "node:assert/strict";
import type { Tensor } from "../../../mod.ts";
import { type TestChannel, testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { assertPrompt } from "../../support/deadline.ts";
import { numbers, pattern, sameBytes, sleep } from "../../conformance/channel/values.ts";

const RAW = { codec: "raw" } as const;

function queue(channel: TestChannel) {
  return {
    pusher: channel.pusher<Uint8Array>(RAW),
    puller: channel.puller<Uint8Array>(RAW),
  };
}

for (const transport of TRANSPORTS) {
  testOn(transport, "random bytes of every small length arrive exactly in a warm loop", (open) => {
    const { pusher, puller } = queue(open(8192));
    const target = new Uint8Array(64);
    const source = new Uint8Array(64);
    for (let i = 0; i < 100_000; i++) {
      const length = i % 65;
      const word = Math.imul(i, 0x9e3779b1) >>> 0;
      for (let at = 0; at < length; at++) source[at] = word >>> (at % 25);
      pusher.send(length === 64 ? source : source.subarray(0, length));
      assert.equal(puller.tryRecvInto(target), length);
      for (let at = 0; at < length; at++) {
        if (target[at] !== source[at]) assert.fail(`byte ${at} of message ${i} differs`);
      }
    }
  });

  testOn(
    transport,
    "one buffer that is sent and filled again arrives as it was each time",
    (open) => {
      for (const length of [4, 8, 20, 64, 65, 100]) {
        const { pusher, puller } = queue(open(8192));
        const source = new Uint8Array(length);
        for (let i = 0; i < 100_000 / length; i++) {
          crypto.getRandomValues(source);
          pusher.send(source);
          assert.ok(sameBytes(puller.tryRecv()!, source), `message ${i} of ${length} bytes`);
        }
      }
    },
  );

  testOn(transport, "a buffer that grows between two sends is sent whole", (open) => {
    const { pusher, puller } = queue(open());
    const source = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 }));
    source.set(pattern(8, 1));
    for (let i = 0; i < 3; i++) {
      pusher.send(source);
      assert.deepEqual(puller.tryRecv(), pattern(8, 1));
    }
    for (const length of [16, 21, 12]) {
      (source.buffer as ArrayBuffer).resize(length);
      source.set(pattern(length, length));
      pusher.send(source);
      assert.deepEqual(puller.tryRecv(), pattern(length, length));
    }
  });

  testOn(transport, "all kinds of NaN keep their bits", (open) => {
    const { pusher, puller } = queue(open(8192));
    const bits = new BigUint64Array(8);
    const source = new Uint8Array(bits.buffer);
    const target = new Uint8Array(64);
    const received = new BigUint64Array(target.buffer);
    const nans = [
      0x7ff0000000000001n,
      0xfff8dead0000beefn,
      0x7fffffffffffffffn,
      0xfff0000000000001n,
    ];
    for (let i = 0; i < 25_000; i++) {
      for (let at = 0; at < 8; at++) bits[at] = nans[(i + at) % 4] ^ BigInt(i & 0xff);
      pusher.send(source);
      assert.equal(puller.tryRecvInto(target), 64);
      for (let at = 0; at < 8; at++) assert.ok(received[at] === bits[at]);
    }
    for (const pattern32 of [0x7f800001, 0xffc12345, 0x7fffffff]) {
      const floats = new Float32Array(new Uint32Array([pattern32, pattern32]).buffer);
      pusher.send(floats as unknown as Uint8Array);
      const copy = puller.tryRecv() as unknown as Float32Array;
      assert.deepEqual(new Uint32Array(copy.buffer), new Uint32Array(floats.buffer));
    }
  });

  testOn(transport, "bytes at any offset of their buffer are sent and received", (open) => {
    const { pusher, puller } = queue(open(8192));
    const all = pattern(300, 9);
    for (let offset = 0; offset < 9; offset++) {
      for (const length of [0, 1, 3, 8, 31, 64, 65, 200]) {
        const part = all.subarray(offset, offset + length);
        pusher.send(part);
        assert.deepEqual(puller.tryRecv(), part.slice());
        pusher.send(part);
        const target = new Uint8Array(300).subarray(offset);
        assert.equal(puller.tryRecvInto(target), length);
        assert.deepEqual(target.slice(0, length), part.slice());
        assert.ok(target.subarray(length).every((byte) => byte === 0));
      }
    }
  });

  testOn(transport, "a target that is too small leaves the message where it is", (open) => {
    const { pusher, puller } = queue(open());
    pusher.send(pattern(100, 1));
    pusher.send(pattern(2_000_000, 2));
    const isTooSmall = (bytes: number) => (error: Error) =>
      error instanceof RangeError && error.message.includes(`the message has ${bytes} bytes`);
    assert.throws(() => puller.tryRecvInto(new Uint8Array(99)), isTooSmall(100));
    assert.throws(() => puller.recvIntoSync(new Uint8Array(0)), isTooSmall(100));
    const target = new Uint8Array(2_000_000);
    assert.equal(puller.tryRecvInto(target), 100);
    assert.throws(() => puller.tryRecvInto(new Uint8Array(1)), isTooSmall(2_000_000));
    assert.equal(puller.recvIntoSync(target), 2_000_000);
    assert.ok(sameBytes(target, pattern(2_000_000, 2)));
    assert.equal(puller.tryRecvInto(target), -1);
  });

  testOn(transport, "a received array is the receiver's own", (open) => {
    const { pusher, puller } = queue(open());
    pusher.send(pattern(10, 1));
    const first = puller.tryRecv()!;
    pusher.send(pattern(10, 2));
    puller.tryRecv();
    assert.deepEqual(first, pattern(10, 1));
    assert.ok(first.buffer instanceof ArrayBuffer);
    pusher.sendMany([pattern(20, 3), pattern(20, 4)]);
    const [third, fourth] = puller.drain();
    third.fill(0);
    assert.deepEqual(fourth, pattern(20, 4));
  });

  for (const codec of ["raw", "msgpack", "json", "clone"] as const) {
    testOn(transport, `typed arrays keep type and shape with codec ${codec}`, (open) => {
      const channel = open();
      const subscriber = channel.subscriber<unknown>({ codec });
      const publisher = channel.publisher<unknown>({ codec });
      const grid: Tensor = { data: new Float64Array(480 * 640).map(Math.sqrt), shape: [480, 640] };
      const values = [
        new Float32Array([1.5, -0, Infinity]),
        new BigInt64Array([-1n, 2n ** 62n]),
        new Uint16Array(0),
        { data: new Uint8Array([1, 2, 3, 4]), shape: [2, 2] },
        { data: new Int32Array([7]), shape: [] },
        grid,
      ];
      for (const value of values) {
        publisher.send(value);
        assert.deepEqual(subscriber.tryRecv(), value);
      }
      publisher.sendMany(values);
      assert.deepEqual(subscriber.drain(), values);
    });
  }

  testOn(transport, "typed arrays pass through a queue's batch and a request", async (open) => {
    const values = [new Float64Array([1, 2]), { data: new Int8Array(6), shape: [2, 3] }];
    const { pusher, puller } = queue(open());
    pusher.sendMany(values as unknown as Uint8Array[]);
    assert.deepEqual(puller.drain(), values);
    const channel = open();
    const replier = channel.replier();
    const reply = channel.requester().request(values[1], { timeoutMs: 5000 });
    assert.deepEqual(replier.tryRecv(), values[1]);
    replier.send(values[0]);
    assert.deepEqual(await reply, values[0]);
  });

  testOn(transport, "a loan is written in place and sent by commit", (open) => {
    const { pusher, puller } = queue(open(4096));
    for (const length of [0, 1, 64, 1000, 100_000]) {
      const loan = pusher.loan(length)!;
      assert.equal(loan.bytes.length, length);
      assert.equal(puller.tryRecv(), undefined);
      loan.bytes.set(pattern(length, length));
      assert.equal(puller.tryRecv(), undefined);
      loan.commit();
      assert.ok(sameBytes(puller.tryRecv()!, pattern(length, length)));
    }
    assert.equal(pusher.statistics().sent, 5);
    assert.equal(pusher.statistics().bytes, 101_065);
  });

  testOn(transport, "a loan that is aborted or disposed leaves no trace", (open) => {
    const channel = open(4096);
    const { pusher, puller } = queue(channel);
    for (const length of [8, 3000, 100_000]) {
      for (let i = 0; i < 50; i++) {
        pusher.loan(length)!.abort();
        using loan = pusher.loan(length)!;
        loan.bytes.fill(1);
      }
    }
    assert.equal(puller.tryRecv(), undefined);
    const { sent, bytes } = pusher.statistics();
    assert.deepEqual({ sent, bytes }, { sent: 0, bytes: 0 });
    assert.equal(channel.totals().count, 0n);
    pusher.send(pattern(5, 5));
    assert.deepEqual(puller.tryRecv(), pattern(5, 5));
  });

  testOn(transport, "a loan is undefined while the ring is full", (open) => {
    const { pusher, puller } = queue(open(1024));
    while (pusher.send(new Uint8Array(100))) continue;
    while (pusher.send(new Uint8Array(0))) continue;
    assert.ok(pusher.loan(100) === undefined);
    assert.ok(pusher.loan(200_000) === undefined);
    puller.drain();
    pusher.loan(100)!.commit();
    assert.equal(puller.tryRecv()!.length, 100);
  });

  testOn(transport, "a loan is misused only with an error", (open) => {
    const channel = open();
    const { pusher, puller } = queue(channel);
    for (const length of [-1, 1.5, NaN, "8" as unknown as number]) {
      assert.throws(() => pusher.loan(length), /byteLength must be a whole number/);
    }
    const loan = pusher.loan(8)!;
    const open1 = /a loan is open; commit or abort it first/;
    assert.throws(() => pusher.loan(8), open1);
    assert.throws(() => pusher.send(new Uint8Array(1)), open1);
    assert.throws(() => pusher.sendSync(new Uint8Array(1)), open1);
    assert.throws(() => pusher.sendMany([]), open1);
    loan.commit();
    assert.throws(() => loan.commit(), /was committed or aborted already/);
    assert.throws(() => loan.abort(), /was committed or aborted already/);
    loan[Symbol.dispose]();
    assert.equal(puller.drain().length, 1);
    const text = open().pusher();
    assert.throws(() => text.loan(8), /its codec is "msgpack".*open the channel with codec "raw"/);
  });

  testOn(transport, "sends that wait for space stay out of an open loan", async (open) => {
    const { pusher, puller } = queue(open(1024));
    await assertPrompt(async () => {
      while (pusher.send(new Uint8Array(100))) continue;
      const waiting = pusher.sendAsync(pattern(100, 7), { timeoutMs: 5000 });
      puller.drain();
      const loan = pusher.loan(100)!;
      // Long enough for a recheck, although no process wakes it.
      await sleep(120);
      assert.equal(puller.tryRecv(), undefined);
      loan.abort();
      const start = performance.now();
      await waiting;
      const tookMs = performance.now() - start;
      assert.deepEqual(puller.drain(), [pattern(100, 7)]);
      return tookMs;
    });
  });

  testOn(transport, "closing a socket ends its loan", (open) => {
    const channel = open();
    const { pusher, puller } = queue(channel);
    const loan = pusher.loan(8)!;
    pusher.close();
    assert.throws(() => loan.commit(), /is closed/);
    loan[Symbol.dispose]();
    const next = channel.pusher<Uint8Array>(RAW);
    next.send(pattern(3, 3));
    assert.deepEqual(puller.drain(), [pattern(3, 3)]);
  });

  testOn(transport, "a publisher's loans reach its subscribers", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    const publisher = channel.publisher<Uint8Array>(RAW);
    for (let i = 0; i < 100; i++) {
      const length = (i * 37) % 900;
      const loan = publisher.loan(length)!;
      loan.bytes.set(pattern(length, i));
      if (i % 3 === 0) loan.abort();
      else {
        loan.commit();
        assert.deepEqual(subscriber.tryRecv(), pattern(length, i));
      }
    }
    assert.equal(subscriber.statistics().missed, 0);
  });

  testOn(transport, "a view on a queue holds its slot until it is disposed", (open) => {
    const { pusher, puller } = queue(open(1024));
    while (pusher.send(pattern(100, 1))) continue;
    const view = puller.recvView()!;
    assert.deepEqual(view.bytes.slice(), pattern(100, 1));
    assert.throws(() => puller.recvView(), /a view is open; dispose it first/);
    const rest = puller.drain().length;
    assert.equal(pusher.send(pattern(100, 2)), false);
    assert.equal(view.intact, true);
    assert.deepEqual(view.bytes.slice(), pattern(100, 1));
    view[Symbol.dispose]();
    let sent = 0;
    while (pusher.send(pattern(100, 2))) sent++;
    assert.ok(sent >= rest, `${sent} of ${rest + 1}`);
  });

  testOn(
    transport,
    "a view stays whole when its sender leaves and another takes the lane",
    (open) => {
      const channel = open(1024);
      const first = channel.pusher<Uint8Array>(RAW);
      const puller = channel.puller<Uint8Array>(RAW);
      first.send(pattern(100, 1));
      const view = puller.recvView()!;
      first.close();
      const second = channel.pusher<Uint8Array>(RAW);
      while (second.send(pattern(100, 2))) continue;
      assert.deepEqual(view.bytes.slice(), pattern(100, 1));
      view[Symbol.dispose]();
      for (const bytes of puller.drain()) assert.deepEqual(bytes, pattern(100, 2));
      assert.equal(second.send(pattern(100, 3)), true);
    },
  );

  testOn(transport, "disposing a view wakes a sender that waits for its slot", async (open) => {
    const { pusher, puller } = queue(open(1024));
    await assertPrompt(async () => {
      while (pusher.send(pattern(400, 1))) continue;
      const view = puller.recvView()!;
      puller.drain();
      const waiting = pusher.sendAsync(pattern(400, 2), { timeoutMs: 5000 });
      await sleep(5);
      const start = performance.now();
      view[Symbol.dispose]();
      await waiting;
      const tookMs = performance.now() - start;
      puller.drain();
      return tookMs;
    });
  });

  testOn(transport, "disposing a view twice does not release the next one", (open) => {
    const { pusher, puller } = queue(open(1024));
    while (pusher.send(pattern(100, 1))) continue;
    const first = puller.recvView()!;
    first[Symbol.dispose]();
    const second = puller.recvView()!;
    first[Symbol.dispose]();
    assert.throws(() => puller.recvView(), /a view is open/);
    puller.drain();
    while (pusher.send(pattern(100, 2))) continue;
    assert.deepEqual(second.bytes.slice(), pattern(100, 1));
    second[Symbol.dispose]();
  });

  testOn(transport, "a view of one lane does not delay another", (open) => {
    const channel = open(1024);
    const { pusher, puller } = queue(channel);
    const other = channel.pusher<Uint8Array>(RAW);
    pusher.send(pattern(8, 1));
    const view = puller.recvView()!;
    for (let i = 0; i < 100; i++) {
      assert.equal(other.send(pattern(100, i)), true);
      assert.deepEqual(puller.tryRecv(), pattern(100, i));
    }
    assert.deepEqual(view.bytes.slice(), pattern(8, 1));
    view[Symbol.dispose]();
  });

  testOn(transport, "closing a puller releases its view", (open) => {
    const channel = open(1024);
    const { pusher, puller } = queue(channel);
    while (pusher.send(pattern(100, 1))) continue;
    const view = puller.recvView()!;
    puller.close();
    view[Symbol.dispose]();
    const next = channel.puller<Uint8Array>(RAW);
    next.drain();
    assert.equal(pusher.send(pattern(100, 2)), true);
    assert.deepEqual(next.drain(), [pattern(100, 2)]);
  });

  testOn(transport, "big messages can be read in place", (open) => {
    const { pusher, puller } = queue(open());
    pusher.send(pattern(2_000_000, 1));
    pusher.send(pattern(2_000_000, 2));
    const view = puller.recvView()!;
    puller.drain();
    assert.equal(pusher.send(pattern(2_000_000, 3)), false);
    assert.ok(sameBytes(view.bytes, pattern(2_000_000, 1)));
    view[Symbol.dispose]();
    assert.equal(pusher.send(pattern(2_000_000, 3)), true);
    assert.ok(sameBytes(puller.tryRecv()!, pattern(2_000_000, 3)));
  });

  testOn(
    transport,
    "a subscriber's view reports that it was overwritten, and counts a miss",
    (open) => {
      const channel = open(1024);
      const subscriber = channel.subscriber<Uint8Array>(RAW);
      const publisher = channel.publisher<Uint8Array>(RAW);
      publisher.send(pattern(100, 1));
      const view = subscriber.recvView()!;
      assert.equal(view.intact, true);
      assert.deepEqual(view.bytes.slice(), pattern(100, 1));
      for (const seed of numbers(20)) assert.equal(publisher.send(pattern(100, seed)), true);
      assert.equal(view.intact, false);
      assert.equal(subscriber.statistics().missed, 0);
      view[Symbol.dispose]();
      view[Symbol.dispose]();
      assert.equal(subscriber.statistics().missed, 1);
      assert.equal(channel.totals().dropped, 1n);
      const left = subscriber.drain().length;
      assert.equal(left + subscriber.statistics().missed, 21);
    },
  );

  testOn(
    transport,
    "what a publisher evicted for an aborted loan counts as missed",
    (open) => {
      const channel = open(1024);
      const subscriber = channel.subscriber<Uint8Array>(RAW);
      const publisher = channel.publisher<Uint8Array>(RAW);
      for (const n of [1, 2]) publisher.send(pattern(60_000, n));
      publisher.loan(60_000)!.abort();
      assert.ok(sameBytes(subscriber.tryRecv()!, pattern(60_000, 2)));
      assert.equal(subscriber.statistics().missed, 1);
      publisher.send(pattern(100, 3));
      assert.deepEqual(subscriber.tryRecv(), pattern(100, 3));
      assert.equal(subscriber.statistics().missed, 1);
    },
  );

  testOn(
    transport,
    "a publisher evicts no more than a big message needs",
    (open) => {
      const channel = open(4096);
      const subscriber = channel.subscriber<Uint8Array>(RAW);
      const publisher = channel.publisher<Uint8Array>(RAW);
      // The first makes space for six.
      for (const n of numbers(7)) publisher.send(pattern(20_000, n));
      const received = subscriber.drain();
      assert.equal(received.length, 6);
      assert.ok(received.every((bytes, at) => sameBytes(bytes, pattern(20_000, at + 1))));
      assert.equal(subscriber.statistics().missed, 1);
    },
  );

  testOn(transport, "a subscriber's view that stayed whole counts no miss", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    const publisher = channel.publisher<Uint8Array>(RAW);
    for (let i = 0; i < 100; i++) {
      publisher.send(pattern(i, i));
      using view = subscriber.recvView()!;
      assert.deepEqual(view.bytes.slice(), pattern(i, i));
      assert.equal(view.intact, true);
    }
    assert.ok(subscriber.recvView() === undefined);
    assert.equal(subscriber.statistics().missed, 0);
  });

  testOn(transport, "the view of a big broadcast reports that it was overwritten", (open) => {
    const channel = open();
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    const publisher = channel.publisher<Uint8Array>(RAW);
    publisher.send(pattern(3_000_000, 1));
    const view = subscriber.recvView()!;
    publisher.send(pattern(3_000_000, 2));
    assert.equal(view.intact, true);
    assert.ok(sameBytes(view.bytes, pattern(3_000_000, 1)));
    publisher.send(pattern(3_000_000, 3));
    assert.equal(view.intact, false);
    view[Symbol.dispose]();
    assert.equal(subscriber.statistics().missed, 1);
    assert.ok(sameBytes(subscriber.tryRecv()!, pattern(3_000_000, 2)));
    assert.ok(sameBytes(subscriber.tryRecv()!, pattern(3_000_000, 3)));
    assert.equal(subscriber.statistics().missed, 1);
  });
}
