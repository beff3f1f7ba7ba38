// Segment files: their bytes, damage, truncation and growth.

import assert from "node:assert/strict";
import {
  listChannels,
  Publisher,
  Puller,
  Pusher,
  removeStale,
  Replier,
  Requester,
  ShmCorruptionError,
  Subscriber,
} from "../../../mod.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";
import { half, poke, word } from "../../support/damage.ts";
import { withoutRenameNew } from "../../support/without_rename.ts";
import * as layout from "../../../wasm/layout.ts";

const CAPACITY = 4096;
const RAW = { codec: "raw" } as const;

/** A queue with one message and no participant. */
function createStaleQueue(directory: TestDirectory): string {
  using pusher = new Pusher<string>("a", { dir: directory.path, capacityBytes: CAPACITY });
  pusher.send("precious");
  return directory.file("a");
}

function assertRejected(directory: TestDirectory, ...messages: string[]): void {
  assert.throws(() => new Pusher("a", { dir: directory.path }), (error: Error) => {
    assert.ok(error instanceof ShmCorruptionError, String(error));
    assert.match(error.message, /^cannot open channel "a": /);
    for (const message of messages) assert.ok(error.message.includes(message), error.message);
    return true;
  });
}

Deno.test("the header of a live segment has the documented format", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using pusher = new Pusher<Uint8Array>("a", { dir, capacityBytes: CAPACITY, ...RAW });
  using puller = new Puller<Uint8Array>("a", { dir });
  const header = () => {
    const bytes = Deno.readFileSync(directory.file("a"));
    const view = new DataView(bytes.buffer);
    return Array.from({ length: 7 }, (_, i) => view.getBigUint64(i * 8, true));
  };
  const magic = new TextDecoder().decode(Deno.readFileSync(directory.file("a")).subarray(0, 8));
  assert.equal(magic, "RINGBUS1");
  assert.deepEqual(header().slice(1), [3n, 0n, 0n, 0n, 0n, 0n]);
  pusher.send(new Uint8Array(24));
  pusher.send(new Uint8Array(8));
  assert.deepEqual(header().slice(1), [3n, 64n, 0n, 0n, 2n, 0n]);
  puller.tryRecv();
  assert.deepEqual(header().slice(1), [3n, 64n, 40n, 0n, 2n, 0n]);
  puller.tryRecv();
  let sent = 2n;
  while (pusher.send(new Uint8Array(1000))) sent++;
  assert.deepEqual(header().slice(4), [0n, sent, 1n]);
  using other = new Pusher<Uint8Array>("a", { dir });
  other.send(new Uint8Array(8));
  assert.equal(header()[5], sent + 1n);
  puller.drain();
  const [, , head, tail] = header();
  assert.equal(head, tail);
});

Deno.test("words that all sockets poll share no cache line with words that messages change", () => {
  const line = (offset: number) => Math.floor(offset / 64);
  const looked = [layout.CONTROL_RETURNS, layout.CONTROL_CORRECTIONS].map(line);
  const changed = [
    layout.CONTROL_OTHERS_HEAD,
    layout.CONTROL_OTHERS_COUNT,
    layout.CONTROL_OTHERS_TAIL,
    layout.CONTROL_MAX_SERVICE_COUNT,
  ].map(line);
  assert.deepEqual(looked.filter((number) => changed.includes(number)), []);
});

Deno.test("a segment is accessible to its user only", () => {
  using directory = new TestDirectory();
  using _pusher = new Pusher("a", { dir: directory.path });
  for (const name of directory.files()) {
    assert.equal(Deno.lstatSync(directory.file(name)).mode! & 0o777, 0o600, name);
  }
});

const HEADERS: Record<string, [offset: number, bytes: Uint8Array, message: string]> = {
  "another magic number": [0, new TextEncoder().encode("NOTARING"), "magic number"],
  "no magic number": [0, word(0n), "magic number"],
  "a later version": [8, word(4n), "its layout has version 4, and this module reads 3"],
  "an earlier version": [8, word(1n), "its layout has version 1, and this module reads 3"],
  "a huge version": [8, word(2n ** 64n - 1n), "has version 18446744073709551615"],
  "an unknown kind": [56, half(9), "its kind is 9"],
  "no kind": [56, half(0), "its kind is 0"],
  "a capacity of 0": [64, word(0n), "do not hold a ring of 0"],
  "a capacity of no whole lines": [64, word(4097n), "do not hold a ring of 4097"],
  "a capacity beyond the file": [64, word(1n << 20n), "do not hold a ring of 1048576"],
  "a capacity beyond all": [64, word(2n ** 63n), "do not hold a ring of"],
};

for (const [what, [offset, bytes, message]] of Object.entries(HEADERS)) {
  Deno.test(`a segment with ${what} is rejected`, () => {
    using directory = new TestDirectory();
    const path = createStaleQueue(directory);
    const before = Deno.readFileSync(path);
    poke(path, offset, bytes);
    const remedy = message === "magic number"
      ? "delete the file by hand"
      : "delete the segment with removeStale({ includeNonEmpty: true }) or by hand";
    assertRejected(directory, message, remedy);
    poke(path, 0, before);
    using puller = new Puller("a", { dir: directory.path });
    assert.equal(puller.tryRecv(), "precious");
  });
}

Deno.test("a truncated segment is rejected at every length", () => {
  using directory = new TestDirectory();
  const path = createStaleQueue(directory);
  const whole = Deno.readFileSync(path);
  for (const length of [0, 1, 127, 128, 4095, 4096, 40_000, whole.length - 4096]) {
    Deno.writeFileSync(path, whole.subarray(0, length));
    assertRejected(directory, pluralize(length, "byte"));
  }
  Deno.writeFileSync(path, whole);
  using puller = new Puller("a", { dir: directory.path });
  assert.equal(puller.tryRecv(), "precious");
});

Deno.test("a file of random bytes is rejected", () => {
  using directory = new TestDirectory();
  for (let round = 0; round < 50; round++) {
    const bytes = new Uint8Array(1 << (round % 17));
    crypto.getRandomValues(bytes.subarray(0, 65536));
    Deno.writeFileSync(directory.file("a"), bytes, { mode: 0o600 });
    assertRejected(directory);
  }
  directory.discard("a");
});

Deno.test("a damaged record is one error, and later messages arrive", () => {
  for (
    const [offset, bytes] of [[0, word(5000n)], [0, word(7n)], [8, word(77n)], [
      0,
      word(24n),
    ]] as const
  ) {
    for (const kind of ["queue", "broadcast"] as const) {
      using directory = new TestDirectory();
      const options = { dir: directory.path, capacityBytes: CAPACITY, ...RAW };
      using receiver = kind === "queue"
        ? new Puller<Uint8Array>("a", options)
        : new Subscriber<Uint8Array>("a", options);
      using sender = kind === "queue"
        ? new Pusher<Uint8Array>("a", options)
        : new Publisher<Uint8Array>("a", options);
      sender.send(pattern(24, 1));
      sender.send(pattern(24, 2));
      assert.deepEqual(receiver.tryRecv(), pattern(24, 1));
      poke(directory.file("a"), 128 + 40 + offset, bytes);
      assert.throws(
        () => receiver.tryRecv(),
        (error: Error) =>
          error instanceof ShmCorruptionError &&
          /channel "a" is damaged: a record/.test(error.message),
      );
      assert.equal(receiver.tryRecv(), undefined);
      sender.send(pattern(24, 3));
      assert.deepEqual(receiver.tryRecv(), pattern(24, 3));
      assert.equal(receiver.statistics().errors, 1);
    }
  }
});

Deno.test("a reference that points outside of the segment is an error", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, ...RAW };
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (const [at, value] of [[0, 0xfffffff8], [8, 0x7fffffff], [0, 4097]]) {
    pusher.send(pattern(10_000, 1));
    const { tail } = listChannels({ dir: directory.path })[0];
    const place = 128 + Number(tail) % CAPACITY + 16;
    poke(directory.file("a"), place + at, half(value));
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
    pusher.send(pattern(5, 2));
    assert.deepEqual(puller.tryRecv(), pattern(5, 2));
  }
});

Deno.test("an invalid ring offset or position of a lane is an error", () => {
  const lane = controlOffset(CAPACITY) + layout.CONTROL_LANES;
  const pokes: [number, Uint8Array][] = [
    [layout.LANE_DATA, half(0xfffffff0)],
    [layout.LANE_HEAD, word(2n ** 40n)],
    [layout.LANE_HEAD, word(41n)],
    [layout.LANE_TAIL, word(2n ** 40n)],
  ];
  for (const [offset, bytes] of pokes) {
    using directory = new TestDirectory();
    const path = createStaleQueue(directory);
    poke(path, lane + offset, bytes);
    assert.throws(() => new Pusher("a", { dir: directory.path }), ShmCorruptionError);
    {
      using puller = new Puller("a", { dir: directory.path });
      const readAll = () => {
        for (let reads = 0; reads < 3; reads++) puller.tryRecv();
      };
      assert.throws(readAll, ShmCorruptionError);
    }
    if (directory.files().includes("a")) directory.discard("a");
  }
});

Deno.test("a lane count beyond the table does no harm", () => {
  using directory = new TestDirectory();
  const path = createStaleQueue(directory);
  poke(path, layout.HEADER_LANES, half(0xffffffff));
  using puller = new Puller("a", { dir: directory.path });
  assert.equal(puller.tryRecv(), "precious");
  assert.equal(puller.tryRecv(), undefined);
});

Deno.test("random damage of a live segment ends in errors, never in a crash", () => {
  for (let round = 0; round < 150; round++) {
    using directory = new TestDirectory();
    const options = { dir: directory.path, capacityBytes: 1024, ...RAW };
    const isQueue = round % 2 === 0;
    const receiver = isQueue
      ? new Puller<Uint8Array>("a", options)
      : new Subscriber<Uint8Array>("a", options);
    const sender = isQueue
      ? new Pusher<Uint8Array>("a", options)
      : new Publisher<Uint8Array>("a", options);
    for (let i = 0; i < 20; i++) {
      sender.send(pattern((i * 53) % 700, i));
      // The ring, or the lane's entry.
      const lane = controlOffset(1024) + layout.CONTROL_LANES;
      const place = i % 4 === 0 ? lane + (round % 3) * 8 : 128 + ((round * 37 + i * 101) % 1000);
      if (i % 3 === 0) {
        poke(directory.file("a"), place, crypto.getRandomValues(new Uint8Array(1 + (i % 9))));
      }
      try {
        for (let reads = 0; reads < 30 && receiver.tryRecv(); reads++) continue;
      } catch (error) {
        assert.ok(error instanceof ShmCorruptionError, String(error));
      }
    }
    sender.close();
    receiver.close();
    if (directory.files().includes("a")) directory.discard("a");
  }
});

Deno.test("a segment grows for big messages and further senders, and not for small messages", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const size = () => Deno.statSync(directory.file("a")).size;
  using puller = new Puller<Uint8Array>("a", { dir, ...RAW });
  using first = new Pusher<Uint8Array>("a", { dir });
  const fresh = size();
  assert.ok(fresh < 1_300_000);
  for (let i = 0; i < 100_000; i++) {
    first.send(pattern(i % 50, 1));
    puller.tryRecvInto(new Uint8Array(50));
  }
  assert.equal(size(), fresh);
  using second = new Pusher<Uint8Array>("a", { dir });
  assert.ok(size() > fresh && size() < 2_500_000);
  const two = size();
  for (let i = 0; i < 20; i++) {
    second.send(pattern(3_000_000, i));
    assert.ok(sameBytes(puller.tryRecv()!, pattern(3_000_000, i)));
  }
  assert.ok(size() - two < 7_000_000);
});

Deno.test("senders that attach and leave reuse the space of big messages", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using puller = new Puller<Uint8Array>("a", { dir, ...RAW });
  for (let i = 0; i < 30; i++) {
    using pusher = new Pusher<Uint8Array>("a", { dir });
    pusher.send(pattern(2_000_000, i));
    assert.ok(sameBytes(puller.tryRecv()!, pattern(2_000_000, i)));
  }
  const { size } = Deno.statSync(directory.file("a"));
  assert.ok(size < 20_000_000, `the segment has grown to ${size} bytes`);
});

Deno.test("repliers that attach and leave reuse the space of replies", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using requester = new Requester<Uint8Array, Uint8Array>("a", { dir, ...RAW });
  for (let i = 0; i < 30; i++) {
    using replier = new Replier<Uint8Array, Uint8Array>("a", { dir });
    requester.send(pattern(10, i));
    replier.tryRecv();
    replier.send(pattern(2_000_000, i));
    assert.ok(sameBytes(requester.recvSync({ timeoutMs: 5000 }), pattern(2_000_000, i)));
  }
  const { size } = Deno.statSync(directory.file("a"));
  assert.ok(size < 20_000_000, `the segment has grown to ${size} bytes`);
});

Deno.test("big messages that a closed sender left are not overwritten by the next", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using puller = new Puller<Uint8Array>("a", { dir, ...RAW });
  const accepted = [];
  for (let i = 0; i < 4; i++) {
    using pusher = new Pusher<Uint8Array>("a", { dir });
    if (pusher.send(pattern(1_000_000, i))) accepted.push(i);
  }
  // The block of the first message is all the space for the next ones until it is read.
  assert.deepEqual(accepted.slice(0, 2), [0, 1]);
  for (const i of accepted) assert.ok(sameBytes(puller.tryRecv()!, pattern(1_000_000, i)));
  using pusher = new Pusher<Uint8Array>("a", { dir });
  assert.equal(pusher.send(pattern(1_000_000, 9)), true);
  assert.ok(sameBytes(puller.tryRecv()!, pattern(1_000_000, 9)));
});

Deno.test("a segment that grew is read by sockets that attached before and after", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using before = new Subscriber<Uint8Array>("a", { dir, capacityBytes: 1024, ...RAW });
  using late = new Subscriber<Uint8Array>("a", { dir });
  const publishers = Array.from({ length: 5 }, () => new Publisher<Uint8Array>("a", { dir }));
  try {
    using after = new Subscriber<Uint8Array>("a", { dir });
    publishers.forEach((publisher, i) => publisher.send(pattern(100_000 * i + 8, i)));
    for (const subscriber of [before, late, after]) {
      const received = subscriber.drain().toSorted((a, b) => a.length - b.length);
      assert.equal(received.length, 5);
      received.forEach((bytes, i) => assert.ok(sameBytes(bytes, pattern(100_000 * i + 8, i))));
    }
  } finally {
    for (const publisher of publishers) publisher.close();
  }
});

/** Runs an action once, inside the first call of another. */
function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

Deno.test("a segment is removed also where a file system cannot rename without replacing", () => {
  using directory = new TestDirectory();
  withoutRenameNew(() => {
    new Publisher("a", { dir: directory.path }).close();
    assert.deepEqual(directory.files(), []);
  });
  new Publisher("a", { dir: directory.path }).close();
});

Deno.test("without such a rename, a process that was stopped removes no younger segment", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const publisher = new Publisher("a", { dir });
  // A directory of another spelling gives the second socket an isolate of its own.
  let younger: Pusher<number> | undefined;
  const openYounger = once(() => younger = new Pusher<number>("a", { dir: `${dir}/.` }));
  withoutRenameNew(() => publisher.close(), openYounger);
  younger!.send(1);
  using puller = new Puller<number>("a", { dir });
  assert.equal(puller.tryRecv(), 1);
  younger!.close();
});

Deno.test("without such a rename, one process at a time removes a segment", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const publisher = new Publisher("a", { dir });
  withoutRenameNew((os) => {
    const lock = platform().lock.bind(platform());
    const whileLocked = once(() => {
      removeStale({ dir });
      assert.ok(directory.files().includes("a"), "the holder of the lock removes the segment");
    });
    os.lock = (fd, kind) => {
      const isLocked = lock(fd, kind);
      if (kind === "exclusive") whileLocked();
      return isLocked;
    };
    try {
      publisher.close();
    } finally {
      delete os.lock;
    }
    assert.deepEqual(directory.files(), []);
  });
});
