// Many messages of bytes with one call: `readMany`, and `sendMany` of one packed buffer.

import assert from "node:assert/strict";
import type { Publisher, Puller, Pusher, Subscriber } from "../../../mod.ts";
import { collectLog, textsOf } from "../../support/log_records.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { packed, pattern, sameBytes } from "./values.ts";
import type { Codec } from "../../../lib/codecs/codec.ts";
import { replaceRing } from "../../stress/corruption/interpose.ts";
import { Random } from "../../support/random.ts";
import { withSeed } from "../../support/seed.ts";

const RAW = { codec: "raw" } as const;

type Receiving = Puller<Uint8Array> | Subscriber<Uint8Array>;

/** What a reader gets, as copies. */
function readAll(receiver: Receiving, limit?: number): Uint8Array[] {
  const got: Uint8Array[] = [];
  const count = receiver.readMany((bytes, offset, length) => {
    got.push(bytes.slice(offset, offset + length));
  }, { limit });
  assert.equal(count, got.length);
  return got;
}

/** Messages, and the same packed. */
function packedOf(lengths: number[], from: number) {
  const messages = lengths.map((length, i) => pattern(length, from + i));
  const [bytes] = packed(messages);
  return { messages, bytes };
}

function assertSame(got: Uint8Array[], expected: Uint8Array[]): void {
  assert.equal(got.length, expected.length);
  got.forEach((bytes, i) => assert.ok(sameBytes(bytes, expected[i]), `message ${i}`));
}

export function testManyBytes(transport: TestTransport): void {
  for (const kind of ["queue", "broadcast"] as const) {
    testOn(transport, `${kind}: what is sent packed is what is read`, (open) =>
      withSeed((seed) => {
        const random = new Random(seed);
        for (const capacityBytes of [1024, 16 * 1024, 256 * 1024]) {
          const channel = open(capacityBytes);
          const receiver: Receiving = kind === "queue"
            ? channel.puller<Uint8Array>(RAW)
            : channel.subscriber<Uint8Array>(RAW);
          const sender: Pusher<Uint8Array> | Publisher<Uint8Array> = kind === "queue"
            ? channel.pusher<Uint8Array>(RAW)
            : channel.publisher<Uint8Array>(RAW);
          for (let round = 0; round < 60; round++) {
            const longest = random.pick([8, 64, 65, 200, 3000]);
            const lengths: number[] = [];
            let space = capacityBytes / 2;
            while (lengths.length < 100 && (space -= longest + 32) > 0) {
              lengths.push(random.between(0, longest));
            }
            const { messages, bytes } = packedOf(lengths, round);
            assert.equal(
              sender.sendMany(bytes, random.pick([lengths, Uint32Array.from(lengths)])),
              lengths.length,
            );
            const first = readAll(receiver, random.between(0, 5));
            assertSame([...first, ...readAll(receiver)], messages);
          }
          const { received, bytes } = receiver.statistics();
          assert.deepEqual({ received, bytes }, {
            received: sender.statistics().sent,
            bytes: sender.statistics().bytes,
          });
        }
      }));
  }

  testOn(transport, "a full ring accepts the first messages of a packed buffer", (open) => {
    const channel = open(4096);
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>(RAW);
    const { messages, bytes } = packedOf(Array(200).fill(64), 0);
    const sent = pusher.sendMany(bytes, Array(200).fill(64));
    assert.ok(sent > 40 && sent < 60, `${sent}`);
    assert.equal(pusher.statistics().dropped, 1);
    assertSame(readAll(puller), messages.slice(0, sent));
    const left = bytes.subarray(sent * 64);
    assert.equal(pusher.sendMany(left, Array(10).fill(64)), 10);
    assertSame(readAll(puller), messages.slice(sent, sent + 10));
  });

  testOn(transport, "a packed buffer at any offset, with big messages, arrives", (open) => {
    const channel = open(64 * 1024);
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>(RAW);
    const lengths = [3, 100_000, 0, 40_000, 64];
    const { messages, bytes } = packedOf(lengths, 5);
    for (let offset = 0; offset < 9; offset++) {
      const moved = new Uint8Array(bytes.length + 16).subarray(offset, offset + bytes.length + 1);
      moved.set(bytes);
      assert.equal(pusher.sendMany(moved, lengths), lengths.length);
      assertSame(readAll(puller), messages);
    }
  });

  testOn(transport, "packed messages are checked before one is sent", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const bytes = new Uint8Array(10);
    assert.throws(
      () => pusher.sendMany(bytes, [5, 6]),
      /at most 10 bytes, not 11/,
    );
    assert.throws(
      () => pusher.sendMany(bytes, [1, -1]),
      /^RangeError: lengths\[1\] must be a whole/,
    );
    assert.throws(() => pusher.sendMany(bytes, [1.5]), RangeError);
    assert.throws(() => pusher.sendMany([1] as unknown as Uint8Array, [1]), /must be a Uint8Array/);
    assert.throws(
      () => (pusher.sendMany as (...args: unknown[]) => number)(bytes, [1], 2),
      /does not take the further argument 2/,
    );
    assert.equal(pusher.sendMany(bytes, []), 0);
    assert.equal(pusher.statistics().sent, 0);
    const objects = open().pusher();
    assert.throws(
      () => objects.sendMany(bytes, [1]),
      /cannot send packed bytes on channel .* codec is "msgpack"/,
    );
  });

  testOn(transport, "what a reader has not seen when it throws is received later", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>(RAW);
    pusher.sendMany([1, 2, 3, 4, 5, 6].map((n) => Uint8Array.of(n)));
    let seen = 0;
    const failing = () =>
      puller.readMany(() => {
        if (++seen === 2) throw new Error("the reader fails");
      });
    assert.throws(failing, /^Error: the reader fails$/);
    assert.equal(seen, 2);
    assert.deepEqual(puller.tryRecv(), Uint8Array.of(3));
    assert.deepEqual(readAll(puller, 1), [Uint8Array.of(4)]);
    pusher.send(Uint8Array.of(7));
    assert.deepEqual(readAll(puller), [5, 6, 7].map((n) => Uint8Array.of(n)));
    assert.equal(puller.statistics().received, 7);
  });

  testOn(
    transport,
    "a reader that closes its puller gets no more, and another one gets it",
    (open) => {
      const channel = open();
      const pusher = channel.pusher<Uint8Array>(RAW);
      const puller = channel.puller<Uint8Array>(RAW);
      pusher.sendMany([1, 2, 3].map((n) => Uint8Array.of(n)));
      const got: number[] = [];
      const count = puller.readMany((bytes, offset) => {
        got.push(bytes[offset]);
        puller.close();
      });
      assert.equal(count, 1);
      assert.deepEqual(got, [1]);
      assert.throws(() => puller.readMany(() => {}), /is closed/);
      pusher.send(Uint8Array.of(4));
      const rest = readAll(channel.puller<Uint8Array>(RAW)).map(([n]) => n);
      assert.deepEqual(rest.toSorted(), [2, 3, 4]);
      assert.ok(rest.indexOf(2) < rest.indexOf(3));
    },
  );

  testOn(transport, "a reader that closes its subscriber gets no more", (open) => {
    const channel = open();
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    channel.publisher<Uint8Array>(RAW).sendMany(new Uint8Array(3), [1, 1, 1]);
    assert.equal(subscriber.readMany(() => subscriber.close()), 1);
  });

  for (const closes of [true, false]) {
    const when = closes ? "by its reader, which throws" : "after its reader threw";
    testOn(transport, `what a puller has taken that is closed ${when} is returned`, (open) => {
      const channel = open();
      const pusher = channel.pusher<Uint8Array>(RAW);
      pusher.sendMany([1, 2, 3].map((n) => Uint8Array.of(n)));
      pusher.send(new Uint8Array(5000));
      const puller = channel.puller<Uint8Array>(RAW);
      const read = () => {
        if (closes) puller.close();
        throw new Error("reader");
      };
      assert.throws(() => puller.readMany(read), /reader/);
      puller.close();
      const rest = channel.ackPuller<Uint8Array>(RAW).drain();
      const returned = rest.filter(({ value }) => value.length === 1);
      assert.deepEqual(returned.map(({ value }) => value[0]), [2, 3]);
      assert.deepEqual(rest.map(({ deliveries }) => deliveries), [1, 1, 1]);
    });
  }

  testOn(transport, "what drain has taken and not decoded is returned, with its flags", (open) => {
    const channel = open();
    const pusher = channel.pusher({ codec: "msgpack" });
    const values = [1, { a: "x" }, undefined, new Float32Array([1, 2])];
    pusher.sendMany(values);
    const puller = channel.puller();
    const { attachment } = puller as unknown as { attachment: { codec: Codec } };
    const { codec } = attachment;
    let decoded = 0;
    attachment.codec = {
      ...codec,
      decode(bytes) {
        if (decoded++ > 0) throw new Error("decode");
        return codec.decode(bytes);
      },
    };
    assert.deepEqual(puller.drain(), [1]);
    puller.close();
    assert.deepEqual(channel.puller().drain(), values.slice(1));
  });

  testOn(transport, "what cannot be returned is logged", async (open) => {
    const records = await collectLog(() => {
      const channel = open();
      const puller = channel.puller<Uint8Array>(RAW);
      channel.pusher<Uint8Array>(RAW).sendMany(new Uint8Array(3), [1, 1, 1]);
      const failing = () => {
        throw new Error("reader");
      };
      assert.throws(() => puller.readMany(failing), /reader/);
      replaceRing(
        puller,
        (ring) => ({ ...ring, claimLeaseSlot: () => 0, missingLeaseTable: () => -1 }),
      );
      puller.close();
    }, "warning");
    const [warning, ...others] = textsOf(records, "warning");
    assert.match(
      warning,
      /closed before it received 2 messages .* lost since they cannot be returned/,
    );
    assert.deepEqual(others, []);
  });

  testOn(transport, "a reader may receive and read as well", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>(RAW);
    pusher.sendMany([1, 2].map((n) => Uint8Array.of(n)));
    const got: number[] = [];
    const read = (bytes: Uint8Array, offset: number) => {
      if (bytes[offset] === 1) {
        pusher.sendMany([3, 4, 5].map((n) => Uint8Array.of(n)));
        got.push(...puller.tryRecv()!);
        puller.readMany(read);
      }
      got.push(bytes[offset]);
    };
    puller.readMany(read);
    assert.deepEqual(got, [3, 4, 5, 1, 2]);
  });

  testOn(transport, "two pullers that read many messages at a time get each one once", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const pullers = [channel.puller<Uint8Array>(RAW), channel.puller<Uint8Array>(RAW)];
    const got: number[] = [];
    for (let i = 0; i < 100; i++) pusher.send(Uint8Array.of(i));
    for (let i = 0; got.length < 100; i++) {
      got.push(...readAll(pullers[i % 2], 7).map(([n]) => n));
    }
    assert.deepEqual(got, Array.from({ length: 100 }, (_, i) => i));
  });

  testOn(transport, "a subscriber that reads many messages counts what it missed", (open) => {
    const channel = open(4096);
    const subscriber = channel.subscriber<Uint8Array>(RAW);
    const publisher = channel.publisher<Uint8Array>(RAW);
    let received = 0;
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 10 * round; i++) publisher.send(new Uint8Array(64));
      received += readAll(subscriber).length;
    }
    const { missed } = subscriber.statistics();
    assert.ok(missed! > 1000);
    assert.equal(received + missed!, publisher.statistics().sent);
  });

  testOn(transport, "pooled arrays keep their bytes, whatever is received later", async (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>({ ...RAW, pooled: true });
    const lengths = Array.from(
      { length: 400 },
      (_, i) => [0, 1, 7, 64, 65, 1000, 1024, 1025, 5000][i % 9],
    );
    const got: Uint8Array[] = [];
    const receive = [
      () => puller.tryRecv()!,
      () => puller.recvSync(),
      () => puller.recv(),
    ];
    for (const [i, length] of lengths.entries()) {
      pusher.send(pattern(length, i));
      got.push(await receive[i % 3]());
    }
    assertSame(got, lengths.map((length, i) => pattern(length, i)));
    assert.ok(new Set(got.map(({ buffer }) => buffer)).size < got.length / 2, "buffers are shared");
    // To write into one does not change another.
    got.forEach((bytes, i) => bytes.fill(i));
    for (const [i, bytes] of got.entries()) assert.ok(bytes.every((byte) => byte === (i & 255)));
  });

  testOn(transport, "the buffer of pooled arrays is not transferred, and none is lost", (open) => {
    const channel = open();
    const publisher = channel.publisher<Uint8Array>(RAW);
    const subscriber = channel.subscriber<Uint8Array>({ ...RAW, pooled: true });
    // The subscriber attached after the publisher.
    publisher.sendMany([Uint8Array.of(1), Uint8Array.of(2)]);
    const [first, second] = [subscriber.tryRecv()!, subscriber.tryRecv()!];
    assert.equal(first.buffer, second.buffer);
    const { port1, port2 } = new MessageChannel();
    const transfer = [first.buffer as ArrayBuffer];
    assert.throws(() => port1.postMessage(first, transfer));
    assert.throws(() => structuredClone(first, { transfer }));
    assert.throws(() => transfer[0].transfer());
    port1.close();
    port2.close();
    publisher.send(Uint8Array.of(3));
    assert.deepEqual([first, second, subscriber.tryRecv()], [1, 2, 3].map((n) => Uint8Array.of(n)));
  });

  testOn(transport, "an array has a buffer of its own by default", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.puller<Uint8Array>();
    pusher.sendMany([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    assert.equal(puller.tryRecv()!.buffer.byteLength, 2);
  });

  testOn(transport, "pullers with ack share buffers as well, and senders do not", (open) => {
    const channel = open();
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.ackPuller<Uint8Array>({ ...RAW, pooled: true });
    pusher.sendMany([Uint8Array.of(1), Uint8Array.of(2)]);
    const deliveries = [puller.tryRecv()!, puller.tryRecv()!];
    assert.deepEqual(deliveries.map(({ value }) => value), [Uint8Array.of(1), Uint8Array.of(2)]);
    assert.equal(deliveries[0].value.buffer, deliveries[1].value.buffer);
    for (const delivery of deliveries) delivery.ack();
    const options = { pooled: true } as unknown as typeof RAW;
    assert.throws(() => open().publisher(options), /only subscribers and pullers share buffers/);
    const wrong = { pooled: 1 } as unknown as { pooled: boolean };
    assert.throws(() => open().puller(wrong), /pooled must be true or false, not 1/);
  });

  testOn(transport, "readMany checks its arguments, and reads the bytes of any codec", (open) => {
    const channel = open();
    const pusher = channel.pusher<unknown>({ codec: "json" });
    const puller = channel.puller<unknown>();
    const readMany = puller.readMany.bind(puller) as (...args: unknown[]) => number;
    assert.throws(() => readMany(), /^TypeError: reader must be a function, not undefined/);
    assert.throws(() => readMany(() => {}, { limit: -1 }), RangeError);
    assert.throws(() => readMany(() => {}, { limits: 1 }), /did you mean limit|limits/);
    assert.equal(readMany(() => {}, { limit: 0 }), 0);
    pusher.sendMany([{ a: 1 }, "text"]);
    const texts: string[] = [];
    const decoder = new TextDecoder();
    puller.readMany((bytes, offset, length) => {
      texts.push(decoder.decode(bytes.slice(offset, offset + length)));
    });
    assert.deepEqual(texts, ['{"a":1}', '"text"']);
    const held = open();
    held.pusher(RAW);
    assert.throws(() => held.ackPuller(RAW).readMany(() => {}), /its puller acknowledges/);
  });
}
