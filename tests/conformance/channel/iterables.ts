// What a program does to a socket while the socket calls it: in the iterable that is passed to `sendMany`,
// in a getter of a value, in a codec.

import assert from "node:assert/strict";
import type { Codec, Puller } from "../../../mod.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { detachedBytes, outOfBoundsBytes } from "../../support/unreadable_bytes.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A codec that closes a puller while it decodes. */
function closingCodec() {
  let closes: Puller<unknown> | undefined;
  const codec: Codec<number> = {
    id: "closing",
    encode: (value) => bytes(value),
    decode([value]) {
      closes?.close();
      return value;
    },
  };
  return { codec, closeWhenDecoding: (puller: Puller<unknown> | undefined) => closes = puller };
}

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

  testOn(
    transport,
    "a socket that closes while it encodes throws the documented error",
    async (open) => {
      const channel = open();
      const puller = channel.puller();
      const isClosed = { name: "ShmClosedError" };
      const opened = () => {
        const pusher = channel.pusher();
        const closing = {
          get value() {
            pusher.close();
            return 1;
          },
        };
        return { pusher, closing };
      };
      {
        const { pusher, closing } = opened();
        assert.throws(() => pusher.send(closing), isClosed);
      }
      {
        const { pusher, closing } = opened();
        assert.throws(() => pusher.sendSync(closing), isClosed);
      }
      {
        const { pusher, closing } = opened();
        await assert.rejects(pusher.sendAsync(closing), isClosed);
      }
      const { pusher, closing } = opened();
      assert.equal(pusher.sendMany([1, closing, 2]), 1);
      assert.deepEqual(puller.drain(), [1]);
      channel.pusher().send(2);
      assert.equal(puller.tryRecv(), 2);
    },
  );

  testOn(transport, "a codec that closes a puller loses no message", async (open) => {
    const methods = {
      tryRecv: (puller: Puller<number>) => [puller.tryRecv()],
      recvSync: (puller: Puller<number>) => [puller.recvSync()],
      recv: async (puller: Puller<number>) => [await puller.recv()],
      drain: (puller: Puller<number>) => puller.drain(),
    };
    for (const [method, receive] of Object.entries(methods)) {
      const { codec, closeWhenDecoding } = closingCodec();
      const channel = open();
      const pusher = channel.pusher<number>({ codec });
      const puller = channel.puller<number>({ codec });
      pusher.sendMany([1, 2, 3]);
      closeWhenDecoding(puller);
      const received = await receive(puller);
      closeWhenDecoding(undefined);
      assert.deepEqual(
        [...received, ...channel.puller<number>({ codec }).drain()],
        [1, 2, 3],
        method,
      );
    }
  });

  testOn(
    transport,
    "a codec that closes a puller with acknowledgement returns its messages",
    (open) => {
      const { codec, closeWhenDecoding } = closingCodec();
      const channel = open();
      const pusher = channel.pusher<number>({ codec });
      const puller = channel.puller<number>({ codec, ack: true } as never) as Puller<unknown>;
      pusher.sendMany([1, 2, 3]);
      closeWhenDecoding(puller);
      assert.equal(puller.drain().length, 1);
      closeWhenDecoding(undefined);
      assert.deepEqual(channel.puller<number>({ codec }).drain().sort(), [1, 2, 3]);
    },
  );

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
