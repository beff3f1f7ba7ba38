// Topics in the files of named channels: damage to them, and who else reads them.

import assert from "node:assert/strict";
import { crc32 } from "../../../lib/base/crc32.ts";
import { inspect } from "../../../lib/observe/inspect.ts";
import { ChannelReader } from "../../../lib/observe/reader.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { openEncodedSender } from "../../../lib/recording/encoded.ts";
import {
  ENTRY_BYTES,
  HEADER_BYTES,
  HEADER_CHECK,
  HEADER_VERSION,
} from "../../../lib/recording/layout.ts";
import { play } from "../../../lib/recording/play.ts";
import { RecordingReader } from "../../../lib/recording/reader.ts";
import { RecordingWriter } from "../../../lib/recording/writer.ts";
import {
  Publisher,
  ShmCorruptionError,
  Subscriber,
  type SubscriberOptions,
  type TopicMessage,
} from "../../../mod.ts";
import {
  HEADER_BYTES as SEGMENT_HEADER_BYTES,
  RECORD_PAYLOAD,
  TOPIC_HASH,
  TOPIC_LENGTH,
  TOPIC_TEXT,
} from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { numbers, pattern } from "../../conformance/channel/values.ts";
import { half, poke } from "../../support/damage.ts";

const CAPACITY_BYTES = 4096;
const TOPIC = "pose.arm";
const TOPIC_BYTES = TOPIC_TEXT + TOPIC.length;
const PAYLOAD_BYTES = 8;
const RECORD_BYTES = RECORD_PAYLOAD + TOPIC_BYTES + PAYLOAD_BYTES;
const OPTIONS = { codec: "raw", capacityBytes: CAPACITY_BYTES } as const;

/** A directory with a channel of ten messages, whose topics are where the test expects them. */
function open(directory: TestDirectory): Publisher<Uint8Array> {
  const publisher = new Publisher<Uint8Array>("test", { ...OPTIONS, dir: directory.path });
  for (const n of numbers(10)) publisher.send(pattern(PAYLOAD_BYTES, n), { topic: TOPIC });
  return publisher;
}

/** All that calls receive, and how many of them throw. */
function receiveAll(subscriber: Subscriber<Uint8Array>): { received: number[]; errors: number } {
  const received: number[] = [];
  let errors = 0;
  for (let calls = 0; calls < 6; calls++) {
    try {
      received.push(...subscriber.drain().map(([n]) => n));
    } catch (error) {
      assert.ok(error instanceof ShmCorruptionError, String(error));
      errors++;
    }
  }
  return { received, errors };
}

const READERS: SubscriberOptions[] = [
  {},
  { topics: ["pose.*"] },
  { topics: ["nothing"] },
  { topics: ["nothing", "*"], conflate: true },
];

/** Words of a topic, each with what it is overwritten with. */
const DAMAGE: [offset: number, bytes: Uint8Array][] = [
  [TOPIC_LENGTH, half(0)],
  [TOPIC_LENGTH, half(1)],
  [TOPIC_LENGTH, half(256)],
  [TOPIC_LENGTH, half(0xffff_ffff)],
  [TOPIC_HASH, half(7)],
  [TOPIC_TEXT, half(7)],
  [TOPIC_TEXT + 4, new Uint8Array([0xff])],
];

Deno.test("a damaged topic costs its message alone, and is counted", () => {
  for (const [offset, bytes] of DAMAGE) {
    using directory = new TestDirectory();
    const { path: dir } = directory;
    using _publisher = open(directory);
    const at = SEGMENT_HEADER_BYTES + 4 * RECORD_BYTES + RECORD_PAYLOAD;
    poke(directory.file("test"), at + offset, bytes);
    const rest = numbers(10).filter((n) => n !== 4);
    for (const options of READERS) {
      const what = `${offset} of ${bytes}: ${JSON.stringify(options)}`;
      using subscriber = new Subscriber<Uint8Array>("test", {
        ...OPTIONS,
        ...options,
        dir,
        since: "oldest",
      });
      const { received, errors } = receiveAll(subscriber);
      assert.equal(errors, 1, what);
      const isPassing = options.topics?.length === 1 && options.topics[0] === "nothing";
      const expected = isPassing ? [] : options.conflate ? [9] : rest;
      // What lies before the damage is received first, and behind it the newest again.
      assert.deepEqual(options.conflate ? received.slice(-1) : received, expected, what);
      const counts = subscriber.statistics();
      assert.deepEqual([counts.errors, counts.missed], [1, 1], what);
      assert.equal(counts.received + counts.unmatched + counts.conflated, 9, what);
    }
    using file = SegmentFile.open(directory.file("test"));
    const reader = new ChannelReader(file, "test", "oldest");
    const read = numbers(8).map(() => reader.read());
    const tailed = read.flatMap(({ messages }) => messages.map(({ sequence }) => sequence));
    assert.deepEqual(tailed, rest);
    assert.equal(read.reduce((sum, { missed }) => sum + missed, 0), 1);
    assert.equal(read.flatMap(({ issues }) => issues).length, 1);
    const { records, issues } = inspect(file, { records: 100 });
    assert.equal(records.filter(({ topic }) => topic === TOPIC).length, rest.length);
    assert.equal(records[4].bytes, undefined);
    assert.match(issues[0].problem, /what precedes the message .* is damaged/);
    assert.equal(issues.length, 1);
  }
});

Deno.test("a recording has topics, and its replay sends them", async () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using publisher = new Publisher("test", { dir, capacityBytes: CAPACITY_BYTES });
  using watch = new Subscriber<TopicMessage>("test", { dir, withTopic: true });
  publisher.send(1, { topic: "pose.arm" });
  publisher.send(2);
  publisher.send("big".repeat(2000), { topic: "é".repeat(100) });
  publisher.send(new Float32Array([1, 2]), { topic: "array" });
  publisher.send(undefined, { topic: "nothing" });
  const sent = watch.drain();
  const path = `${dir}/test.rec`;
  {
    using file = SegmentFile.open(directory.file("test"));
    const reader = new ChannelReader(file, "test", "oldest");
    const info = { name: "test", begunAt: new Date(), ...reader.config };
    using writer = new RecordingWriter(path, info);
    for (const message of reader.read().messages) writer.add({ timeMs: 0, ...message });
    writer.end();
  }
  using recording = new RecordingReader(path);
  using again = new Subscriber<TopicMessage>("again", { dir, withTopic: true });
  {
    using sender = openEncodedSender("again", recording.info, dir);
    const { signal } = new AbortController();
    await play(recording.messages(), sender, { speed: Infinity, signal, onSent() {} });
  }
  assert.deepEqual(again.drain(), sent);
  assert.equal(recording.problem, undefined);
  Deno.removeSync(path);
});

Deno.test("a recording of the first version is read, and one of a later version rejected", () => {
  using directory = new TestDirectory();
  const path = `${directory.path}/test.rec`;
  const info = { name: "test", kind: "broadcast", codecId: "raw", capacity: 1024 } as const;
  {
    using writer = new RecordingWriter(path, { ...info, begunAt: new Date() });
    writer.add({ timeMs: 1, lane: 0, sequence: 7, flags: 0, bytes: pattern(5, 1) });
    writer.end();
  }
  const whole = Deno.readFileSync(path);
  assert.ok(whole.length > HEADER_BYTES + ENTRY_BYTES);
  for (const version of [0, 1, 2, 3]) {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(HEADER_VERSION, version, true);
    new DataView(bytes.buffer).setUint32(
      HEADER_CHECK,
      crc32(bytes.subarray(0, HEADER_CHECK)),
      true,
    );
    Deno.writeFileSync(path, bytes);
    if (version === 1 || version === 2) {
      using reader = new RecordingReader(path);
      const [{ sequence, topic }] = reader.messages();
      assert.deepEqual([sequence, topic], [7, undefined]);
    } else {
      const message = new RegExp(
        `its format has version ${version}, and this program reads 1 to 2$`,
      );
      assert.throws(() => new RecordingReader(path), { message });
    }
  }
  Deno.removeSync(path);
});
