// Reading a channel's messages without taking part.

import assert from "node:assert/strict";
import { Publisher, Puller, Pusher, Replier, Requester, Subscriber } from "../../../mod.ts";
import { formatSegment } from "../../../lib/segment/format.ts";
import { checksum } from "../../../lib/segment/checksum.ts";
import { follow } from "../../../lib/observe/follow.ts";
import type { ReadResult } from "../../../lib/observe/lane_reader.ts";
import { ChannelReader } from "../../../lib/observe/reader.ts";
import { instantiate } from "../../../lib/segment/ring.ts";
import * as layout from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { poke } from "../../support/damage.ts";
import { BytesInMemory, Observer } from "../../support/observed.ts";
import { Random } from "../../support/random.ts";

const SOCKETS = { queue: Pusher, broadcast: Publisher } as const;
const CAPACITY = 4096;

Deno.test("the check over two words is that of the compiled ring", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const ring = instantiate(memory);
  const random = new Random(11);
  for (let i = 0; i < 1000; i++) {
    const [a, b] = [random.below(2 ** 32), random.below(2 ** 32)];
    assert.equal(checksum(a, b), ring.checksum(a, b) >>> 0);
  }
});

for (const [kind, Socket] of Object.entries(SOCKETS)) {
  Deno.test(`an observer of a ${kind} reads new messages, or also those that exist`, () => {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    using one = new Socket<unknown>("a", { dir });
    using drain = kind === "queue" ? new Puller("a", { dir }) : undefined;
    one.send({ before: 1n });
    using fromNow = new Observer(directory.file("a"), "now");
    using fromOldest = new Observer(directory.file("a"), "oldest");
    using two = new Socket<unknown>("a", { dir });
    const big = new Uint8Array(3_000_000).map((_, i) => i);
    one.send("after");
    two.send(new Float32Array([1.5, -2]));
    one.send(big);
    const values = ["after", big, new Float32Array([1.5, -2])];
    assert.deepEqual(fromNow.values(), values);
    assert.deepEqual(fromOldest.values(), [{ before: 1n }, ...values]);
    assert.deepEqual([...fromNow.values(), ...fromOldest.values()], []);
    assert.deepEqual([fromNow.missed, fromOldest.missed], [0, 0]);
    drain?.drain();
  });

  Deno.test(`an observer of a ${kind} that is lapped counts exactly what it missed`, () => {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    const options = { dir, capacityBytes: CAPACITY, codec: "raw" } as const;
    const sockets = [0, 1].map(() => new Socket<Uint8Array>("a", options));
    using puller = kind === "queue" ? new Puller<Uint8Array>("a", { dir }) : undefined;
    using observer = new Observer(directory.file("a"), "now");
    const random = new Random(5);
    let [sent, seen] = [0, 0];
    const last: number[] = [];
    for (let round = 0; round < 300; round++) {
      const burst = random.length(400);
      for (let i = 0; i < burst; i++) {
        const bytes = numbered(sent, random.below(40) === 0 ? 2000 + random.below(4000) : 64);
        while (!sockets[random.below(2)].send(bytes)) puller!.drain();
        sent++;
        if (random.below(3) === 0) puller?.drain();
      }
      for (const { bytes, lane } of observer.messages()) {
        seen++;
        const number = numberOf(bytes);
        assert.ok(!(number <= last[lane]), `${number} after ${last[lane]} of lane ${lane}`);
        last[lane] = number;
      }
      assert.equal(seen + observer.missed, sent);
    }
    assert.deepEqual(observer.issues, []);
    assert.ok(observer.missed > 1000 && seen > 1000, `${seen} seen, ${observer.missed} missed`);
    for (const socket of sockets) socket.close();
    puller?.drain();
  });
}

/** Bytes that contain their number, and show that they belong together. */
function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(number % 251);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  assert.ok(bytes.subarray(4).every((byte) => byte === number % 251), `${number} is torn`);
  return number;
}

Deno.test("an observer reads requests without their prefix", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using requester = new Requester<unknown, unknown>("a", { dir });
  using replier = new Replier<unknown, unknown>("a", { dir });
  using observer = new Observer(directory.file("a"), "now");
  const stop = new AbortController();
  const served = replier.serve((value) => value, { signal: stop.signal });
  const requests = [{ n: 1 }, "x".repeat(700_000), new Int16Array([1, 2])];
  for (const request of requests) await requester.request(request);
  stop.abort();
  await served;
  const messages = observer.messages();
  assert.deepEqual(messages.map(({ request }) => request?.requester), [0, 0, 0]);
  using again = new Observer(directory.file("a"), "now");
  assert.deepEqual(again.values(), []);
  assert.equal(messages[1].bytes.length, 700_005);
});

Deno.test("pullers that take at once hide nothing from an observer, and get everything", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using pusher = new Pusher<number>("a", { dir });
  using puller = new Puller<number>("a", { dir });
  using observer = new Observer(directory.file("a"), "now");
  const taken: number[] = [];
  const seen: unknown[] = [];
  for (let n = 0; n < 5000; n++) {
    pusher.send(n);
    taken.push(puller.tryRecv()!);
    if (n % 50 === 49) seen.push(...observer.values());
  }
  assert.deepEqual(taken, Array.from({ length: 5000 }, (_, n) => n));
  assert.deepEqual(seen, taken);
  assert.equal(observer.missed, 0);
});

Deno.test("a message that is being written in place is not read before it is sent", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using pusher = new Pusher<Uint8Array>("a", { dir, codec: "raw", capacityBytes: 1024 });
  using puller = new Puller<Uint8Array>("a", { dir });
  using observer = new Observer(directory.file("a"), "now");
  const sizes = [300, 300, 200, 400, 8, 16];
  for (const size of [...sizes, ...sizes, ...sizes]) {
    const loan = pusher.loan(size)!;
    loan.bytes.fill(7);
    assert.deepEqual(observer.values(), []);
    loan.commit();
    assert.deepEqual(observer.values(), [new Uint8Array(size).fill(7)]);
    puller.drain();
  }
});

Deno.test("a taken message that a writer has begun to overwrite is missed, though its frame is intact", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const path = directory.file("a");
  using pusher = new Pusher<Uint8Array>("a", { dir, codec: "raw", capacityBytes: 1024 });
  using puller = new Puller<Uint8Array>("a", { dir });
  using observer = new Observer(path, "now");
  pusher.send(numbered(0, 480));
  assert.equal(observer.messages().length, 1);
  puller.drain();
  assert.equal(pusher.sendMany([numbered(1, 480), numbered(2, 8)]), 2);
  puller.drain();
  assert.ok(pusher.send(numbered(3, 96)));
  const frameOfNumber1 = () => Deno.readFileSync(path).slice(128 + 496, 128 + 512);
  const before = frameOfNumber1();
  const loan = pusher.loan(480)!;
  loan.bytes.fill(0xee, 400);
  assert.deepEqual(frameOfNumber1(), before);
  assert.deepEqual(observer.messages().map(({ bytes }) => numberOf(bytes)), [2, 3]);
  assert.equal(observer.missed, 1);
  loan.commit();
  assert.equal(observer.messages()[0].bytes[479], 0xee);
  puller.drain();
});

Deno.test("an observer writes nothing, and does not keep the channel from being deleted", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const publisher = new Publisher<number>("a", { dir });
  const subscriber = new Subscriber<number>("a", { dir });
  publisher.sendMany([1, 2, 3]);
  const before = Deno.readFileSync(directory.file("a"));
  const names = directory.files();
  using observer = new Observer(directory.file("a"), "oldest");
  assert.deepEqual(observer.values(), [1, 2, 3]);
  assert.deepEqual(Deno.readFileSync(directory.file("a")), before);
  assert.deepEqual(directory.files(), names);
  publisher.close();
  subscriber.close();
  assert.deepEqual(directory.files(), []);
  assert.ok(observer.file.isDeleted());
  assert.deepEqual(observer.values(), []);
});

Deno.test("damage is reported with its offset, and later messages are read", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const path = directory.file("a");
  using pusher = new Pusher<number>("a", { dir, capacityBytes: 1024 });
  using puller = new Puller<number>("a", { dir });
  using observer = new Observer(path, "oldest");
  pusher.sendMany([0, 1, 2, 3]);
  const second = layout.HEADER_BYTES + 24;
  poke(path, second + layout.RECORD_FRAME, new Uint8Array([0xff]));
  assert.deepEqual(observer.values(), [0, 2, 3]);
  const problem = "the record at position 24 is corrupt";
  assert.deepEqual(observer.issues, [{ offset: second, part: "lane 0", problem }]);
  assert.equal(observer.missed, 1);
  pusher.send(4);
  assert.deepEqual(observer.values(), [4]);
  assert.equal(puller.tryRecv(), 0);
  assert.throws(() => puller.tryRecv());
  assert.deepEqual(puller.drain(), [2, 3, 4]);
});

Deno.test("a file that is truncated while it is read ends the reading, and nothing else", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using pusher = new Pusher<unknown>("a", { dir, capacityBytes: 2048 });
  using puller = new Puller<unknown>("a", { dir });
  pusher.sendMany([1, "x".repeat(5000), 3]);
  const bytes = Deno.readFileSync(directory.file("a"));
  puller.drain();
  for (let lastRead = 1; lastRead < 40; lastRead++) {
    for (const left of [0, 100, 2100, 2300, bytes.length - 8192]) {
      let reads = 0;
      const source = new BytesInMemory(bytes, (self) => {
        if (++reads === lastRead) self.bytes = bytes.slice(0, left);
      });
      try {
        const reader = new ChannelReader(source, "a", "oldest");
        for (let attempt = 0; attempt < 5; attempt++) {
          const { messages } = reader.read();
          assert.ok(messages.every(({ bytes: { length } }) => length === 1 || length === 5003));
        }
      } catch (error) {
        assert.equal((error as Error).name, "ShmCorruptionError", `${error}`);
      }
    }
  }
});

Deno.test("follow yields everything up to the end, and returns why it ended", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const path = directory.file("a");
  const stop = new AbortController();
  const collect = async (observer: Observer) => {
    const sequences: number[] = [];
    const steps = follow(observer.file, observer.reader, stop.signal);
    while (true) {
      const { value, done } = await steps.next();
      if (done) return { sequences, end: value };
      for (const { sequence } of value.messages) sequences.push(sequence);
    }
  };
  const publisher = new Publisher<number>("a", { dir });
  const subscriber = new Subscriber<number>("a", { dir });
  const observers = [new Observer(path, "now"), new Observer(path, "now")];
  const deleted = collect(observers[0]);
  publisher.send(0);
  assert.equal(await subscriber.recv(), 0);
  publisher.send(1);
  publisher.close();
  subscriber.close();
  assert.deepEqual(await deleted, { sequences: [0, 1], end: "deleted" });
  stop.abort();
  assert.deepEqual(await collect(observers[1]), { sequences: [0, 1], end: "aborted" });
  for (const observer of observers) observer[Symbol.dispose]();
});

Deno.test("follow reads a closed channel to its end", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const path = directory.file("a");
  using publisher = new Publisher<number>("a", { dir });
  using observer = new Observer(path, "now");
  publisher.sendMany([1, 2]);
  poke(path, layout.HEADER_STATUS, new Uint8Array([layout.STATUS_CLOSED]));
  const steps = follow(observer.file, observer.reader, new AbortController().signal);
  assert.equal((await steps.next() as { value: ReadResult }).value.messages.length, 2);
  assert.deepEqual(await steps.next(), { value: "closed", done: true });
});

Deno.test("a file or a channel without messages is rejected with the reason", () => {
  const nothing = new BytesInMemory(new Uint8Array(10));
  assert.throws(() => new ChannelReader(nothing, "a", "now"), /it has 10 bytes, and a segment/);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const journal = { kind: "journal", capacity: 1024, codecId: "raw", persist: false } as const;
  formatSegment(memory, journal);
  const root = new BytesInMemory(new Uint8Array(memory.buffer).slice());
  assert.throws(() => new ChannelReader(root, "a", "now"), /"a": it is a journal/);
  assert.throws(() => new Observer("/nowhere/at/all", "now"), /there is no such file/);
  assert.throws(() => new Observer("/tmp", "now"), /no regular file/);
});
