// Push and pull on one kind of memory.

import assert from "node:assert/strict";
import { ShmBufferFullError } from "../../../mod.ts";
import { testOn, type TestTransport } from "./channel.ts";
import { assertPrompt } from "../../support/deadline.ts";
import { numbers, pattern, sleep } from "./values.ts";

export function testQueue(transport: TestTransport): void {
  testOn(transport, "each message goes to exactly one puller", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const pullers = numbers(3).map(() => channel.puller<number>());
    assert.equal(pusher.sendMany(numbers(3000)), 3000);
    const received: number[] = [];
    for (let i = 0; received.length < 3000; i++) {
      const puller = pullers[i % 3];
      if (i % 5 === 0) received.push(...puller.drain(7));
      else received.push(puller.tryRecv()!);
    }
    assert.deepEqual(received, numbers(3000));
    for (const puller of pullers) assert.equal(puller.tryRecv(), undefined);
  });

  testOn(transport, "messages wait for a later puller", (open) => {
    const channel = open();
    channel.pusher().sendMany(["a", "b"]);
    assert.deepEqual(channel.puller().drain(), ["a", "b"]);
  });

  testOn(transport, "each pusher's messages arrive in their order", (open) => {
    const channel = open(4096);
    const pushers = numbers(3).map(() => channel.pusher<[number, number]>());
    const pullers = numbers(2).map(() => channel.puller<[number, number]>());
    const next = [0, 0, 0];
    const seen: number[][] = [[], [], []];
    const take = (values: [number, number][]) => {
      for (const [from, value] of values) seen[from].push(value);
    };
    for (let i = 0; i < 3000; i++) {
      const from = i % 3;
      if (pushers[from].send([from, next[from]])) next[from]++;
      if (i % 4 === 0) take(pullers[i % 2].drain(5));
    }
    for (const puller of pullers) take(puller.drain());
    assert.deepEqual(seen, next.map((count) => numbers(count)));
  });

  testOn(transport, "a full ring rejects messages, and loses none", (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    let accepted = 0;
    while (pusher.send(accepted)) accepted++;
    assert.equal(pusher.send(-1), false);
    assert.equal(pusher.sendMany([-1, -2]), 0);
    assert.throws(
      () => pusher.sendSync(-1, { timeoutMs: 1 }),
      (error: Error) =>
        error instanceof ShmBufferFullError &&
        /1024 bytes stayed full for 1 ms/.test(error.message),
    );
    assert.deepEqual(puller.drain(), numbers(accepted));
    assert.equal(pusher.send(-1), true);
    assert.equal(puller.tryRecv(), -1);
    assert.equal(pusher.statistics().dropped, 4);
    assert.equal(channel.totals().dropped, 4n);
  });

  testOn(transport, "sendMany returns how many it accepted", (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    const accepted = pusher.sendMany(numbers(1000));
    assert.ok(accepted > 10 && accepted < 1000);
    assert.deepEqual(puller.drain(), numbers(accepted));
    assert.equal(pusher.sendMany([]), 0);
    assert.equal(pusher.sendMany(new Set([1, 2])), 2);
    assert.deepEqual(puller.drain(1), [1]);
    assert.deepEqual(puller.drain(0), []);
    assert.deepEqual(puller.drain(9), [2]);
  });

  testOn(transport, "sendAsync waits for space and keeps its order", async (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    const sends = numbers(300).map((value) => pusher.sendAsync(value, { timeoutMs: 20_000 }));
    const received: number[] = [];
    while (received.length < 300) received.push(await puller.recv({ timeoutMs: 30_000 }));
    await Promise.all(sends);
    assert.deepEqual(received, numbers(300));
    assert.equal(pusher.statistics().dropped, 0);
  });

  testOn(transport, "sendAsync keeps the bytes of the moment it was called", async (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<Uint8Array>({ codec: "raw" });
    const puller = channel.puller<Uint8Array>({ codec: "raw" });
    while (pusher.send(pattern(200, 1))) continue;
    const bytes = pattern(200, 2);
    const sent = pusher.sendAsync(bytes, { timeoutMs: 30_000 });
    bytes.fill(0);
    const received = puller.drain();
    await sent;
    received.push(...puller.drain());
    assert.deepEqual(received.at(-1), pattern(200, 2));
  });

  testOn(transport, "the messages that a closing puller leaves go to the others", (open) => {
    const channel = open();
    const pusher = channel.pusher<number>();
    const leaver = channel.puller<number>();
    const stayer = channel.puller<number>();
    pusher.sendMany(numbers(100));
    assert.deepEqual(leaver.drain(10), numbers(10));
    leaver.close();
    assert.deepEqual(stayer.drain(), numbers(90, 10));
  });

  testOn(transport, "the messages of a closing pusher are still delivered", (open) => {
    const channel = open();
    const puller = channel.puller<number>();
    for (let i = 0; i < 50; i++) {
      const pusher = channel.pusher<number>();
      pusher.send(i);
      pusher.close();
    }
    assert.deepEqual(puller.drain(), numbers(50));
  });

  testOn(transport, "waiting pullers get equal shares", async (open) => {
    const channel = open();
    const pullers = numbers(4).map(() => channel.puller<number>());
    const seen = pullers.map(() => 0);
    const all = new Set<number>();
    const loops = pullers.map(async (puller, index) => {
      for await (const value of puller) {
        if (value < 0) return;
        seen[index]++;
        all.add(value);
      }
    });
    const pusher = channel.pusher<number>();
    for (let i = 0; i < 4000; i++) {
      await pusher.sendAsync(i, { timeoutMs: 30_000 });
      if (i % 50 === 0) await sleep(0);
    }
    while (all.size < 4000) await sleep(5);
    for (let i = 0; i < 4; i++) pusher.send(-1);
    await Promise.all(loops);
    assert.equal(all.size, 4000);
    assert.ok(Math.max(...seen) - Math.min(...seen) <= 50, `shares ${seen}`);
  });

  testOn(transport, "a busy puller does not delay the others", async (open) => {
    const channel = open();
    const busy = channel.puller<number>();
    const idle = channel.puller<number>();
    const pusher = channel.pusher<number>();
    const first = busy.recv({ timeoutMs: 30_000 });
    pusher.send(0);
    await first;
    const start = performance.now();
    for (let i = 1; i <= 1000; i++) {
      pusher.send(i);
      assert.equal(await idle.recv({ timeoutMs: 30_000 }), i);
    }
    // Had the busy one delayed each of them until the other polls, they would take a minute.
    assert.ok(performance.now() - start < 20_000);
  });

  testOn(transport, "a puller that makes space wakes a sender that waits", async (open) => {
    const channel = open(1024);
    const pusher = channel.pusher<number>();
    const puller = channel.puller<number>();
    await assertPrompt(async () => {
      let sent = 0;
      while (pusher.send(sent)) sent++;
      const late = pusher.sendAsync(sent, { timeoutMs: 30_000 });
      const start = performance.now();
      assert.deepEqual(puller.drain().length, sent);
      await late;
      const tookMs = performance.now() - start;
      assert.equal(puller.tryRecv(), sent);
      return tookMs;
    });
  });
}
