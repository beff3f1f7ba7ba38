// Notes on messages: what is noted travels with every codec and in every way, and who wants no notes
// receives the same values as without.

import assert from "node:assert/strict";
import { type CodecName, type Delivery, ShmCorruptionError } from "../../../mod.ts";
import { MAX_HEADER_BYTES, WithHeader } from "../../../lib/channel/headers.ts";
import { enableHeaders } from "../../../lib/sockets/socket.ts";
import { LOCAL, type TestChannel, testOn, TRANSPORTS } from "../../conformance/channel/channel.ts";
import { pattern, sameBytes } from "../../conformance/channel/values.ts";

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

function withHeadersEnabled<S extends Parameters<typeof enableHeaders>[0]>(socket: S): S {
  enableHeaders(socket);
  return socket;
}

function withHeaders(values: unknown[]): WithHeader[] {
  return values.map((value, i) => new WithHeader(value, `note ${i} é`));
}

for (const transport of TRANSPORTS) {
  for (const codec of CODECS) {
    const values = [...VALUES[codec], ...TENSORS];

    testOn(transport, `who wants no notes receives what was sent with notes, ${codec}`, (open) => {
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

    testOn(transport, `notes come with the values they were noted on, ${codec}`, async (open) => {
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

  testOn(transport, "all subscribers receive a message with a note, with it or without", (open) => {
    const channel = open();
    const plain = channel.subscriber();
    const wanting = withHeadersEnabled(channel.subscriber());
    const message = new WithHeader({ a: 1 }, "the note");
    const publisher = withHeadersEnabled(channel.publisher());
    publisher.send(message);
    publisher.send(2);
    assert.deepEqual(plain.drain(), [{ a: 1 }, 2]);
    assert.deepEqual(wanting.drain(), [message, 2]);
  });

  testOn(
    transport,
    "bytes with a note are received into a buffer and in place without it",
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

  testOn(transport, "a message that was given back comes again with its note", (open) => {
    const channel = open();
    const puller = withHeadersEnabled(channel.ackPuller());
    const plain = channel.ackPuller();
    const pusher = withHeadersEnabled(channel.pusher());
    for (const value of [{ job: 1 }, "y".repeat(5000), new Float64Array([1, 2])]) {
      pusher.send(new WithHeader(value, "the note"));
      const first = puller.tryRecv() as Delivery<WithHeader>;
      assert.deepEqual(first.value, new WithHeader(value, "the note"));
      first.nack();
      const second = plain.tryRecv()!;
      assert.deepEqual([second.value, second.deliveries], [value, 2]);
      second.nack();
      const [third] = puller.drain() as Delivery<WithHeader>[];
      assert.deepEqual(third.value, new WithHeader(value, "the note"));
      third.ack();
    }
  });

  testOn(transport, "a request carries a note to its replier", (open) => {
    const channel = open();
    const replier = withHeadersEnabled(channel.replier());
    const requester = withHeadersEnabled(channel.requester());
    for (const value of ["q", "z".repeat(100_000)]) {
      requester.send(new WithHeader(value, "the note"));
      assert.deepEqual(replier.tryRecv(), new WithHeader(value, "the note"));
      replier.send("answer");
      assert.equal(requester.recvSync({ timeoutMs: 10_000 }), "answer");
    }
  });
}

testOn(LOCAL, "a note may be empty, or 1,024 bytes long, and no longer", (open) => {
  const channel = open();
  const puller = withHeadersEnabled(channel.puller());
  const pusher = withHeadersEnabled(channel.pusher());
  for (const note of ["", "n".repeat(MAX_HEADER_BYTES)]) {
    pusher.send(new WithHeader(1, note));
    assert.deepEqual(puller.tryRecv(), new WithHeader(1, note));
  }
  const long = new WithHeader(1, "n".repeat(MAX_HEADER_BYTES + 1));
  assert.throws(() => pusher.send(long), /a note has at most 1024 bytes, not 1025/);
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

testOn(LOCAL, "a note that claims more than its message has is damage", (open) => {
  for (const length of [MAX_HEADER_BYTES + 1, 500, 2 ** 32 - 1]) {
    const channel = open();
    const puller = channel.puller();
    withHeadersEnabled(channel.pusher()).send(new WithHeader("value", "a note to find"));
    damageHeader(channel, "a note to find", length);
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
  }
});
