// Inspecting a segment's file.

import assert from "node:assert/strict";
import {
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmCorruptionError,
  Subscriber,
} from "../../../mod.ts";
import { controlOffset } from "../../../lib/segment/format.ts";
import { inspect, type Inspection } from "../../../lib/observe/inspect.ts";
import { ChannelReader } from "../../../lib/observe/reader.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { takeSnapshot } from "../../../lib/observe/snapshot.ts";
import { chooseCorruption, SegmentOffsets } from "../../stress/corruption/target.ts";
import { Random } from "../../support/random.ts";
import * as layout from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { half, laneAt, participantAt, poke, word } from "../../support/damage.ts";
import { BytesInMemory } from "../../support/observed.ts";
import { inScratch } from "../../support/scratch.ts";

const CAPACITY = 4096;
const SMALL_CAPACITY = 1024;
const FUZZED_FILES = 2000;
const FUZZED_READERS = 500;

function inspectFile(path: string, isolateDirectory?: string): Inspection {
  using file = SegmentFile.open(path);
  return inspect(file, { records: 1000, isolateDirectory });
}

function problemsOf({ issues }: Inspection): string[] {
  return issues.map(({ offset, part, problem }) => `${offset} ${part}: ${problem}`);
}

/** Runs a test on a queue with five small messages. */
function withQueue(name: string, test: (path: string) => void): void {
  Deno.test(name, () => {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    {
      using pusher = new Pusher<number>("a", { dir, capacityBytes: CAPACITY });
      pusher.sendMany([0, 1, 2, 3, 4]);
    }
    test(directory.file("a"));
    directory.discard("a");
  });
}

withQueue("an intact segment has no issues, and all its records are listed", (path) => {
  const { records, issues, header, lanes, ...rest } = inspectFile(path);
  assert.deepEqual(issues, []);
  assert.deepEqual(
    records.map(({ sequence, offset, state, bytes }) => [
      sequence,
      offset,
      state,
      bytes?.[0],
    ]),
    [0, 1, 2, 3, 4].map((n) => [n, 128 + 24 * n, "committed", n]),
  );
  assert.deepEqual([rest.committed, rest.unfinished, rest.codec], [5, 0, "msgpack"]);
  assert.deepEqual([header!.magic, header!.kind, header!.status], ["RINGBUS1", "queue", "open"]);
  assert.deepEqual([header!.head, header!.tail, header!.messages], [120n, 0n, 5n]);
  assert.deepEqual(lanes.map(({ pending, messages }) => [pending, messages]), [[5, 5]]);
});

withQueue("a damaged record is reported, and the records behind it are listed", (path) => {
  poke(path, 128 + 24 + layout.RECORD_FRAME, new Uint8Array([0x55]));
  const inspection = inspectFile(path);
  assert.deepEqual(problemsOf(inspection), [
    "152 lane 0: the record at position 24 is corrupt; the next intact one is 24 bytes further",
  ]);
  assert.deepEqual(inspection.records.map(({ sequence }) => sequence), [0, 2, 3, 4]);
});

withQueue("each invalid word is reported with its offset", (path) => {
  const whole = Deno.readFileSync(path);
  const lane = laneAt(CAPACITY, 0);
  const slot = participantAt(CAPACITY, 7);
  const strikes: [offset: number, bytes: Uint8Array, found: RegExp][] = [
    [0, word(5n), /^0 header: it does not begin with the magic number/],
    [8, word(9n), /^8 header: the layout has version 9, not 3/],
    [32, word(3n), /^32 header: the status is 3/],
    [56, half(9), /^56 header: there is no kind 9/],
    [64, word(2048n), /^84 header: .* do not match their check/],
    [64, word(1n << 40n), /^64 header: .* its tables are at 4224, which makes it 4096/],
    [72, half(77), /^72 header: the end of the segment/],
    [80, half(3), /^80 header: the number of lanes/],
    [controlOffset(CAPACITY), half(0x41414141), /^84 header: .* the codec's name/],
    [
      lane + layout.LANE_DATA,
      half(192),
      RegExp(`^${lane} lane 0: the offset 192 and the size 4096 of its ring do not match`),
    ],
    [lane + layout.LANE_HEAD, word(3n), RegExp(`^${lane} lane 0: its head 3`)],
    [lane + layout.LANE_HEAD, word(1n << 20n), RegExp(`^${lane} lane 0: .* more than a ring`)],
    [lane + layout.LANE_TAIL, word(1n << 20n), RegExp(`^${lane} lane 0: its tail 1048576 is`)],
    [slot, word(77n), RegExp(`^${slot} participant 7: its isolate's id is invalid`)],
    [slot + 8, half(3), RegExp(`^${slot} participant 7: it has a role and no isolate`)],
    [
      controlOffset(CAPACITY) + layout.CONTROL_LEASE_TABLES,
      word(8n),
      /lease table 0: its offset 8 is invalid$/,
    ],
  ];
  for (const [offset, bytes, found] of strikes) {
    poke(path, offset, bytes);
    const problems = problemsOf(inspectFile(path));
    assert.ok(problems.some((problem) => found.test(problem)), `${found} in ${problems}`);
    Deno.writeFileSync(path, whole);
  }
  assert.deepEqual(inspectFile(path).issues, []);
});

withQueue("a file that was cut off has issues", (path) => {
  const whole = Deno.readFileSync(path);
  for (const left of [0, 50, 128, 4000, 5000, whole.length - 4096]) {
    Deno.writeFileSync(path, whole.subarray(0, left));
    assert.ok(inspectFile(path).issues.length > 0, `${left} bytes`);
  }
});

Deno.test("a message that a killed sender was writing is listed as unfinished", () =>
  inScratch(async ({ path: dir, spawn }) => {
    using puller = new Puller<Uint8Array>("a", { dir, codec: "raw", capacityBytes: CAPACITY });
    const child = spawn();
    const options = { dir, capacityBytes: CAPACITY };
    await child.execute({ do: "open", id: "s", role: "pusher", target: "a", options });
    await child.execute({ do: "sendBytes", id: "s", sizes: [100, 9000] });
    await child.execute({ do: "lend", id: "s", byteLength: 500 });
    child.kill("SIGKILL");
    await child.ended();
    const { records, participants, committed, unfinished, issues } = inspectFile(
      `${dir}/a`,
      dir,
    );
    assert.deepEqual(issues, []);
    assert.deepEqual([committed, unfinished], [2, 1]);
    const states = records.map(({ length, state, bytes }) => [length, state, bytes?.length]);
    assert.deepEqual(states, [[100, "committed", 100], [9000, "committed", 9000], [
      500,
      "unfinished",
      undefined,
    ]]);
    const seen = participants.map(({ role, pid, alive, lane }) => ({ role, pid, alive, lane }));
    assert.deepEqual(seen, [
      { role: "puller", pid: Deno.pid, alive: true, lane: undefined },
      { role: "pusher", pid: child.pid, alive: false, lane: 0 },
    ]);
    // The inspection took no message, and removed nothing of the dead sender.
    assert.equal(puller.drain().length, 2);
    using _reaper = new Pusher("a", { dir });
    assert.deepEqual(inspectFile(`${dir}/a`, dir).participants.map(({ pid }) => pid), [
      Deno.pid,
      Deno.pid,
    ]);
  }));

Deno.test("a snapshot has backlogs, requests in flight, leased messages and pins", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const report = (name: string) => {
    using file = SegmentFile.open(directory.file(name));
    return takeSnapshot(file, dir);
  };
  using publisher = new Publisher<number>("news", { dir, capacityBytes: CAPACITY });
  using subscriber = new Subscriber<number>("news", { dir });
  publisher.sendMany(Array.from({ length: 150 }, (_, n) => n));
  assert.deepEqual(report("news").backlogs, [
    { subscriber: 1, atLeast: 86, atMost: 150, missing: 0 },
  ]);
  publisher.sendMany(Array.from({ length: 1000 }, (_, n) => n));
  const [{ missing }] = report("news").backlogs;
  assert.ok(missing > 800 && missing < 1150, `${missing}`);
  subscriber.drain();
  assert.ok(report("news").backlogs[0].atLeast === 0);

  using requester = new Requester<number, number>("calc", { dir });
  using replier = new Replier<number, number>("calc", { dir });
  requester.send(1);
  requester.send(2);
  assert.equal(replier.recvSync(), 1);
  const statuses = () => report("calc").requests.map(({ status, replier }) => [status, replier]);
  assert.deepEqual(statuses().sort(), [["queued", undefined], ["taken", 1]]);
  replier.send(5);
  assert.deepEqual(statuses().sort(), [["done", 1], ["queued", undefined]]);

  using pusher = new Pusher<Uint8Array>("jobs", { dir, codec: "raw" });
  using keeper = new Puller<Uint8Array>("jobs", { dir, ack: true });
  using reader = new Puller<Uint8Array>("jobs", { dir });
  pusher.sendMany([new Uint8Array(5), new Uint8Array(6)]);
  const held = keeper.recvSync();
  const { leaseTables: { slots, leases: [first, ...others] } } = report("jobs");
  assert.deepEqual([slots, others], [64, []]);
  assert.deepEqual([first.status, first.puller, first.bytes, first.deliveries], [
    "leased",
    1,
    5,
    1,
  ]);
  {
    using _view = reader.recvView();
    const { participants } = report("jobs");
    const { since, ...pin } = participants[2].pin!;
    assert.deepEqual(pin, { lane: 0, position: 24 });
    assert.ok(since >= participants[2].since && since.getTime() <= Date.now());
  }
  held.nack();
  assert.equal(report("jobs").leaseTables.leases[0].status, "returned");
  assert.deepEqual(report("jobs").issues, []);
  reader.drain();
});

/** Files of channels of all kinds that hold what channels can hold. */
function makeImages(): Uint8Array<ArrayBuffer>[] {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const options = { dir, capacityBytes: SMALL_CAPACITY, codec: "raw" } as const;
  using publisher = new Publisher<Uint8Array>("b", options);
  using _subscriber = new Subscriber<Uint8Array>("b", options);
  using requester = new Requester<Uint8Array>("r", options);
  using pusher = new Pusher<Uint8Array>("q", options);
  using second = new Pusher<Uint8Array>("q", options);
  using keeper = new Puller<Uint8Array>("q", { ...options, ack: true });
  for (let n = 0; n < 30; n++) publisher.send(new Uint8Array(n === 20 ? 3000 : n * 3));
  for (const size of [1, 200, 2000]) requester.send(new Uint8Array(size));
  for (const size of [5, 6, 700]) pusher.send(new Uint8Array(size));
  for (const size of [7, 8]) second.send(new Uint8Array(size));
  const held = [keeper.recvSync(), keeper.recvSync()];
  const images = ["b", "r", "q"].map((name) => Deno.readFileSync(directory.file(name)));
  for (const delivery of held) delivery.ack();
  keeper.drain().forEach((delivery) => delivery.ack());
  return images;
}

/** Overwrites something in an image. */
function corrupt(random: Random, image: Uint8Array<ArrayBuffer>, whole: Uint8Array): void {
  const { offset, bytes } = chooseCorruption(
    random,
    new SegmentOffsets(SMALL_CAPACITY),
    image,
    whole,
  );
  image.set(bytes, Math.min(offset, image.length - bytes.length));
}

Deno.test(`a file with any bytes is inspected without an error (${FUZZED_FILES} files)`, () => {
  const images = makeImages();
  let issues = 0;
  for (let seed = 0; seed < FUZZED_FILES; seed++) {
    const random = new Random(seed);
    const whole = images[seed % images.length];
    const image = whole.slice();
    for (let strikes = random.between(1, 8); strikes > 0; strikes--) {
      corrupt(random, image, whole);
    }
    const left = random.chance(0.2) ? random.below(image.length) : image.length;
    const source = new BytesInMemory(image.slice(0, left));
    issues += inspect(source, { records: 20 }).issues.length;
  }
  assert.ok(issues > FUZZED_FILES / 2, `${issues} issues`);
});

Deno.test(`a channel that is overwritten while it is read ends no reader (${FUZZED_READERS} times)`, () => {
  const images = makeImages();
  let [messages, issues, rejected] = [0, 0, 0];
  for (let seed = 0; seed < FUZZED_READERS; seed++) {
    const random = new Random(seed, 1);
    const whole = images[seed % images.length];
    const source = new BytesInMemory(whole.slice(), ({ bytes }) => {
      if (random.chance(0.2)) corrupt(random, bytes, whole);
    });
    try {
      const reader = new ChannelReader(source, "a", "oldest");
      for (let attempt = 0, hasMore = true; attempt < 50 || hasMore; attempt++) {
        const seen = reader.read();
        ({ hasMore } = seen);
        messages += seen.messages.length;
        issues += seen.issues.length;
        assert.ok(attempt < 1000, `seed ${seed}: no end`);
        assert.ok(seen.missed >= 0 && Number.isSafeInteger(seen.missed), `seed ${seed}`);
      }
    } catch (error) {
      if (!(error instanceof ShmCorruptionError)) throw error;
      rejected++;
    }
  }
  const counts = `${messages} messages, ${issues} issues, ${rejected} rejected`;
  assert.ok(messages > FUZZED_READERS && issues > FUZZED_READERS / 4 && rejected > 0, counts);
});
