// What the iterable that is passed to `sendMany` does to the socket.

import assert from "node:assert/strict";
import { testOn, type TestTransport } from "./channel.ts";
import { detachedBytes, outOfBoundsBytes } from "../../support/unreadable_bytes.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

export function testIterables(transport: TestTransport): void {
  testOn(transport, "a loan within sendMany: what was accepted arrives", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
    const puller = channel.puller<Uint8Array>({ codec: "raw" });
    const sendMany = () =>
      pusher.sendMany(function* () {
        yield bytes(1);
        yield bytes(2);
        using loan = pusher.loan(1);
        loan!.bytes[0] = 9;
        yield bytes(3);
      }());
    assert.throws(sendMany, /a loan is open/);
    assert.deepEqual(puller.drain(), [bytes(1), bytes(2)]);
    assert.equal(pusher.send(bytes(4)), true);
    assert.deepEqual(puller.drain(), [bytes(4)]);
  });

  testOn(transport, "a send within sendMany: all arrive in their order", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    const sent = pusher.sendMany(function* () {
      yield 1;
      pusher.send(2);
      yield 3;
    }());
    assert.equal(sent, 2);
    assert.deepEqual(puller.drain(), [1, 2, 3]);
    assert.equal(pusher.statistics().sent, 3);
  });

  testOn(transport, "a socket that closes within sendMany: what was accepted arrives", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    const sent = pusher.sendMany(function* () {
      yield 1;
      yield 2;
      pusher.close();
      yield 3;
    }());
    assert.equal(sent, 2);
    assert.deepEqual(puller.drain(), [1, 2]);
  });

  testOn(transport, "an iterable that throws: what was accepted arrives", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    const sendMany = () =>
      pusher.sendMany(function* () {
        yield 1;
        throw new Error("no more");
      }());
    assert.throws(sendMany, /no more/);
    assert.deepEqual(puller.drain(), [1]);
  });

  for (const [name, make] of Object.entries({ detachedBytes, outOfBoundsBytes })) {
    testOn(transport, `${name}: a send that throws leaves no message`, async (open) => {
      const channel = open();
      const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
      const puller = channel.puller<Uint8Array>({ codec: "raw" });
      const rejected = { name: "ShmSerializationError" };
      assert.throws(() => pusher.send(make()), rejected);
      assert.throws(() => pusher.sendSync(make()), rejected);
      await assert.rejects(pusher.sendAsync(make()), rejected);
      assert.throws(() => pusher.sendMany([bytes(1), make()]), rejected);
      pusher.send(bytes(2));
      assert.deepEqual(puller.drain(), [bytes(1), bytes(2)]);
      assert.equal(pusher.statistics().sent, 2);
    });
  }
}
