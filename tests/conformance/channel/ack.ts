// Pullers that acknowledge, on one kind of memory.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  type Delivery,
  type Puller,
  ShmBufferFullError,
  ShmClosedError,
  ShmSerializationError,
  ShmTimeoutError,
} from "../../../mod.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";
import { PICKY } from "./picky.ts";
import { numbers, pattern, sameBytes, sleep } from "./values.ts";

const RAW = { codec: "raw" } as const;

function values<T>(deliveries: Delivery<T>[]): T[] {
  return deliveries.map(({ value }) => value);
}

function counts(deliveries: Delivery<unknown>[]): number[] {
  return deliveries.map((delivery) => delivery.deliveries);
}

function ackAll(deliveries: Delivery<unknown>[]): void {
  for (const delivery of deliveries) delivery.ack();
}

/** No message is left for any puller. */
function assertEmpty(channel: TestChannel): void {
  assert.equal(channel.ackPuller().tryRecv(), undefined);
  assert.equal(channel.puller().tryRecv(), undefined);
}

export function testAck(transport: TestTransport): void {
  testOn(
    transport,
    "a message that is acknowledged is done, also after its puller closed",
    (open) => {
      const channel = open();
      const puller = channel.ackPuller<number>();
      channel.pusher<number>().sendMany(numbers(300));
      for (let n = 0; n < 300; n++) {
        const message = puller.tryRecv()!;
        assert.deepEqual([message.value, message.deliveries], [n, 1]);
        message.ack();
      }
      assert.equal(puller.tryRecv(), undefined);
      assert.equal(puller.statistics().received, 300);
      assert.equal(puller.statistics().redelivered, 0);
      puller.close();
      assertEmpty(channel);
    },
  );

  for (const isWaiting of [false, true]) {
    const who = isWaiting ? "that has found nothing before" : "that attaches later";
    testOn(transport, `a puller ${who} gets first what a closed one had leased`, (open) => {
      const channel = open();
      const pusher = channel.pusher<number>();
      const closing = channel.ackPuller<number>();
      const waiting = channel.ackPuller<number>();
      pusher.send(0);
      assert.equal(closing.tryRecv()!.value, 0);
      assert.equal(waiting.tryRecv(), undefined);
      pusher.sendMany([1, 2, 3]);
      closing.close();
      const later = isWaiting ? waiting : channel.ackPuller<number>();
      const received = later.drain();
      assert.deepEqual(values(received), [0, 1, 2, 3]);
      ackAll(received);
    });
  }

  testOn(transport, "all ways to receive return deliveries", async (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.ackPuller<number>();
    const seen: number[] = [];
    const take = (message: Delivery<number>) => {
      seen.push(message.value);
      message.ack();
    };
    const later = puller.recv({ timeoutMs: 30_000 });
    pusher.sendMany(numbers(5));
    take(await later);
    take(puller.recvSync({ timeoutMs: 30_000 }));
    take(puller.tryRecv()!);
    for (const message of puller.drain(1)) take(message);
    for await (const message of puller) {
      take(message);
      break;
    }
    assert.deepEqual(seen, numbers(5));
    assertEmpty(channel);
  });

  testOn(transport, "a message that is returned goes to another puller, and counts", (open) => {
    const channel = open();
    const first = channel.ackPuller<string>();
    const second = channel.ackPuller<string>();
    channel.pusher<string>().send("task");
    first.tryRecv()!.nack();
    const again = second.tryRecv()!;
    assert.deepEqual([again.value, again.deliveries], ["task", 2]);
    again.nack();
    const third = first.tryRecv()!;
    assert.equal(third.deliveries, 3);
    assert.equal(first.tryRecv(), undefined);
    assert.equal(second.tryRecv(), undefined);
    third.ack();
    assert.equal(first.statistics().redelivered, 1);
    assert.equal(second.statistics().redelivered, 1);
    assertEmpty(channel);
  });

  testOn(transport, "a puller that is alone receives what it returned", async (open) => {
    const channel = open();
    const puller = channel.ackPuller<number>();
    channel.pusher<number>().send(7);
    for (let n = 1; n < 20; n++) {
      const message = n % 2 === 0
        ? puller.recvSync({ timeoutMs: 30_000 })
        : await puller.recv({ timeoutMs: 30_000 });
      assert.deepEqual([message.value, message.deliveries], [7, n]);
      message.nack();
    }
    puller.tryRecv()!.ack();
    assertEmpty(channel);
  });

  testOn(transport, "a returned message comes behind the messages that wait", (open) => {
    const channel = open();
    const puller = channel.ackPuller<string>();
    const pusher = channel.pusher<string>();
    const waiting = numbers(1000).map((n) => `good ${n}`);
    pusher.sendMany(["bad", "worse", ...waiting]);
    const received: string[] = [];
    let badDeliveries = 0;
    while (received.length < 1000) {
      const message = puller.tryRecv()!;
      if (message.value.startsWith("good")) {
        received.push(message.value);
        message.ack();
      } else {
        badDeliveries++;
        message.nack();
      }
    }
    assert.deepEqual(received, waiting);
    assert.equal(badDeliveries, 2);
    assert.deepEqual(values(puller.drain().map((message) => (message.ack(), message))), [
      "bad",
      "worse",
    ]);
    assertEmpty(channel);
  });

  testOn(transport, "returned messages take turns, also while messages pour in", (open) => {
    const channel = open();
    const puller = channel.ackPuller<number>();
    const pushers = [channel.pusher<number>(), channel.pusher<number>()];
    pushers[0].sendMany([-1, -2, -3]);
    const deliveries = new Map<number, number>();
    for (let n = 0; n < 3000; n++) {
      pushers[n % 2].send(n);
      const message = puller.tryRecv()!;
      if (message.value >= 0) message.ack();
      else {
        deliveries.set(message.value, message.deliveries);
        message.nack();
      }
    }
    const counts = [-1, -2, -3].map((n) => deliveries.get(n)!);
    assert.ok(Math.min(...counts) > 10, `deliveries ${counts}`);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `deliveries ${counts}`);
    for (let rest = puller.drain(); rest.length > 0; rest = puller.drain()) ackAll(rest);
    assertEmpty(channel);
  });

  testOn(transport, "a message that is returned with a delay comes after it", async (open) => {
    const channel = open();
    const puller = channel.ackPuller<string>({ maxUnacked: 1 });
    const other = channel.ackPuller<string>();
    channel.pusher<string>().sendMany(["late", "later", "now"]);
    const returnedMs = performance.now();
    const waited = () => performance.now() - returnedMs;
    puller.tryRecv()!.nack({ delayMs: 100 });
    puller.tryRecv()!.nack({ delayMs: 150 });
    puller.tryRecv()!.ack();
    const late = await other.recv({ timeoutMs: 30_000 });
    assert.deepEqual([late.value, late.deliveries, waited() >= 100], ["late", 2, true]);
    late.ack();
    const later = puller.recvSync({ timeoutMs: 30_000 });
    assert.deepEqual([later.value, waited() >= 150], ["later", true]);
    later.nack({ delayMs: 1e9 });
    puller.close();
    const last = other.recvSync({ timeoutMs: 30_000 });
    assert.deepEqual([last.value, last.deliveries], ["later", 3]);
    assert.throws(() => last.nack({ delayMs: -1 }), RangeError);
    assert.throws(() => last.nack({ delay: 1 } as never), TypeError);
    assert.throws(() => last.nack(100 as never), TypeError);
    last.ack();
    assertEmpty(channel);
  });

  testOn(transport, "a returned message goes to another puller that waits", async (open) => {
    const channel = open();
    const picky = channel.ackPuller<number>();
    const other = channel.ackPuller<number>();
    const rejected: number[] = [];
    const loop = (async () => {
      for await (const message of picky) {
        rejected.push(message.value);
        message.nack();
      }
    })();
    const pusher = channel.pusher<number>();
    for (let n = 0; n < 20; n++) {
      pusher.send(n);
      const message = await other.recv({ timeoutMs: 30_000 });
      assert.equal(message.value, n);
      message.ack();
    }
    assert.ok(rejected.length <= 20, `rejected ${rejected}`);
    picky.close();
    await loop;
    assertEmpty(channel);
  });

  testOn(
    transport,
    "new messages arrive while a returned one waits for another puller",
    (open) => {
      const channel = open();
      const pusher = channel.pusher<number>();
      const puller = channel.ackPuller<number>();
      const absent = channel.puller<number>();
      const waiting = absent.recv({ timeoutMs: 50 }).catch((error) => error);
      pusher.send(0);
      puller.tryRecv()!.nack();
      pusher.send(1);
      const message = puller.recvSync({ timeoutMs: 30_000 });
      assert.equal(message.value, 1);
      message.ack();
      absent.close();
      puller.recvSync({ timeoutMs: 30_000 }).ack();
      return waiting.then((error) => assert.ok(error instanceof ShmClosedError));
    },
  );

  testOn(
    transport,
    "the messages that a closing puller held go to the others, in order",
    (open) => {
      const channel = open();
      const leaver = channel.ackPuller<number>();
      const stayer = channel.ackPuller<number>();
      channel.pusher<number>().sendMany(numbers(100));
      const held = leaver.drain(60);
      for (let i = 0; i < 60; i += 3) held[i].ack();
      leaver.close();
      const rest = stayer.drain();
      const again = rest.filter(({ deliveries }) => deliveries === 2);
      assert.deepEqual(values(again), numbers(60).filter((n) => n % 3 !== 0));
      const fresh = rest.filter(({ deliveries }) => deliveries === 1);
      assert.deepEqual(values(fresh), numbers(40, 60));
      assert.equal(rest.length, 80);
      ackAll(rest);
      assertEmpty(channel);
    },
  );

  testOn(
    transport,
    "a puller without ack receives returned messages, in all its ways",
    async (open) => {
      const channel = open();
      const pusher = channel.pusher<Uint8Array>(RAW);
      const holder = channel.ackPuller<Uint8Array>(RAW);
      const plain = channel.puller<Uint8Array>(RAW);
      pusher.sendMany(numbers(7).map((n) => pattern(20 + n, n)));
      const held = holder.drain();
      const check = (bytes: Uint8Array, n: number) => {
        assert.ok(sameBytes(bytes, pattern(20 + n, n)), `message ${n}`);
      };
      const waiting = plain.recv({ timeoutMs: 30_000 });
      held[0].nack();
      check(await waiting, 0);
      for (const message of held.slice(1)) message.nack();
      check(plain.tryRecv()!, 1);
      assert.throws(() => plain.tryRecvInto(new Uint8Array(3)), RangeError);
      const target = new Uint8Array(100);
      check(target.subarray(0, plain.tryRecvInto(target)), 2);
      check(target.subarray(0, plain.recvIntoSync(target)), 3);
      {
        using view = plain.recvView()!;
        assert.equal(view.intact, true);
        check(view.bytes, 4);
      }
      plain.drain().forEach((bytes, i) => check(bytes, 5 + i));
      assert.equal(plain.statistics().redelivered, 7);
      assertEmpty(channel);
    },
  );

  testOn(transport, "a puller that closes with an open view returns its message", (open) => {
    const channel = open();
    channel.pusher<Uint8Array>(RAW).send(pattern(9, 1));
    channel.ackPuller<Uint8Array>(RAW).tryRecv()!.nack();
    const viewer = channel.puller<Uint8Array>(RAW);
    const view = viewer.recvView()!;
    viewer.close();
    view[Symbol.dispose]();
    const message = channel.ackPuller<Uint8Array>(RAW).tryRecv()!;
    assert.deepEqual([message.value, message.deliveries], [pattern(9, 1), 3]);
    message.ack();
  });

  testOn(transport, "pullers with and without ack share a queue", async (open) => {
    const channel = open(4096);
    const pusher = channel.pusher<number>();
    const acking = [channel.ackPuller<number>(), channel.ackPuller<number>({ maxUnacked: 3 })];
    const plain = [channel.puller<number>(), channel.puller<number>()];
    const seen = new Map<number, number>();
    const count = (value: number) => seen.set(value, (seen.get(value) ?? 0) + 1);
    const loops = [
      ...acking.map(async (puller) => {
        for await (const message of puller) {
          if (message.value % 7 === 0 && message.deliveries === 1) message.nack();
          else {
            count(message.value);
            message.ack();
          }
        }
      }),
      ...plain.map(async (puller) => {
        for await (const value of puller) count(value);
      }),
    ];
    for (let n = 0; n < 3000; n++) await pusher.sendAsync(n, { timeoutMs: 30_000 });
    while (seen.size < 3000) await sleep(2);
    for (const puller of [...acking, ...plain]) puller.close();
    await Promise.all(loops);
    assert.deepEqual([...seen.values()].filter((times) => times !== 1), []);
    assertEmpty(channel);
  });

  testOn(
    transport,
    "at its limit a puller receives no more, and the others continue",
    async (open) => {
      const channel = open();
      const pusher = channel.pusher<number>();
      const full = channel.ackPuller<number>({ maxUnacked: 3 });
      const other = channel.ackPuller<number>();
      pusher.sendMany(numbers(6));
      const held = full.drain();
      assert.deepEqual(values(held), [0, 1, 2]);
      assert.equal(full.tryRecv(), undefined);
      assert.deepEqual(full.drain(), []);
      assert.throws(
        () => full.recvSync(),
        (error: Error) =>
          error instanceof ShmBufferFullError && /3 unacknowledged messages/.test(error.message),
      );
      await assert.rejects(full.recv({ timeoutMs: 5 }), (error: Error) => {
        return error instanceof ShmTimeoutError && /raise maxUnacked/.test(error.message);
      });
      const abort = new AbortController();
      const aborted = full.recv({ signal: abort.signal });
      abort.abort(new Error("enough"));
      await assert.rejects(aborted, /enough/);
      assert.equal(other.recvSync().value, 3);
      const waiting = [full.recv({ timeoutMs: 30_000 }), full.recv({ timeoutMs: 30_000 })];
      held[1].ack();
      assert.equal((await waiting[0]).value, 4);
      held[0].nack();
      assert.equal((await waiting[1]).value === 0, false);
    },
  );

  testOn(transport, "calls that end without a message leave the limit as it was", async (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.ackPuller<number>({ maxUnacked: 2 });
    assert.equal(puller.tryRecv(), undefined);
    assert.throws(() => puller.recvSync({ timeoutMs: 1 }), ShmTimeoutError);
    await assert.rejects(puller.recv({ timeoutMs: 1 }), /within 1 ms/);
    await assert.rejects(puller.recv({ timeoutMs: 1 }), ShmTimeoutError);
    await assert.rejects(puller.recv({ signal: AbortSignal.timeout(1) }));
    assert.throws(() => puller.drain(1.5), RangeError);
    await assert.rejects(puller.recv({ timeoutMs: -1 }), RangeError);
    pusher.sendMany(numbers(3));
    assert.equal(puller.drain().length, 2);
  });

  testOn(
    transport,
    "calls that wait receive their messages in the order of the calls",
    async (open) => {
      const channel = open();
      const puller = channel.ackPuller<number>({ maxUnacked: 2 });
      const received: number[] = [];
      const calls = numbers(20).map(async () => {
        const message = await puller.recv({ timeoutMs: 30_000 });
        received.push(message.value);
        await sleep(0);
        message.ack();
      });
      const pusher = channel.pusher<number>();
      for (let n = 0; n < 20; n++) {
        pusher.send(n);
        await sleep(0);
      }
      await Promise.all(calls);
      assert.deepEqual(received, numbers(20));
    },
  );

  testOn(transport, "a leased message uses no space in the ring", (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<Uint8Array>(RAW);
    const holder = channel.ackPuller<Uint8Array>(RAW);
    const other = channel.puller<Uint8Array>(RAW);
    pusher.send(pattern(300, 0));
    const held = holder.tryRecv()!;
    for (let n = 1; n < 200; n++) {
      assert.equal(pusher.send(pattern(300, n)), true);
      assert.ok(sameBytes(other.tryRecv()!, pattern(300, n)));
    }
    held.nack();
    assert.ok(sameBytes(other.tryRecv()!, pattern(300, 0)));
  });

  testOn(transport, "leased messages of all sizes stay whole while others are sent", (open) => {
    const channel = open(4096);
    const pusher = channel.pusher<Uint8Array>(RAW);
    const holder = channel.ackPuller<Uint8Array>(RAW);
    const other = channel.ackPuller<Uint8Array>(RAW);
    const sizes = [0, 1, 8, 191, 192, 193, 2000, 2040, 2041, 5000, 70_000, 1_500_000, 40];
    for (let round = 0; round < 3; round++) {
      const held: Delivery<Uint8Array>[] = [];
      for (const size of sizes) {
        assert.equal(pusher.send(pattern(size, size + round)), true);
        held.push(holder.tryRecv()!);
      }
      held.forEach(({ value }, i) => {
        assert.ok(sameBytes(value, pattern(sizes[i], sizes[i] + round)));
      });
      for (const message of held) message.nack();
      const again = other.drain();
      assert.deepEqual(again.map(({ value }) => value.length), sizes);
      again.forEach(({ value }, i) => {
        assert.ok(sameBytes(value, pattern(sizes[i], sizes[i] + round)));
      });
      ackAll(again);
    }
    assertEmpty(channel);
  });

  testOn(transport, "lease slots are used again: the segment does not grow", (open) => {
    const channel = open(4096);
    const pusher = channel.pusher<Uint8Array>(RAW);
    const puller = channel.ackPuller<Uint8Array>(RAW);
    const size = () => channel.bytes().length;
    const round = () => {
      for (const bytes of [10, 300, 9000, 100_000]) {
        pusher.send(new Uint8Array(bytes));
        pusher.send(new Uint8Array(bytes));
        ackAll(puller.drain());
      }
    };
    round();
    const before = size();
    for (let i = 0; i < 100; i++) round();
    assert.equal(size(), before);
  });

  testOn(
    transport,
    "a puller can hold 4,096 messages, which another one receives in order",
    (open) => {
      const channel = open();
      const pusher = channel.pusher<number>();
      const holder = channel.ackPuller<number>({ maxUnacked: 4096 });
      assert.equal(pusher.sendMany(numbers(5000)), 5000);
      assert.deepEqual(values(holder.drain()), numbers(4096));
      assert.equal(holder.tryRecv(), undefined);
      holder.close();
      const other = channel.ackPuller<number>({ maxUnacked: 4096 });
      const again = other.drain().filter(({ deliveries }) => deliveries === 2);
      assert.ok(again.length >= 4095, `${again.length}`);
      assert.deepEqual(values(again), numbers(again.length));
    },
  );

  testOn(transport, "values of each codec, and arrays, are leased", (open) => {
    for (const codec of ["msgpack", "json", "clone"] as const) {
      const channel = open();
      const pusher = channel.pusher({ codec });
      const puller = channel.ackPuller({ codec });
      const array = { data: new Float64Array([1, 2, 3, 4]), shape: [2, 2] };
      pusher.send({ a: [1, "x"] });
      pusher.send(array);
      const held = puller.drain();
      for (const message of held) message.nack();
      const again = channel.ackPuller({ codec }).drain();
      assert.deepEqual(values(again), [{ a: [1, "x"] }, array]);
      assert.deepEqual(counts(again), [2, 2]);
      ackAll(again);
    }
  });

  testOn(transport, "a message that cannot be decoded is done, and uses no lease slot", (open) => {
    const channel = open();
    const pusher = channel.pusher<string>({ codec: PICKY });
    const puller = channel.ackPuller<string>({ codec: PICKY, maxUnacked: 2 });
    for (let i = 0; i < 5; i++) {
      pusher.send("bad");
      assert.throws(() => puller.tryRecv(), ShmSerializationError);
    }
    pusher.sendMany(["one", "bad", "two", "three"]);
    const first = puller.drain();
    assert.deepEqual(values(first), ["one"]);
    assert.throws(() => puller.drain(), ShmSerializationError);
    first[0].ack();
    assert.deepEqual(values(puller.drain()), ["two", "three"]);
    puller.close();
    assert.deepEqual(channel.puller({ codec: PICKY }).drain(), ["two", "three"]);
  });

  testOn(transport, "a delivery is settled once", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.ackPuller<number>();
    pusher.sendMany(numbers(3));
    const [acked, nacked] = puller.drain(2);
    acked.ack();
    assert.throws(() => acked.ack(), { name: "TypeError", message: /acknowledged already/ });
    assert.throws(() => acked.nack(), { name: "TypeError", message: /acknowledged already/ });
    acked[Symbol.dispose]();
    nacked.nack();
    assert.throws(() => nacked.ack(), { name: "TypeError", message: /returned already/ });
    assert.throws(() => nacked.nack(), { name: "TypeError", message: /returned already/ });
    const rest = puller.drain();
    assert.deepEqual(values(rest).sort(), [1, 2]);
    puller.close();
    assert.throws(() => rest[0].ack(), ShmClosedError);
    assert.throws(() => rest[1].nack(), ShmClosedError);
    rest[0][Symbol.dispose]();
    assert.deepEqual(channel.puller<number>().drain().sort(), [1, 2]);
  });

  testOn(transport, "a delivery that is disposed unsettled is returned", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const puller = channel.ackPuller<number>();
    pusher.send(1);
    const work = () => {
      using message = puller.tryRecv()!;
      if (message.deliveries === 1) throw new Error("this time it fails");
      message.ack();
      return message.value;
    };
    assert.throws(work, /this time it fails/);
    assert.equal(work(), 1);
    assertEmpty(channel);
  });

  testOn(transport, "calls that cannot lease a message are rejected at once", (open) => {
    const puller = open().ackPuller<Uint8Array>(RAW);
    const bytes = new Uint8Array(10);
    for (
      const call of [
        () => puller.tryRecvInto(bytes),
        () => puller.recvIntoSync(bytes),
        () => puller.recvView(),
      ]
    ) {
      assert.throws(call, { name: "TypeError", message: /acknowledges what it receives/ });
    }
  });

  testOn(transport, "closing ends calls that wait, with and without a permit", async (open) => {
    const puller = open().ackPuller<number>({ maxUnacked: 1 });
    const waiting = [puller.recv(), puller.recv()];
    const ended = (async () => {
      for await (const _ of puller) assert.fail("no message was sent");
    })();
    await sleep(1);
    puller.close();
    await Promise.all(waiting.map((call) => assert.rejects(call, ShmClosedError)));
    await ended;
    assert.throws(() => puller.tryRecv(), ShmClosedError);
    assert.throws(() => puller.drain(), ShmClosedError);
    assert.throws(() => puller.recvSync(), ShmClosedError);
    await assert.rejects(puller.recv(), ShmClosedError);
  });

  testOn(transport, "options of ack are checked", (open) => {
    const channel = open();
    const openWith = (options: unknown) => () => channel.puller(options as ChannelOptions);
    assert.throws(openWith({ ack: 1 }), { name: "TypeError", message: /true or false, not 1/ });
    assert.throws(openWith({ maxUnacked: 5 }), { name: "TypeError", message: /ack: true/ });
    for (const maxUnacked of [0, -1, 1.5, 4097, NaN, "5", null]) {
      assert.throws(openWith({ ack: true, maxUnacked }), RangeError);
    }
    const ack: ChannelOptions = { ack: true } as ChannelOptions;
    for (
      const [name, openOther] of [
        ["Pusher", () => open().pusher(ack)],
        ["Publisher", () => open().publisher(ack)],
        ["Subscriber", () => open().subscriber(ack)],
        ["Requester", () => open().requester(ack)],
        ["Replier", () => open().replier(ack)],
      ] as const
    ) {
      assert.throws(openOther, {
        name: "TypeError",
        message: `new ${name}() has no option "ack" (given: true); only pullers acknowledge`,
      });
    }
    const plain: Puller<unknown> = channel.puller({ ack: false } as ChannelOptions);
    channel.pusher().send("x");
    assert.equal(plain.tryRecv(), "x");
  });
}
