import assert from "node:assert/strict";
import {
  LocalChannel,
  Publisher,
  Puller,
  Pusher,
  ShmCorruptionError,
  Subscriber,
} from "../../../mod.ts";
import { replaceRing } from "../../stress/corruption/interpose.ts";

Deno.test("messages that drain took before an error are returned, and the next call throws it", () => {
  using channel = LocalChannel.create({ capacityBytes: 1024 });
  using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw" });
  using puller = new Puller<Uint8Array>(channel.handle, { codec: "raw" });
  const lengths = [1, 2, 2000];
  for (const length of lengths) assert(pusher.send(new Uint8Array(length)));
  let failures = 1;
  replaceRing(puller, (ring) => ({
    ...ring,
    foundTag(offset, length) {
      if (failures-- > 0) throw new Error("the segment cannot be mapped");
      return ring.foundTag(offset, length);
    },
  }));
  assert.deepEqual(puller.drain().map((bytes) => bytes.length), [1, 2]);
  assert.throws(() => puller.drain(), /cannot be mapped/);
  assert.deepEqual(puller.drain().map((bytes) => bytes.length), [2000]);
});

/** Receives until the receiver knows where the next message will lie. */
function warm(sender: Sending, receiver: Receiving): void {
  for (let i = 0; i < 8; i++) {
    sender.send(bytesOf(i));
    assert.equal(receiver.tryRecvInto(target), 64);
  }
}

type Sending = Pusher<Uint8Array> | Publisher<Uint8Array>;
type Receiving = Puller<Uint8Array> | Subscriber<Uint8Array>;

const RAW = { codec: "raw" } as const;
const target = new Uint8Array(1024);
const bytesOf = (i: number) => new Uint8Array(64).fill(i);

for (const [Sender, Receiver] of [[Pusher, Puller], [Publisher, Subscriber]] as const) {
  const who = Receiver.name.toLowerCase();

  Deno.test({
    name: `a ${who} takes each small message of a lane with one call into the ring`,
    // Other machines may read the payload before the head.
    ignore: Deno.build.arch !== "x86_64",
    fn() {
      using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
      using sender = new Sender<Uint8Array>(channel.handle, RAW);
      using receiver = new Receiver<Uint8Array>(channel.handle, RAW);
      warm(sender, receiver);
      const calls: string[] = [];
      replaceRing(receiver, (ring) => ({
        ...ring,
        next: (mode) => (calls.push("next"), ring.next(mode)),
        take: (size, flags) => (calls.push("take"), ring.take(size, flags)),
        receive: (...args) => (calls.push("receive"), ring.receive(...args)),
      }));
      for (let i = 0; i < 200; i++) {
        sender.send(bytesOf(i));
        assert.equal(receiver.tryRecvInto(target), 64);
        assert.equal(target[63], i & 0xff);
      }
      assert.deepEqual(calls, Array(200).fill("receive"));
      assert.equal(receiver.statistics().received, 208);
    },
  });

  Deno.test(`a ${who} that knows where the next message lies finds those of other lanes`, () => {
    using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
    using first = new Sender<Uint8Array>(channel.handle, RAW);
    using second = new Sender<Uint8Array>(channel.handle, RAW);
    using receiver = new Receiver<Uint8Array>(channel.handle, RAW);
    // Both lanes are at the same position all the time.
    for (let i = 0; i < 300; i++) {
      first.send(bytesOf(1));
      second.send(bytesOf(2));
      const got = [0, 0].map(() => (receiver.tryRecvInto(target), target[63]));
      assert.deepEqual(got.sort(), [1, 2]);
    }
    assert.equal(receiver.tryRecvInto(target), -1);
  });

  Deno.test(`a ${who} that knows where the next message lies receives one of each kind`, () => {
    using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
    using sender = new Sender<Uint8Array>(channel.handle, RAW);
    using receiver = new Receiver<Uint8Array>(channel.handle, RAW);
    const large = new Uint8Array(100_000);
    for (const length of [0, 1, 63, 1016, 1017, 1024, 5000, 40_000, 100_000]) {
      warm(sender, receiver);
      sender.send(large.subarray(0, length).fill(length % 251));
      const into = new Uint8Array(length).fill(255);
      assert.equal(receiver.tryRecvInto(into), length);
      assert.ok(into.every((byte) => byte === length % 251), `${length} bytes`);
    }
    warm(sender, receiver);
    sender.send(bytesOf(1));
    assert.throws(
      () => receiver.tryRecvInto(new Uint8Array(63)),
      /has 64 bytes, and the target 63/,
    );
    assert.equal(receiver.tryRecvInto(target), 64);
  });
}

Deno.test("two pullers that know where the next message lies take each one once", () => {
  using channel = LocalChannel.create({ capacityBytes: 4096 });
  using pusher = new Pusher<Uint8Array>(channel.handle, RAW);
  using a = new Puller<Uint8Array>(channel.handle, RAW);
  using b = new Puller<Uint8Array>(channel.handle, RAW);
  const got: number[] = [];
  for (let i = 0; i < 200; i++) {
    pusher.send(bytesOf(i));
    const puller = i % 16 < 8 ? a : b;
    // The other one moved the tail while this one did not look.
    assert.equal(puller.tryRecvInto(target), 64);
    got.push(target[63]);
  }
  assert.deepEqual(got, Array.from({ length: 200 }, (_, i) => i));
  assert.equal(a.tryRecvInto(target) + b.tryRecvInto(target), -2);
});

Deno.test("a subscriber that is lapped after it knew where the next message lies counts what it missed", () => {
  using channel = LocalChannel.create({ capacityBytes: 4096 });
  using publisher = new Publisher<Uint8Array>(channel.handle, RAW);
  using subscriber = new Subscriber<Uint8Array>(channel.handle, RAW);
  let sent = 0;
  let received = 0;
  for (let round = 0; round < 20; round++) {
    warm(publisher, subscriber);
    sent += 8;
    received += 8;
    for (let i = 0; i < 100 + round; i++, sent++) publisher.send(bytesOf(sent));
    while (subscriber.tryRecvInto(target) >= 0) received++;
    assert.equal(target[63], (sent - 1) & 0xff);
    assert.equal(received + subscriber.statistics().missed!, sent);
  }
  assert.ok(received < sent);
});

Deno.test("a message whose words change while it is received is rejected", () => {
  using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
  using pusher = new Pusher<Uint8Array>(channel.handle, RAW);
  using puller = new Puller<Uint8Array>(channel.handle, RAW);
  warm(pusher, puller);
  pusher.send(bytesOf(1));
  replaceRing(puller, (ring) => ({
    ...ring,
    receive(place, position, size, mode) {
      attachmentOf(puller).words[(place - 16) >>> 2] = 100;
      return ring.receive(place, position, size, mode);
    },
  }));
  assert.throws(() => puller.tryRecvInto(target), ShmCorruptionError);
});

function attachmentOf(socket: unknown): { words: Int32Array } {
  return (socket as { attachment: { words: Int32Array } }).attachment;
}

Deno.test("a run of messages whose sizes change while it is copied is rejected", () => {
  for (const sizes of [[100, 12], [12, 100]]) {
    using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
    using pusher = new Pusher<Uint8Array>(channel.handle, RAW);
    using puller = new Puller<Uint8Array>(channel.handle, RAW);
    pusher.sendMany([new Uint8Array(48), new Uint8Array(48)]);
    let first = 0;
    replaceRing(puller, (ring) => ({
      ...ring,
      next: (mode) => first = ring.next(mode),
      stepOver(limit, space) {
        const bytes = ring.stepOver(limit, space);
        const { words } = attachmentOf(puller);
        words[(first - 16) >>> 2] = sizes[0];
        const second = (first - 16) + ((sizes[0] + 15) & ~7);
        words[second >>> 2] = sizes[1];
        return bytes;
      },
    }));
    assert.throws(() => puller.readMany(() => assert.fail("it was read")), ShmCorruptionError);
  }
});
