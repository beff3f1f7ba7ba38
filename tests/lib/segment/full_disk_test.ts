// A full segment directory: the error names the sizes, no message is lost, and work continues later.

import assert from "node:assert/strict";
import {
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmConnectionError,
  type Socket,
  Subscriber,
} from "../../../mod.ts";
import { platform } from "../../../lib/platform/mod.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";
import { onSmallDisk, type SmallDisk, whyNoMount } from "../../support/small_disk.ts";

// The C library stays loaded: a test that opened it would seem to leak it.
if (Deno.build.os === "linux") platform();

const problem = whyNoMount();
if (problem !== undefined) console.log(`tests of a full disk are skipped: ${problem}`);

const OPTIONS = { capacityBytes: 1024, codec: "raw" } as const;
type Bytes = Uint8Array<ArrayBufferLike>;

function onDisk(name: string, options: string, test: (disk: SmallDisk) => void): void {
  Deno.test({
    name,
    ignore: problem !== undefined, // Only root can mount.
    fn: () => onSmallDisk(options, test),
  });
}

function assertRejected(act: () => unknown, bytes: number): void {
  assert.throws(act, (error: Error) => {
    assert.ok(error instanceof ShmConnectionError, String(error));
    const sizes = error.message.match(
      /^cannot reserve (\d+) bytes at offset (\d+) of channel "a"/,
    );
    assert.ok(sizes, error.message);
    assert.ok(Number(sizes[1]) >= bytes && Number(sizes[1]) <= bytes * 3 + 200_000, error.message);
    assert.match(error.message, /: ENOSPC; free space in the segment directory, choose a smaller/);
    return true;
  });
}

onDisk("a channel larger than the disk is rejected, and leaves nothing", "size=1m", (disk) => {
  const dir = disk.path;
  assertRejected(() => new Pusher("a", { dir, capacityBytes: 8 * 1024 * 1024 }), 8 * 1024 * 1024);
  assert.deepEqual(disk.names(), []);
  using pusher = new Pusher<Bytes>("a", { dir, ...OPTIONS });
  assert.equal(pusher.send(new Uint8Array(8)), true);
  pusher.close();
  using puller = new Puller<Bytes>("a", { dir });
  assert.equal(puller.tryRecv()?.length, 8);
});

onDisk(
  "a channel on a full disk is rejected, and created once there is space",
  "size=1m",
  (disk) => {
    const free = disk.fill();
    const open = () => new Pusher<Bytes>("a", { dir: disk.path, ...OPTIONS });
    for (let i = 0; i < 3; i++) assertRejected(open, 1024);
    assert.deepEqual(disk.names(), [".filler"]);
    free();
    open().close();
    assert.deepEqual(disk.names(), []);
  },
);

onDisk(
  "a disk without free inodes is reported as such",
  "size=1m,nr_inodes=2",
  (disk) => {
    const dir = disk.path;
    assert.throws(() => new Pusher("a", { dir, ...OPTIONS }), (error: Error) => {
      assert.ok(error instanceof ShmConnectionError, String(error));
      assert.match(error.message, /cannot open channel "a": .*ENOSPC/);
      return true;
    });
    assert.deepEqual(disk.names(), []);
  },
);

/** Sockets that need space beyond that of the channel, and how they use it once there is some. */
const GROWTH: Record<string, {
  first: new (name: string, options: object) => Socket;
  second: new (name: string, options: object) => Socket;
  /** Bytes that the second one needs at least. */
  bytes: number;
}> = {
  "a second sender's ring": { first: Pusher, second: Pusher, bytes: 1024 },
  "a subscriber's cursors": { first: Publisher, second: Subscriber, bytes: 2048 },
  "a requester's slots": { first: Replier, second: Requester, bytes: 8192 },
};

for (const [what, { first, second, bytes }] of Object.entries(GROWTH)) {
  onDisk(`without space for ${what}, attaching is rejected, and works later`, "size=1m", (disk) => {
    const options = { dir: disk.path, ...OPTIONS };
    using _first = new first("a", options);
    const descriptors = [...Deno.readDirSync("/proc/self/fd")].length;
    const free = disk.fill();
    for (let i = 0; i < 5; i++) assertRejected(() => new second("a", options), bytes);
    assert.equal([...Deno.readDirSync("/proc/self/fd")].length, descriptors);
    free();
    using _second = new second("a", options);
  });
}

onDisk(
  "without space for a big message, the ring and its sender continue",
  "size=2m",
  (disk) => {
    const options = { dir: disk.path, ...OPTIONS };
    using pusher = new Pusher<Bytes>("a", options);
    using puller = new Puller<Bytes>("a", options);
    pusher.send(pattern(10, 1));
    pusher.send(pattern(20_000, 2));
    const free = disk.fill();
    assertRejected(() => pusher.send(pattern(400_000, 3)), 400_000);
    assertRejected(() => pusher.sendSync(pattern(400_000, 3), { timeoutMs: 1000 }), 400_000);
    assertRejected(() => pusher.sendMany([pattern(10, 4), pattern(400_000, 5)]), 400_000);
    assertRejected(() => pusher.loan(400_000), 400_000);
    pusher.send(pattern(10, 6));
    const received = [puller.tryRecv()!, puller.tryRecv()!, ...puller.drain()];
    const expected = [pattern(10, 1), pattern(20_000, 2), pattern(10, 4), pattern(10, 6)];
    assert.equal(received.length, expected.length);
    received.forEach((bytes, i) => assert.ok(sameBytes(bytes, expected[i])));
    free();
    assert.equal(pusher.send(pattern(400_000, 7)), true);
    assert.ok(sameBytes(puller.tryRecv()!, pattern(400_000, 7)));
  },
);

onDisk(
  "without space for a reply, its request stays open until there is",
  "size=2m",
  (disk) => {
    const options = { dir: disk.path, ...OPTIONS };
    using requester = new Requester<Bytes, Bytes>("a", options);
    using replier = new Replier<Bytes, Bytes>("a", options);
    requester.send(pattern(10, 1));
    assert.deepEqual(replier.tryRecv(), pattern(10, 1));
    const free = disk.fill();
    assertRejected(() => replier.send(pattern(400_000, 2)), 400_000);
    free();
    assert.equal(replier.send(pattern(400_000, 2)), true);
    assert.ok(sameBytes(requester.recvSync({ timeoutMs: 5000 }), pattern(400_000, 2)));
  },
);

onDisk("attempts without space use up no offsets", "size=2m", (disk) => {
  const options = { dir: disk.path, ...OPTIONS };
  using pusher = new Pusher<Bytes>("a", options);
  using puller = new Puller<Bytes>("a", options);
  const large = new Uint8Array(4_000_000);
  // A segment ends at 4 GiB: each attempt adds 8 MB.
  for (let i = 0; i < 1000; i++) assertRejected(() => pusher.send(large), large.length);
  assert.equal(pusher.send(pattern(100_000, 1)), true);
  assert.ok(sameBytes(puller.tryRecv()!, pattern(100_000, 1)));
});

/** Calls that need space for one big message, and would take more where there is more. */
const BIG: Record<string, (dir: string, big: Bytes) => Bytes> = {
  "a sender"(dir, big) {
    using pusher = new Pusher<Bytes>("a", { dir, ...OPTIONS });
    using puller = new Puller<Bytes>("a", { dir, ...OPTIONS });
    assert.equal(pusher.send(big), true);
    return puller.tryRecv()!;
  },
  "a replier"(dir, big) {
    using requester = new Requester<Bytes, Bytes>("a", { dir, ...OPTIONS });
    using replier = new Replier<Bytes, Bytes>("a", { dir, ...OPTIONS });
    requester.send(pattern(1, 1));
    replier.tryRecv();
    assert.equal(replier.send(big), true);
    return requester.recvSync({ timeoutMs: 5000 });
  },
};

for (const [who, deliver] of Object.entries(BIG)) {
  onDisk(`${who} takes a message that fits the space that is free`, "size=15m", (disk) => {
    const big = pattern(10_000_000, 1);
    assert.ok(sameBytes(deliver(disk.path, big), big));
  });
}
