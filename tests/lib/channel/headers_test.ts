// Headers of messages: a header travels with every codec and by every call, and a receiver without headers
// receives the same values.

import assert from "node:assert/strict";
import {
  type Codec,
  type CodecName,
  type Delivery,
  type Instrumentation,
  Puller,
  Pusher,
  ShmCorruptionError,
} from "../../../mod.ts";
import { MAX_HEADER_BYTES, WithHeader } from "../../../lib/channel/headers.ts";

import { LOCAL, type TestChannel, testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";
import { withHeadersEnabled } from "../../support/headers.ts";

const VALUES: Record<CodecName, unknown[]> = {
  msgpack: ["text", 7, null, { a: [1, { b: 2 }] }, "x".repeat(100_000)],
  json: ["text", 7, null, { a: [1, { b: 2 }] }, "x".repeat(100_000)],
  clone: ["text", new Map([[1, new Set([2])]])],
  raw: [pattern(0, 1), pattern(7, 2), pattern(64, 3), pattern(300_000, 4)],
};
const TENSORS = [
  new Float32Array([1, 2, 3]),
  { data: new Int16Array([1, 2, 3, 4]), shape: [2, 2] },
];
const CODECS = Object.keys(VALUES) as CodecName[];

function withHeaders(values: unknown[]): WithHeader[] {
  return values.map((value, i) => new WithHeader(value, `header ${i} é`));
}

for (const transport of TRANSPORTS) {
  for (const codec of CODECS) {
    const values = [...VALUES[codec], ...TENSORS];

    testOn(transport, `a receiver without headers receives the values alone, ${codec}`, (open) => {
      const channel = open();
      const puller = channel.puller({ codec });
      const pusher = withHeadersEnabled(channel.pusher({ codec }));
      for (const message of withHeaders(values)) {
        assert.ok(pusher.send(message));
        assert.deepEqual(puller.tryRecv(), message.value);
      }
      assert.equal(pusher.sendMany(withHeaders(values)), values.length);
      assert.deepEqual(puller.drain(), values);
    });

    testOn(transport, `headers arrive with their values, ${codec}`, async (open) => {
      const channel = open();
      const puller = withHeadersEnabled(channel.puller({ codec }));
      const pusher = withHeadersEnabled(channel.pusher({ codec }));
      for (const message of withHeaders(values)) {
        pusher.sendSync(message);
        assert.deepEqual(await puller.recv({ timeoutMs: 10_000 }), message);
        await pusher.sendAsync(message);
        assert.deepEqual(puller.recvSync({ timeoutMs: 10_000 }), message);
      }
      const mixed = withHeaders(values).map((message, i) => i % 2 === 0 ? message : message.value);
      pusher.sendMany(mixed);
      assert.deepEqual(puller.drain(), mixed);
    });
  }

  testOn(
    transport,
    "all subscribers receive a message with a header, with it or without",
    (open) => {
      const channel = open();
      const plain = channel.subscriber();
      const reading = withHeadersEnabled(channel.subscriber());
      const message = new WithHeader({ a: 1 }, "the header");
      const publisher = withHeadersEnabled(channel.publisher());
      publisher.send(message);
      publisher.send(2);
      assert.deepEqual(plain.drain(), [{ a: 1 }, 2]);
      assert.deepEqual(reading.drain(), [message, 2]);
    },
  );

  testOn(
    transport,
    "bytes with a header are received into a buffer and in place without it",
    (open) => {
      for (const length of [3, 64, 5000]) {
        const channel = open(16_384);
        const puller = channel.puller({ codec: "raw" });
        const pusher = withHeadersEnabled(channel.pusher({ codec: "raw" }));
        const bytes = pattern(length, length);
        const target = new Uint8Array(length);
        pusher.sendMany([new WithHeader(bytes, "a"), new WithHeader(bytes, "b"), bytes]);
        assert.equal(puller.tryRecvInto(target), length);
        assert.ok(sameBytes(target, bytes));
        using view = puller.recvView();
        assert.ok(sameBytes(view!.bytes, bytes));
        assert.deepEqual(puller.tryRecv(), bytes);
      }
    },
  );

  testOn(transport, "a message that was returned is delivered again with its header", (open) => {
    const channel = open();
    const puller = withHeadersEnabled(channel.ackPuller());
    const plain = channel.ackPuller();
    const pusher = withHeadersEnabled(channel.pusher());
    for (const value of [{ job: 1 }, "y".repeat(5000), new Float64Array([1, 2])]) {
      pusher.send(new WithHeader(value, "the header"));
      const first = puller.tryRecv() as Delivery<WithHeader>;
      assert.deepEqual(first.value, new WithHeader(value, "the header"));
      first.nack();
      const second = plain.tryRecv()!;
      assert.deepEqual([second.value, second.deliveries], [value, 2]);
      second.nack();
      const [third] = puller.drain() as Delivery<WithHeader>[];
      assert.deepEqual(third.value, new WithHeader(value, "the header"));
      third.ack();
    }
  });

  testOn(transport, "a request and its reply carry headers", (open) => {
    const channel = open();
    const replier = withHeadersEnabled(channel.replier());
    const requester = withHeadersEnabled(channel.requester());
    for (const value of ["q", "z".repeat(100_000)]) {
      requester.send(new WithHeader(value, "the header"));
      assert.deepEqual(replier.tryRecv(), new WithHeader(value, "the header"));
      replier.send(new WithHeader(value, "of the reply"));
      assert.equal(requester.recvSync({ timeoutMs: 10_000 }), value);
    }
  });
}

testOn(LOCAL, "a header may be empty, or 16,384 bytes long, and no longer", (open) => {
  const channel = open();
  const puller = withHeadersEnabled(channel.puller());
  const pusher = withHeadersEnabled(channel.pusher());
  for (const header of ["", "n".repeat(MAX_HEADER_BYTES)]) {
    pusher.send(new WithHeader(1, header));
    assert.deepEqual(puller.tryRecv(), new WithHeader(1, header));
  }
  const long = new WithHeader(1, "n".repeat(MAX_HEADER_BYTES + 1));
  assert.throws(() => pusher.send(long), /a header has at most 16384 bytes, not 16385/);
  pusher.send(2);
  assert.equal(puller.tryRecv(), 2);
});

function damageHeader(channel: TestChannel, header: string, length: number): void {
  if (typeof channel.target === "string") throw new TypeError("just on local channels");
  const memory = new Uint8Array(channel.target.memory.buffer);
  const found = new TextDecoder("latin1").decode(channel.bytes()).indexOf(header);
  assert.ok(found > 0);
  new DataView(memory.buffer).setUint32(found - 4, length, true);
}

testOn(LOCAL, "a header that is longer than its message is corruption", (open) => {
  for (const length of [MAX_HEADER_BYTES + 1, 500, 2 ** 32 - 1]) {
    const channel = open();
    const puller = channel.puller();
    withHeadersEnabled(channel.pusher()).send(new WithHeader("value", "a header to find"));
    damageHeader(channel, "a header to find", length);
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
  }
});

testOn(LOCAL, "a reply whose header is longer than the reply is corruption", (open) => {
  const channel = open();
  const replier = withHeadersEnabled(channel.replier());
  const requester = channel.requester();
  requester.send("q");
  replier.tryRecv();
  replier.send(new WithHeader("value", "a header to find"));
  damageHeader(channel, "a header to find", MAX_HEADER_BYTES + 1);
  assert.throws(() => requester.recvSync({ timeoutMs: 10_000 }), ShmCorruptionError);
});

/** A codec of JSON that cannot decode some values. */
const pickyCodec: Codec = {
  id: "picky",
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode(bytes) {
    const text = new TextDecoder().decode(bytes);
    if (text.includes("bad")) throw new TypeError("a bad value");
    return JSON.parse(text);
  },
};

testOn(LOCAL, "a message that drain kept has its own header in a buffer and in place", (open) => {
  const seen: unknown[] = [];
  const instrumentation: Instrumentation = {
    begin: () => ({ headers: undefined, run: (call) => call(), end() {}, fail() {} }),
    received: (_holder, { headers }) => void seen.push(headers?.baggage),
    callHeaders: () => undefined,
  };
  const { target } = open();
  using puller = new Puller(target, { codec: pickyCodec, instrumentation });
  using pusher = withHeadersEnabled(new Pusher(target, { codec: pickyCodec }));
  const values = [["good"], ["bad"], ["good"], ["last"]];
  pusher.sendMany(values.map((value, i) => new WithHeader(value, `baggage:n=${i}`)));
  assert.deepEqual(puller.drain(3), [["good"]]);
  puller.tryRecvInto(new Uint8Array(64));
  puller.recvView()![Symbol.dispose]();
  assert.deepEqual(puller.tryRecv(), ["last"]);
  assert.deepEqual(seen, ["n=0", "n=1", "n=2", "n=3"]);
});
