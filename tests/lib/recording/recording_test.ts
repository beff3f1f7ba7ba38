// Recording channels into files, and replaying them.

import assert from "node:assert/strict";
import {
  type ChannelOptions,
  type Codec,
  type CodecName,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  Subscriber,
} from "../../../mod.ts";
import { WithHeader } from "../../../lib/channel/headers.ts";
import { splitHeader } from "../../../lib/observe/decode.ts";
import { openEncodedSender } from "../../../lib/recording/encoded.ts";
import { RecordingError } from "../../../lib/recording/errors.ts";
import { play } from "../../../lib/recording/play.ts";
import { RecordingReader } from "../../../lib/recording/reader.ts";
import { type RecordingInfo, RecordingWriter } from "../../../lib/recording/writer.ts";
import { withHeadersEnabled } from "../../support/headers.ts";
import { RECORD_HEADERS } from "../../../wasm/layout.ts";
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { Observer } from "../../support/observed.ts";

const never = new AbortController().signal;
const fast = { speed: Infinity, signal: never, onSent() {} };

/** Records all that an observer sees of a channel. */
function record(observer: Observer, name: string, path: string): void {
  const writer = new RecordingWriter(path, {
    name,
    ...observer.reader.config,
    begunAt: new Date(),
  });
  for (const message of observer.messages()) writer.add({ timeMs: writer.timeMs, ...message });
  writer.end();
}

async function inDirectory(test: (directory: TestDirectory) => Promise<void>): Promise<void> {
  using directory = new TestDirectory();
  await test(directory);
}

const reversed: Codec<string> = {
  id: "reversed.v1",
  encode: (text) => new TextEncoder().encode(text).reverse(),
  decode: (bytes) => new TextDecoder().decode(bytes.slice().reverse()),
};

const PLAIN = [1, "text", { a: [null, true] }, "x".repeat(20_000)];
const TENSORS = [new Float32Array([1, NaN]), { data: new Uint8Array([1, 2]), shape: [2, 1] }];
const VALUES: [codec: CodecName | Codec, values: unknown[]][] = [
  ["msgpack", [...PLAIN, ...TENSORS, 5n, new Date(5), new Uint8Array(9)]],
  ["json", [...PLAIN, ...TENSORS]],
  ["raw", [new Uint8Array(0), new Uint8Array([1, 2, 3]), new Uint8Array(30_000).fill(7)]],
  ["clone", [...PLAIN, new Map([[1, new Set([2])]]), /x/g]],
  [reversed as Codec, ["abc", "", "long".repeat(9000)]],
];

for (const [codec, values] of VALUES) {
  const id = typeof codec === "string" ? codec : codec.id;
  Deno.test(`a recording with codec ${id} is replayed unchanged`, () =>
    inDirectory(async (directory) => {
      const { path: dir } = directory;
      const options: ChannelOptions = { dir, codec, capacityBytes: 16384 };
      const tape = directory.file("tape");
      {
        using publisher = new Publisher<unknown>("a", options);
        using subscriber = new Subscriber<unknown>("a", options);
        using observer = new Observer(directory.file("a"), "now");
        publisher.sendMany(values.slice(0, 3));
        record(observer, "a", tape);
        publisher.sendMany(values.slice(3));
        Deno.removeSync(tape);
        using all = new Observer(directory.file("a"), "oldest");
        record(all, "a", tape);
        assert.deepEqual(subscriber.drain(), values);
      }
      {
        using recording = new RecordingReader(tape);
        using subscriber = new Subscriber<unknown>("a", options);
        using observer = new Observer(directory.file("a"), "now");
        using sender = openEncodedSender("a", recording.info, dir);
        await play(recording.messages(), sender, fast);
        assert.equal(recording.problem, undefined);
        assert.deepEqual(subscriber.drain(), values);
        using again = new RecordingReader(tape);
        const bytes = [...again.messages()].map((message) => message.bytes);
        assert.deepEqual(observer.messages().map((message) => message.bytes), bytes);
      }
      directory.discard("tape");
    }));
}

Deno.test("a queue and requests are replayed to channels of their kind", () =>
  inDirectory(async (directory) => {
    const { path: dir } = directory;
    const tape = directory.file("tape");
    {
      using pusher = new Pusher<number>("q", { dir });
      using puller = new Puller<number>("q", { dir });
      pusher.sendMany([1, 2, 3]);
      assert.deepEqual(puller.drain(), [1, 2, 3]);
      using observer = new Observer(directory.file("q"), "now");
      pusher.sendMany([4, 5]);
      record(observer, "q", tape);
      puller.drain();
      using recording = new RecordingReader(tape);
      using sender = openEncodedSender("q", recording.info, dir);
      await play(recording.messages(), sender, fast);
      assert.deepEqual(puller.drain(), [4, 5]);
    }
    Deno.removeSync(tape);
    const asked: unknown[] = [];
    const stop = new AbortController();
    using replier = new Replier<unknown, number>("r", { dir });
    const served = replier.serve((value) => asked.push(value), { signal: stop.signal });
    using requester = new Requester<unknown, number>("r", { dir });
    using observer = new Observer(directory.file("r"), "now");
    for (const value of ["one", new Int8Array([2])]) await requester.request(value);
    record(observer, "r", tape);
    using recording = new RecordingReader(tape);
    using sender = openEncodedSender("r", recording.info, dir);
    await play(recording.messages(), sender, fast);
    stop.abort();
    await served;
    assert.deepEqual(asked, ["one", new Int8Array([2]), "one", new Int8Array([2])]);
    directory.discard("tape");
  }));

Deno.test("the header of a value is read apart from it, recorded and replayed", () =>
  inDirectory(async (directory) => {
    const { path: dir } = directory;
    const tape = directory.file("tape");
    for (const codec of ["msgpack", "raw"] as const) {
      const value = codec === "raw" ? new Uint8Array([1, 2]) : { a: 1 };
      using publisher = withHeadersEnabled(new Publisher<unknown>("a", { dir, codec }));
      using subscriber = new Subscriber<unknown>("a", { dir });
      using observer = new Observer(directory.file("a"), "now");
      publisher.send(new WithHeader(value, "päß"));
      publisher.send(new WithHeader(new Int8Array([3]), ""));
      record(observer, "a", tape);
      const recording = readAll(tape);
      const contents = recording.messages.map((message) => splitHeader(message).header);
      assert.deepEqual(contents, ["päß", ""]);
      using again = new Observer(directory.file("a"), "oldest");
      assert.deepEqual(again.values(), [value, new Int8Array([3])]);
      using sender = openEncodedSender("a", recording, dir);
      await play(recording.messages, sender, fast);
      const bytes = (messages: { bytes: Uint8Array }[]) => messages.map((one) => one.bytes);
      assert.deepEqual(bytes(again.messages()), bytes(recording.messages));
      assert.equal(subscriber.drain().length, 4);
      directory.discard("tape");
    }
    const short = { flags: RECORD_HEADERS, bytes: new Uint8Array([200, 0, 0, 0, 1]) };
    assert.throws(() => splitHeader(short), /the header is longer than the payload/);
  }));

Deno.test("a channel of another kind or codec is rejected", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  const facts: RecordingInfo = {
    name: "a",
    kind: "broadcast",
    codecId: "json",
    capacity: 1024,
    begunAt: new Date(),
  };
  using _pusher = new Pusher("q", { dir, codec: "json" });
  using _publisher = new Publisher("b", { dir });
  assert.throws(() => openEncodedSender("q", facts, dir), /its kind is queue, and .* broadcast/);
  assert.throws(() => openEncodedSender("b", facts, dir), /its codec is "msgpack", and .* "json"/);
  const journal = { ...facts, kind: "journal" } as const;
  assert.throws(() => openEncodedSender("j", journal, dir), RecordingError);
});

/** A recording of three messages, and what it takes. */
function withTape(test: (tape: string, whole: Uint8Array) => void): void {
  using directory = new TestDirectory();
  const tape = directory.file("tape");
  const writer = new RecordingWriter(tape, {
    name: "a",
    kind: "queue",
    codecId: "raw",
    capacity: 1024,
    begunAt: new Date(1234),
  });
  for (const length of [0, 5, 100]) {
    const bytes = new Uint8Array(length).fill(length);
    writer.add({ timeMs: length, lane: 2, sequence: length, flags: 0, bytes });
  }
  writer.addMissed(200, 7);
  writer.end();
  test(tape, Deno.readFileSync(tape));
  directory.discard("tape");
}

function readAll(tape: string) {
  using recording = new RecordingReader(tape);
  const messages = [...recording.messages()];
  return { ...recording.info, messages, missed: recording.missed, problem: recording.problem };
}

Deno.test("a recording names its channel, and counts what it missed", () =>
  withTape((tape) => {
    const { messages, ...facts } = readAll(tape);
    assert.deepEqual(facts, {
      name: "a",
      kind: "queue",
      codecId: "raw",
      capacity: 1024,
      begunAt: new Date(1234),
      missed: 7,
      problem: undefined,
    });
    assert.deepEqual(messages.map(({ bytes, ...rest }) => ({ ...rest, bytes: bytes.length })), [
      { timeMs: 0, sequence: 0, lane: 2, flags: 0, bytes: 0 },
      { timeMs: 5, sequence: 5, lane: 2, flags: 0, bytes: 5 },
      { timeMs: 100, sequence: 100, lane: 2, flags: 0, bytes: 100 },
    ]);
  }));

Deno.test("a recording that was cut off anywhere yields its intact messages, and why it ends", () =>
  withTape((tape, whole) => {
    const lengths = [];
    for (let left = 0; left < whole.length; left++) {
      Deno.writeFileSync(tape, whole.subarray(0, left));
      if (left < 272) {
        assert.throws(() => readAll(tape), /it is no recording|it ends in its header/);
        continue;
      }
      const { messages, problem } = readAll(tape);
      assert.match(problem!, /it was not ended|it ends in the middle of the entry/);
      lengths.push(messages.length);
    }
    assert.deepEqual([...new Set(lengths)], [0, 1, 2, 3]);
  }));

Deno.test("a changed byte in a recording is detected", () =>
  withTape((tape, whole) => {
    const ends = whole.length - 32;
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at] ^= 0x40;
      Deno.writeFileSync(tape, changed);
      const isPadding = at >= 272 + 32 + 32 + 5 && at < 272 + 32 + 32 + 8 ||
        at >= ends - 32 - 4 && at < ends - 32;
      let problem: string | undefined;
      try {
        problem = readAll(tape).problem;
      } catch (error) {
        assert.ok(error instanceof RecordingError, `${error}`);
        problem = error.message;
      }
      assert.equal(problem === undefined, isPadding, `byte ${at}: ${problem}`);
    }
  }));

Deno.test("a recording does not replace a file unless asked", () =>
  withTape((tape) => {
    const facts = { name: "a", kind: "queue", codecId: "raw", capacity: 1024 } as const;
    const begunAt = new Date();
    assert.throws(() => new RecordingWriter(tape, { ...facts, begunAt }), /it exists already/);
    new RecordingWriter(tape, { ...facts, begunAt }, true).end();
    assert.deepEqual(readAll(tape).messages, []);
    assert.throws(() => new RecordingWriter("/nowhere/x", { ...facts, begunAt }), RecordingError);
    assert.throws(() => new RecordingReader("/nowhere/x"), RecordingError);
    assert.throws(() => new RecordingReader("/proc"), {
      name: "RecordingError",
      message: /^cannot read \/proc: Is a directory/,
    });
  }));

Deno.test("messages are played at their times, scaled by the speed", async () => {
  const times: number[] = [];
  const sender = {
    sendEncoded: () => Promise.resolve(void times.push(performance.now())),
    [Symbol.dispose]() {},
  };
  const messages = [0, 30, 60].map((timeMs) => ({
    timeMs,
    lane: 0,
    sequence: 0,
    flags: 0,
    bytes: new Uint8Array(0),
  }));
  const span = async (speed: number) => {
    times.length = 0;
    await play(messages, sender, { ...fast, speed });
    return times[2] - times[0];
  };
  assert.ok(await span(1) >= 58);
  assert.ok(await span(0.5) >= 116);
  const stop = new AbortController();
  stop.abort();
  times.length = 0;
  await play(messages, sender, { ...fast, signal: stop.signal });
  assert.equal(times.length, 0);
});
