// Values that look like no value: each is a message like any other, with every way to receive.

import assert from "node:assert/strict";
import type { CodecName, Puller, Pusher } from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

const EVERYWHERE = [null, undefined, 0, "", false, [], {}, "0", [null], { a: null }];

/** Values that each codec carries. */
const VALUES: Record<Exclude<CodecName, "raw">, readonly unknown[]> = {
  json: EVERYWHERE,
  msgpack: [...EVERYWHERE, NaN, new Uint8Array(0), new Date(0)],
  clone: [...EVERYWHERE, NaN, -0, 0n, new Uint8Array(0), new Date(0), new Map(), new Set()],
};

const WAIT = { timeoutMs: 30_000 };

/** Ways to receive what was sent before. */
const RECEIVE: Record<string, (puller: Puller<unknown>, count: number) => Promise<unknown[]>> = {
  tryRecv: (puller, count) => repeat(count, () => puller.tryRecv()),
  recvSync: (puller, count) => repeat(count, () => puller.recvSync(WAIT)),
  recv: (puller, count) => repeat(count, () => puller.recv(WAIT)),
  drain: (puller) => Promise.resolve(puller.drain()),
  "for await": async (puller, count) => {
    const values: unknown[] = [];
    for await (const value of puller) {
      if (values.push(value) === count) break;
    }
    return values;
  },
};

async function repeat<T>(count: number, call: () => T | Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(await call());
  return values;
}

/** A queue and a broadcast as a sender and a receiver. */
const PAIRS: Record<string, (channel: TestChannel, codec: CodecName) => [Pusher, Puller<unknown>]> =
  {
    queue: (channel, codec) => [channel.pusher({ codec }), channel.puller({ codec })],
    broadcast: (channel, codec) => {
      const subscriber = channel.subscriber({ codec });
      return [channel.publisher({ codec }) as unknown as Pusher, subscriber as Puller<unknown>];
    },
  };

export function testUnusualValues(transport: TestTransport): void {
  for (const [codec, values] of Object.entries(VALUES)) {
    testCodec(transport, codec as CodecName, values);
  }

  testOn(transport, "raw: empty bytes are a message, and undefined is rejected", async (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
    const puller = channel.puller<Uint8Array>({ codec: "raw" });
    const empty = new Uint8Array(0);
    for (const receive of Object.values(RECEIVE)) {
      pusher.sendMany([empty, empty]);
      assert.deepEqual(await receive(puller as Puller<unknown>, 2), [empty, empty]);
    }
    const send = () => pusher.send(undefined as unknown as Uint8Array);
    assert.throws(send, { name: "ShmSerializationError" });
    assert.equal(puller.tryRecv(), undefined);
  });
}

function testCodec(transport: TestTransport, codec: CodecName, values: readonly unknown[]): void {
  for (const [kind, openPair] of Object.entries(PAIRS)) {
    testOn(transport, `${kind}, ${codec}: unusual values are messages`, async (open) => {
      const [sender, receiver] = openPair(open(), codec);
      for (const [how, receive] of Object.entries(RECEIVE)) {
        for (const value of values) assert.equal(sender.send(value), true);
        assert.deepEqual(await receive(receiver, values.length), values, how);
        assert.equal(sender.sendMany(values as unknown[]), values.length);
        assert.deepEqual(await receive(receiver, values.length), values, `sendMany, ${how}`);
      }
      assert.equal(receiver.statistics().received, 2 * 5 * values.length);
    });

    testOn(transport, `${kind}, ${codec}: a waiting call receives unusual values`, async (open) => {
      const [sender, receiver] = openPair(open(), codec);
      for (const value of values) {
        const received = receiver.recv(WAIT);
        sender.send(value);
        assert.deepEqual(await received, value);
      }
    });
  }

  testOn(transport, `acknowledged, ${codec}: unusual values are messages`, async (open) => {
    const channel = open();
    const pusher = channel.pusher({ codec });
    const puller = channel.ackPuller({ codec });
    for (const value of values) {
      pusher.send(value);
      const delivery = puller.tryRecv();
      assert.ok(delivery !== undefined);
      assert.deepEqual(delivery.value, value);
      delivery.nack();
      const again = await puller.recv(WAIT);
      assert.deepEqual(again.value, value);
      again.ack();
    }
  });

  testOn(transport, `${codec}: unusual values are requests and replies`, async (open) => {
    const channel = open();
    const replier = channel.replier({ codec });
    const requester = channel.requester({ codec });
    for (const value of values) {
      requester.send(value);
      assert.deepEqual(replier.recvSync(WAIT), value);
      replier.send(value);
      assert.deepEqual(requester.recvSync(WAIT), value);
    }
    const stop = new AbortController();
    const served = replier.serve((value) => value, { signal: stop.signal });
    for (const value of values) {
      assert.deepEqual(await requester.request(value, WAIT), value);
    }
    stop.abort();
    await served;
  });
}
