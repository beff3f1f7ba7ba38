// Damage that once was accepted, or made a process wait for ever; the fuzzer found each kind.

import assert from "node:assert/strict";
import {
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmCorruptionError,
  ShmTimeoutError,
  Subscriber,
} from "../../../mod.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import { replaceRing } from "../../stress/corruption/interpose.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";
import { half, halfAt, laneAt, participantAt, poke, word } from "../../support/damage.ts";
import * as layout from "../../../wasm/layout.ts";

const CAPACITY = 4096;

interface TestSegment {
  options: { dir: string; capacityBytes: number; codec: "raw" };
  path: string;
}

/** Runs a test on a channel that may stay behind: what is damaged is not always deleted. */
function damaging(name: string, test: (segment: TestSegment) => void | Promise<void>): void {
  Deno.test(name, async () => {
    using directory = new TestDirectory();
    const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
    await test({ options, path: directory.file("a") });
    if (directory.files().includes("a")) directory.discard("a");
  });
}

damaging("a changed capacity that would fit is rejected", ({ options, path }) => {
  using _pusher = new Pusher("a", options);
  poke(path, layout.HEADER_CAPACITY, word(2048n));
  const { dir } = options;
  assert.throws(() => new Puller("a", { dir }), /its header, or the name of its codec/);
});

damaging("a changed codec is rejected", ({ options, path }) => {
  using _pusher = new Pusher("a", options);
  poke(path, controlOffset(CAPACITY) + layout.CONTROL_CODEC, new TextEncoder().encode("json\0"));
  assert.throws(() => new Puller("a", { dir: options.dir }), ShmCorruptionError);
});

damaging(
  "a changed time of creation does not hide what a socket is refused for",
  ({ options, path }) => {
    using _pusher = new Pusher("a", options);
    poke(path, controlOffset(CAPACITY) + layout.CONTROL_CREATED_AT, word(2n ** 64n - 1n));
    assert.throws(
      () => new Puller("a", { dir: options.dir, codec: "json" }),
      { name: "ShmConnectionError", message: /its codec is "raw".* created it at an unknown time/ },
    );
  },
);

damaging(
  "a damaged persistent channel is not deleted",
  ({ options, path }) => {
    const pusher = new Pusher("a", { ...options, persist: true });
    pusher.send(pattern(100, 1));
    poke(path, layout.HEADER_VERSION, word(99n));
    pusher.close();
    assert.ok(Deno.statSync(path).isFile);
  },
);

damaging("a segment does not grow over what it holds", ({ options, path }) => {
  using first = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  first.send(pattern(10_000, 1));
  const before = Deno.readFileSync(path);
  const end = new DataView(before.buffer).getBigUint64(layout.HEADER_END, true);
  for (const damage of [end - 8192n, end + 4096n, 0n]) {
    poke(path, layout.HEADER_END, word(damage));
    assert.throws(() => new Pusher("a", options), ShmCorruptionError);
  }
  assert.ok(sameBytes(puller.tryRecv()!, pattern(10_000, 1)));
});

damaging("an older value of the end is rejected", ({ options, path }) => {
  using _first = new Pusher<Uint8Array>("a", options);
  const young = Deno.readFileSync(path).slice(layout.HEADER_END, layout.HEADER_END + 8);
  using _second = new Pusher<Uint8Array>("a", options);
  poke(path, layout.HEADER_END, young);
  assert.throws(() => new Pusher("a", options), /its end is not where it was/);
});

damaging("a reference to another offset of the segment is not followed", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (const [into, change] of [[0, 8], [0, -64], [8, -1], [8, 16]]) {
    pusher.send(pattern(10_000, 1));
    const tail = halfAt(path, laneAt(CAPACITY, 0) + layout.LANE_TAIL) % CAPACITY;
    const at = layout.HEADER_BYTES + tail + layout.RECORD_PAYLOAD + into;
    poke(path, at, half(halfAt(path, at) + change));
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
    assert.equal(puller.tryRecv(), undefined);
  }
});

damaging(
  "a tail that moves back does not yield the bytes of another message",
  ({ options, path }) => {
    using pusher = new Pusher<Uint8Array>("a", options);
    using puller = new Puller<Uint8Array>("a", options);
    const tail = laneAt(CAPACITY, 0) + layout.LANE_TAIL;
    for (let i = 0; i < 2; i++) {
      pusher.send(pattern(10_000, i));
      assert.ok(sameBytes(puller.tryRecv()!, pattern(10_000, i)));
    }
    pusher.send(pattern(10_000, 2));
    poke(path, tail, word(0n));
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
  },
);

damaging("bytes of a loan that is not committed are never received", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  using loan = pusher.loan(100)!;
  loan.bytes.fill(1);
  poke(path, laneAt(CAPACITY, 0) + layout.LANE_HEAD, word(120n));
  assert.throws(() => puller.tryRecv(), ShmCorruptionError);
});

damaging("a size that changes between check and use is rejected", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (const receive of [() => puller.tryRecv(), () => puller.drain(), () => puller.recvView()]) {
    pusher.sendMany([pattern(40, 1), pattern(40, 2)]);
    replaceRing(puller, (ring) => ({
      ...ring,
      next(how) {
        const at = ring.next(how);
        if (at > 0) poke(path, at - layout.RECORD_PAYLOAD, word(100n));
        return at;
      },
    }));
    assert.throws(receive, ShmCorruptionError);
  }
});

damaging("zeros are not read as endless padding", ({ options, path }) => {
  using subscriber = new Subscriber<Uint8Array>("a", options);
  using publisher = new Publisher<Uint8Array>("a", options);
  using _other = new Publisher<Uint8Array>("a", options);
  poke(path, laneAt(CAPACITY, 1) + layout.LANE_HEAD, word(2n ** 60n));
  assert.throws(() => subscriber.tryRecv(), ShmCorruptionError);
  publisher.send(pattern(10, 1));
  assert.ok(sameBytes(subscriber.tryRecv() ?? subscriber.tryRecv()!, pattern(10, 1)));
});

damaging("a tail beyond its head causes no endless loop", ({ options, path }) => {
  using subscriber = new Subscriber<Uint8Array>("a", options);
  using publisher = new Publisher<Uint8Array>("a", options);
  poke(path, laneAt(CAPACITY, 0) + layout.LANE_TAIL, word(2n ** 64n - 8n));
  publisher.send(pattern(48, 1));
  assert.throws(() => subscriber.tryRecv(), ShmCorruptionError);
});

damaging("a sender on a lane with an invalid tail gets an error", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  poke(path, laneAt(CAPACITY, 0) + layout.LANE_TAIL, word(2n ** 64n - 8n));
  const fill = () => {
    for (let i = 0; i < 10; i++) pusher.sendSync(pattern(1000, i), { timeoutMs: 5000 });
  };
  assert.throws(fill, ShmCorruptionError);
});

damaging("a sender whose lane another sender has taken writes nothing", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  poke(path, laneAt(CAPACITY, 0) + layout.LANE_OWNER, half(0));
  using other = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  other.send(pattern(10, 1));
  assert.throws(() => pusher.send(pattern(10, 2)), ShmCorruptionError);
  assert.deepEqual(puller.drain(), [pattern(10, 1)]);
});

damaging(
  "a sender whose lane another sender has taken overwrites no big message",
  ({ options, path }) => {
    using pusher = new Pusher<Uint8Array>("a", options);
    using puller = new Puller<Uint8Array>("a", options);
    const lane = laneAt(CAPACITY, 0);
    pusher.send(pattern(10_000, 1));
    // The first sender now takes its message for read, and its block for free.
    poke(path, lane + layout.LANE_TAIL, word(BigInt(halfAt(path, lane + layout.LANE_HEAD))));
    poke(path, lane + layout.LANE_OWNER, half(77));
    assert.throws(() => pusher.send(pattern(10_000, 2)), ShmCorruptionError);
    poke(path, lane + layout.LANE_TAIL, word(0n));
    assert.ok(sameBytes(puller.tryRecv()!, pattern(10_000, 1)));
  },
);

damaging("a slot with an invalid isolate id is not reclaimed", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  for (const agent of [0n, 12345n, 2n ** 63n - 1n]) {
    poke(path, participantAt(CAPACITY, 0), word(agent));
    using other = new Pusher<Uint8Array>("a", options);
    using puller = new Puller<Uint8Array>("a", options);
    pusher.send(pattern(10, 1));
    other.send(pattern(10, 2));
    assert.equal(puller.drain().length, 2);
  }
});

damaging("pins without a reader keep no sender waiting", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  pusher.send(pattern(10, 0));
  puller.recvView()![Symbol.dispose]();
  poke(path, controlOffset(CAPACITY) + layout.CONTROL_PINS, new Uint8Array(32).fill(255));
  for (let i = 0; i < 50; i++) {
    pusher.sendSync(pattern(1000, i), { timeoutMs: 5000 });
    assert.ok(sameBytes(puller.tryRecv()!, pattern(1000, i)));
  }
});

damaging("fairness bits without a receiver delay no other receiver", ({ options, path }) => {
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (let i = 0; i < 40; i++) {
    pusher.send(pattern(10, i));
    puller.tryRecv();
  }
  poke(path, controlOffset(CAPACITY) + layout.CONTROL_FAIRNESS_SET, new Uint8Array(32).fill(255));
  pusher.send(pattern(10, 1));
  const before = performance.now();
  assert.deepEqual(puller.recvSync({ timeoutMs: 20_000 }), pattern(10, 1));
  // Each of them would have had 50 ms.
  assert.ok(performance.now() - before < 5000);
});

damaging("a number of lanes that decreases hides no messages", ({ options, path }) => {
  using _first = new Pusher<Uint8Array>("a", options);
  const young = Deno.readFileSync(path).slice(layout.HEADER_LANES, layout.HEADER_LANES + 4);
  using second = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (const damage of [young, half(1), half(0), half(0xffffffff)]) {
    poke(path, layout.HEADER_LANES, damage);
    second.send(pattern(10, 1));
    assert.deepEqual(puller.tryRecv(), pattern(10, 1));
  }
  poke(path, layout.HEADER_LANES, young);
  using late = new Puller<Uint8Array>("a", options);
  second.send(pattern(10, 2));
  assert.deepEqual(late.tryRecv(), pattern(10, 2));
});

damaging("a ring with a changed offset is not read", ({ options, path }) => {
  using first = new Pusher<Uint8Array>("a", options);
  using second = new Pusher<Uint8Array>("a", options);
  for (const place of [layout.HEADER_BYTES, 0xffffff00, 0]) {
    using puller = new Puller<Uint8Array>("a", options);
    const entry = laneAt(CAPACITY, 1) + layout.LANE_DATA;
    const before = halfAt(path, entry);
    first.send(pattern(10, 1));
    second.send(pattern(10, 2));
    poke(path, entry, half(place));
    assert.throws(() => [puller.tryRecv(), puller.tryRecv()], ShmCorruptionError);
    poke(path, entry, half(before));
    assert.deepEqual(puller.drain().at(-1), pattern(10, 2));
  }
});

damaging("a wake word with its highest bit set is slept on", ({ options, path }) => {
  using puller = new Puller<Uint8Array>("a", options);
  poke(path, participantAt(CAPACITY, 0) + layout.PARTICIPANT_WAKE, half(0x80000000));
  assert.throws(() => puller.recvSync({ timeoutMs: 5 }), ShmTimeoutError);
});

damaging("a request that damage makes unreadable fails", async ({ options, path }) => {
  using requester = new Requester<Uint8Array, Uint8Array>("a", options);
  using replier = new Replier<Uint8Array, Uint8Array>("a", options);
  const region = halfAt(path, participantAt(CAPACITY, 0) + layout.PARTICIPANT_REGION);
  const slot = region + layout.REQUEST_SLOTS;
  const tail = () => halfAt(path, laneAt(CAPACITY, 0) + layout.LANE_TAIL) % CAPACITY;
  const prefix = () => layout.HEADER_BYTES + tail() + layout.RECORD_PAYLOAD;
  const damages: (() => void)[] = [
    () => poke(path, prefix(), half(0x00ff00ff)),
    () => poke(path, prefix() - layout.RECORD_PAYLOAD, word(5000n)),
    () => poke(path, slot + layout.SLOT_STATE, word(0n)),
    () => poke(path, slot + layout.SLOT_STATE + 4, half(77)),
  ];
  for (const damage of damages) {
    const reply = requester.request(pattern(10, 1));
    const failed = assert.rejects(reply, ShmCorruptionError);
    damage();
    try {
      replier.tryRecv();
    } catch (error) {
      assert.ok(error instanceof ShmCorruptionError);
    }
    await failed;
  }
});

damaging("a request whose slot the replier cannot find fails", async ({ options, path }) => {
  using requester = new Requester<Uint8Array, Uint8Array>("a", options);
  using replier = new Replier<Uint8Array, Uint8Array>("a", options);
  const reply = assert.rejects(requester.request(pattern(10, 1)), ShmCorruptionError);
  assert.deepEqual(replier.tryRecv(), pattern(10, 1));
  poke(path, participantAt(CAPACITY, 0) + layout.PARTICIPANT_REGION_BYTES, half(0));
  assert.equal(replier.send(pattern(10, 2)), false);
  await reply;
});

damaging("a reply with a changed reference is not read", ({ options, path }) => {
  using requester = new Requester<Uint8Array, Uint8Array>("a", options);
  using replier = new Replier<Uint8Array, Uint8Array>("a", options);
  const region = halfAt(path, participantAt(CAPACITY, 0) + layout.PARTICIPANT_REGION);
  const slot = region + layout.REQUEST_SLOTS;
  for (const field of [layout.SLOT_OFFSET, layout.SLOT_LENGTH, layout.SLOT_FLAGS]) {
    requester.send(pattern(10, 1));
    replier.tryRecv();
    replier.send(pattern(100, 2));
    poke(path, slot + field, half(halfAt(path, slot + field) + 8));
    assert.throws(() => requester.recvSync({ timeoutMs: 5000 }), ShmCorruptionError);
  }
});

damaging("a replier of a damaged channel closes, and unmaps the segment", ({ options, path }) => {
  const requester = new Requester<Uint8Array, Uint8Array>("a", options);
  const replier = new Replier<Uint8Array, Uint8Array>("a", options);
  requester.send(pattern(10, 1));
  replier.tryRecv();
  poke(path, layout.HEADER_END, word(0xfffe0000n));
  replier.close();
  requester.close();
  assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(path));
});

for (const role of ["Publisher", "Pusher"] as const) {
  damaging(`an older number of lanes does not hide a ${role}`, ({ options, path }) => {
    const Sender = role === "Publisher" ? Publisher<Uint8Array> : Pusher<Uint8Array>;
    const Receiver = role === "Publisher" ? Subscriber<Uint8Array> : Puller<Uint8Array>;
    using _first = new Sender("a", options);
    using receiver = new Receiver("a", options);
    const older = Deno.readFileSync(path).slice(layout.HEADER_LANES, layout.HEADER_LANES + 4);
    using second = new Sender("a", options);
    poke(path, layout.HEADER_LANES, older);
    assert.ok(second.send(pattern(100, 1)));
    assert.ok(sameBytes(receiver.tryRecv()!, pattern(100, 1)));
  });
}
