// Messages from 0 bytes to 10 MB, in every pattern.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { SendingSocket } from "../../../mod.ts";
import type { ReceivingSocket } from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";
import { numbers, pattern, sameBytes } from "./values.ts";

const BIG = 10_000_000;

interface Pair {
  sender: SendingSocket<Uint8Array>;
  receiver: ReceivingSocket<Uint8Array>;
}

const PAIRS: Record<string, (channel: TestChannel) => Pair> = {
  queue: (channel) => ({
    sender: channel.pusher({ codec: "raw" }),
    receiver: channel.puller({ codec: "raw" }),
  }),
  broadcast: (channel) => ({
    receiver: channel.subscriber({ codec: "raw" }),
    sender: channel.publisher({ codec: "raw" }),
  }),
};

function assertBytes(received: Uint8Array | undefined, length: number, seed: number): void {
  assert.ok(received !== undefined);
  assert.equal(received.length, length);
  assert.ok(sameBytes(received, pattern(length, seed)), `bytes of message ${seed} differ`);
}

export function testSizes(transport: TestTransport): void {
  for (const [kind, open] of Object.entries(PAIRS)) testKind(transport, kind, open);

  testOn(transport, "requests and replies of all sizes arrive", async (open) => {
    const channel = open();
    const replier = channel.replier<Uint8Array, Uint8Array>({ codec: "raw" });
    const requester = channel.requester<Uint8Array, Uint8Array>({ codec: "raw" });
    const lengths = [0, 1, 7, 8, 9, 63, 64, 65, 1000, 16_383, 16_384, 600_000, BIG, 3, BIG + 1, 0];
    for (const [seed, length] of lengths.entries()) {
      const reply = requester.request(pattern(length, seed), { timeoutMs: 30_000 });
      assertBytes(replier.tryRecv(), length, seed);
      replier.send(pattern(length, seed + 1));
      assertBytes(await reply, length, seed + 1);
    }
  });

  testOn(transport, "several big requests and replies are in flight at once", async (open) => {
    const channel = open();
    const requester = channel.requester<Uint8Array, Uint8Array>({ codec: "raw" });
    const repliers = numbers(2).map(() =>
      channel.replier<Uint8Array, Uint8Array>({ codec: "raw" })
    );
    const stop = new AbortController();
    const served = repliers.map((replier) =>
      replier.serve((bytes) => bytes.slice().reverse(), { signal: stop.signal })
    );
    const sizes = [2_000_000, 10, 3_000_000, 0, 1_500_000, 2_500_000];
    const replies = await Promise.all(
      sizes.map((size, seed) => requester.request(pattern(size, seed), { timeoutMs: 10_000 })),
    );
    replies.forEach((reply, seed) => assertBytes(reply.reverse(), sizes[seed], seed));
    stop.abort();
    await Promise.all(served);
  });

  testOn(transport, "a big string passes with the default codec", (open) => {
    const channel = open();
    const pusher = channel.pusher<string>();
    const puller = channel.puller<string>();
    const text = "äöü€".repeat(1_000_000);
    assert.equal(pusher.send(text), true);
    assert.ok(puller.tryRecv() === text);
  });
}

/** Arrays of some bytes that lie in a larger buffer of each kind, behind an odd number of bytes. */
const PARTS: Record<string, (length: number) => Uint8Array> = {
  "a part of a buffer": (length) => new Uint8Array(new ArrayBuffer(length + 9), 3, length),
  "a resizable buffer": (length) =>
    new Uint8Array(new ArrayBuffer(length + 9, { maxByteLength: 2 * length + 9 }), 3, length),
  "a shared buffer": (length) => new Uint8Array(new SharedArrayBuffer(length + 9), 3, length),
  "an array with another class": (length) => Buffer.from(new ArrayBuffer(length + 9), 3, length),
};

/** The bytes of the buffer that are not the array's. */
function outside({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  const all = new Uint8Array(buffer);
  return Uint8Array.from([...all.subarray(0, byteOffset), ...all.subarray(byteOffset + length)]);
}

function testKind(
  transport: TestTransport,
  kind: string,
  openPair: (channel: TestChannel) => Pair,
) {
  testOn(transport, `${kind}: bytes pass from and to every kind of buffer`, (open) => {
    const { sender, receiver } = openPair(open());
    for (const [what, make] of Object.entries(PARTS)) {
      for (const length of [100, 16_384, 70_000, 600_000]) {
        const [source, target] = [make(length), make(length + 5)];
        source.set(pattern(length, length));
        // The second time, a buffer may be known.
        for (let i = 0; i < 2; i++) {
          target.fill(0);
          assert.equal(sender.send(source), true);
          assert.equal(receiver.recvIntoSync(target), length, what);
          assertBytes(target.subarray(0, length), length, length);
          assert.ok(target.subarray(length).every((byte) => byte === 0), what);
        }
        for (const array of [source, target]) {
          assert.ok(outside(array).every((byte) => byte === 0), what);
        }
      }
    }
  });

  testOn(transport, `${kind}: messages of every size arrive`, (open) => {
    const { sender, receiver } = openPair(open());
    const lengths = [
      0,
      1,
      7,
      8,
      9,
      63,
      64,
      65,
      1023,
      16_383,
      16_384,
      16_385,
      65_536,
      524_000,
      525_000,
      BIG,
      5,
      BIG,
    ];
    for (const [seed, length] of lengths.entries()) {
      assert.equal(sender.send(pattern(length, seed)), true);
      assertBytes(receiver.tryRecv(), length, seed);
    }
  });

  testOn(transport, `${kind}: empty messages are messages`, (open) => {
    const { sender, receiver } = openPair(open(1024));
    for (let i = 0; i < 200; i++) {
      assert.equal(sender.sendMany([new Uint8Array(0), new Uint8Array(0)]), 2);
      assert.deepEqual(receiver.drain(), [new Uint8Array(0), new Uint8Array(0)]);
    }
    assert.equal(receiver.tryRecv(), undefined);
  });

  testOn(transport, `${kind}: big messages follow each other`, (open) => {
    const { sender, receiver } = openPair(open());
    for (let seed = 0; seed < 12; seed += 2) {
      assert.equal(sender.send(pattern(BIG, seed)), true);
      assert.equal(sender.send(pattern(BIG, seed + 1)), true);
      assertBytes(receiver.tryRecv(), BIG, seed);
      assertBytes(receiver.tryRecv(), BIG, seed + 1);
    }
  });

  testOn(transport, `${kind}: big messages keep their place among small ones`, (open) => {
    const { sender, receiver } = openPair(open(4096));
    for (let round = 0; round < 30; round++) {
      const lengths = [10, 3000 + round * 500, 0, 100_000, 64];
      assert.equal(sender.sendMany(lengths.map(pattern)), lengths.length);
      lengths.forEach((length, seed) => assertBytes(receiver.tryRecv(), length, seed));
    }
    assert.equal(receiver.tryRecv(), undefined);
  });

  testOn(transport, `${kind}: big messages of several senders arrive`, (open) => {
    const channel = open(4096);
    const pairs = [openPair(channel), openPair(channel), openPair(channel)];
    const [{ receiver }] = pairs;
    for (const other of pairs.slice(1)) other.receiver.close();
    for (let round = 0; round < 5; round++) {
      pairs.forEach(({ sender }, seed) => assert.ok(sender.send(pattern(50_000 + seed, seed))));
      const received = receiver.drain().toSorted((a, b) => a.length - b.length);
      assert.equal(received.length, 3);
      received.forEach((bytes, seed) => assertBytes(bytes, 50_000 + seed, seed));
    }
  });
}
