// What sockets count.

import assert from "node:assert/strict";
import { type Codec, ShmSerializationError } from "../../../mod.ts";
import { testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { PICKY } from "../../conformance/channel/picky.ts";

const NOTHING = {
  sent: 0,
  received: 0,
  redelivered: 0,
  dropped: 0,
  missed: 0,
  unmatched: 0,
  conflated: 0,
  bytes: 0,
  errors: 0,
};
const RAW = { codec: "raw" } as const;

for (const transport of TRANSPORTS) {
  testOn(transport, "a new socket has counted nothing", (open) => {
    const channel = open();
    assert.deepEqual(channel.pusher().statistics(), NOTHING);
    assert.deepEqual(channel.puller().statistics(), NOTHING);
    const requests = open();
    assert.deepEqual(requests.requester().statistics(), NOTHING);
    assert.deepEqual(requests.replier().statistics(), NOTHING);
  });

  testOn(transport, "senders and receivers count messages and bytes on every path", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>(RAW);
    const bytes = new Uint8Array(10);
    pusher.send(bytes);
    pusher.sendSync(bytes);
    pusher.sendMany([bytes, bytes]);
    pusher.loan(10)!.commit();
    pusher.loan(10)!.abort();
    pusher.send(new Uint8Array(1_000_000));
    assert.deepEqual(pusher.statistics(), { ...NOTHING, sent: 6, bytes: 1_000_050 });
    puller.tryRecv();
    puller.recvSync();
    puller.tryRecvInto(bytes);
    puller.recvView()![Symbol.dispose]();
    puller.drain();
    assert.deepEqual(puller.statistics(), { ...NOTHING, received: 6, bytes: 1_000_050 });
  });

  testOn(transport, "statistics are a copy, and stay after closing", (open) => {
    const channel = open(1024);
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    const publisher = channel.publisher<Uint8Array>(RAW);
    const before = publisher.statistics();
    for (let i = 0; i < 100; i++) publisher.send(new Uint8Array(84));
    const received = subscriber.drain().length;
    assert.deepEqual(before, NOTHING);
    publisher.close();
    subscriber.close();
    assert.deepEqual(publisher.statistics(), { ...NOTHING, sent: 100, bytes: 8400 });
    assert.deepEqual(subscriber.statistics(), {
      ...NOTHING,
      received,
      missed: 100 - received,
      bytes: received * 84,
    });
  });

  testOn(transport, "requests and replies are counted on both sides", async (open) => {
    const channel = open();
    const requester = channel.requester<Uint8Array, Uint8Array>(RAW);
    const replier = channel.replier<Uint8Array, Uint8Array>(RAW);
    for (let i = 0; i < 3; i++) {
      const reply = requester.request(new Uint8Array(5), { timeoutMs: 5000 });
      replier.tryRecv();
      replier.send(new Uint8Array(7));
      await reply;
    }
    const both = { ...NOTHING, sent: 3, received: 3, bytes: 36 };
    assert.deepEqual(requester.statistics(), both);
    assert.deepEqual(replier.statistics(), both);
  });

  testOn(transport, "errors are counted where they happen", (open) => {
    const channel = open();
    const pusher = channel.pusher<unknown>({ codec: "json" });
    for (const value of [Symbol("value"), () => 1, 5n]) {
      assert.throws(() => pusher.send(value), ShmSerializationError);
    }
    assert.deepEqual(pusher.statistics(), { ...NOTHING, errors: 3 });
    const picky = open();
    const sender = picky.pusher<string>({ codec: PICKY as Codec });
    const receiver = picky.puller<string>({ codec: PICKY as Codec });
    sender.sendMany(["bad", "good"]);
    assert.throws(() => receiver.tryRecv(), ShmSerializationError);
    assert.equal(receiver.tryRecv(), "good");
    assert.deepEqual(receiver.statistics(), { ...NOTHING, received: 2, bytes: 7, errors: 1 });
  });
}
