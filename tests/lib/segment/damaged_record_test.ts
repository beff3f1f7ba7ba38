// A stray write into one record of a queue costs the message of that record, and no other.

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
import { TestDirectory } from "../../conformance/channel/directory.ts";
import { pattern } from "../../conformance/channel/values.ts";
import { half, halfAt, laneAt, poke, word } from "../../support/damage.ts";
import { frameHigh } from "../../../lib/segment/checksum.ts";
import * as layout from "../../../wasm/layout.ts";

const CAPACITY = 4096;
const MESSAGES = 5;
const BYTES = 24;
const RECORD = layout.RECORD_PAYLOAD + BYTES;

const message = (n: number) => pattern(BYTES, n);
/** Where the record of a message begins in a file whose queue is new. */
const recordAt = (n: number, bytes = RECORD) => layout.HEADER_BYTES + n * bytes;

/** What a stray write leaves in a word. */
const DAMAGES = [0n, 2n ** 64n - 1n, 1n, 8n, 24n, 56n, 0x4141414141414141n];

type Receive = (puller: Puller<Uint8Array>) => Uint8Array[];

const one = (bytes: Uint8Array | undefined) => bytes === undefined ? [] : [bytes];

const RECEIVES: Record<string, Receive> = {
  tryRecv: (puller) => one(puller.tryRecv()),
  tryRecvInto(puller) {
    const target = new Uint8Array(BYTES);
    return puller.tryRecvInto(target) < 0 ? [] : [target];
  },
  drain: (puller) => puller.drain(),
  "drain of two": (puller) => puller.drain(2),
  recvView(puller) {
    using view = puller.recvView();
    return view === undefined ? [] : [view.bytes.slice()];
  },
  readMany(puller) {
    const read: Uint8Array[] = [];
    try {
      puller.readMany((bytes, at, length) => void read.push(bytes.slice(at, at + length)));
    } catch (error) {
      if (read.length === 0) throw error;
      pending.push(error);
    }
    return read;
  },
};

/** Errors of calls that received messages before. */
const pending: unknown[] = [];

/** Receives all messages that are there; returns them, and the number of errors. */
function receiveAll(receive: () => Uint8Array[]): { received: Uint8Array[]; errors: unknown[] } {
  const received: Uint8Array[] = [];
  const errors: unknown[] = [];
  while (true) {
    try {
      const messages = receive();
      errors.push(...pending.splice(0));
      if (messages.length === 0) return { received, errors };
      received.push(...messages);
    } catch (error) {
      errors.push(error);
    }
  }
}

function assertDamage(errors: unknown[], text: RegExp): void {
  assert.equal(errors.length, 1, String(errors));
  assert.ok(errors[0] instanceof ShmCorruptionError, String(errors[0]));
  assert.match(errors[0].message, text);
}

const SKIPPED = /a record is not whole, and 40 bytes of lane 0 were skipped/;

for (const [how, receive] of Object.entries(RECEIVES)) {
  for (const persist of [false, true]) {
    const where = persist ? "a persistent queue" : "a queue";
    Deno.test(`${how} on ${where} loses one message by a stray word in its record`, () => {
      using directory = new TestDirectory();
      const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
      for (let damaged = 0; damaged < MESSAGES; damaged++) {
        for (const into of [layout.RECORD_SIZE, layout.RECORD_FRAME]) {
          for (const damage of DAMAGES) {
            const pusher = new Pusher<Uint8Array>("a", { ...options, persist });
            for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
            const path = directory.file("a");
            const at = recordAt(damaged) + into;
            if (halfAt(path, at) === Number(damage)) {
              // The word was right.
              poke(path, at, word(damage + 1n));
            } else poke(path, at, word(damage));
            using puller = new Puller<Uint8Array>("a", options);
            const { received, errors } = receiveAll(() => receive(puller));
            assertDamage(errors, SKIPPED);
            assert.deepEqual(received, [0, 1, 2, 3, 4].filter((n) => n !== damaged).map(message));
            // The channel goes on.
            pusher.send(message(9));
            assert.deepEqual(receive(puller), [message(9)]);
            pusher.close();
            puller.close();
            if (persist) directory.discard("a");
            assert.deepEqual(directory.files(), []);
          }
        }
      }
    });
  }
}

Deno.test("a puller that closes at the error of a damaged record leaves the queue to the next one", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  const pusher = new Pusher<Uint8Array>("a", options);
  for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
  pusher.close();
  poke(directory.file("a"), recordAt(1), word(2n ** 64n - 1n));
  const first = new Puller<Uint8Array>("a", options);
  assert.deepEqual(first.tryRecv(), message(0));
  assert.throws(() => first.tryRecv(), ShmCorruptionError);
  first.close();
  using second = new Puller<Uint8Array>("a", options);
  assert.deepEqual(second.drain(), [message(2), message(3), message(4)]);
});

Deno.test("a stray write over several records costs those alone, also at the end of the ring", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: 1024, codec: "raw" } as const;
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  let sent = 0;
  for (let round = 0; round < 40; round++) {
    const first = sent;
    while (sent < first + 12) assert.ok(pusher.send(message(sent++)));
    const path = directory.file("a");
    const tail = halfAt(path, laneAt(1024, 0) + layout.LANE_TAIL) % 1024;
    // What lies across the end of the ring is at its beginning.
    for (let at = 0; at < 3 * RECORD; at += 8) {
      if (tail + at < 1024) poke(path, layout.HEADER_BYTES + tail + at, word(0x5555555555555555n));
    }
    const { received, errors } = receiveAll(() => puller.drain());
    assert.ok(errors.length === 1 || errors.length === 2, String(errors));
    assert.ok(received.length >= 9, `${received.length} in round ${round}`);
    assert.deepEqual(received, Array.from(received, (_, i) => message(sent - received.length + i)));
  }
});

Deno.test("a puller that acknowledges loses one message by a stray word in its record", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  for (const receive of ["tryRecv", "drain"] as const) {
    using pusher = new Pusher<Uint8Array>("a", options);
    for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
    poke(directory.file("a"), recordAt(2) + layout.RECORD_FRAME, word(7n));
    using puller = new Puller<Uint8Array>("a", { ...options, ack: true });
    const { received, errors } = receiveAll((): Uint8Array[] => {
      const deliveries = receive === "drain" ? puller.drain() : [puller.tryRecv()];
      return deliveries.flatMap((delivery) => {
        delivery?.ack();
        return delivery === undefined ? [] : [delivery.value];
      });
    });
    assertDamage(errors, SKIPPED);
    assert.deepEqual(received, [0, 1, 3, 4].map(message));
  }
});

for (const persist of [false, true]) {
  const where = persist ? "a persistent channel" : "a channel";
  Deno.test(`a stray word in the record of one request on ${where} fails that one alone`, async () => {
    using directory = new TestDirectory();
    const options = {
      dir: directory.path,
      capacityBytes: CAPACITY,
      codec: "raw",
      persist,
    } as const;
    {
      using requester = new Requester<Uint8Array, Uint8Array>("a", options);
      using replier = new Replier<Uint8Array, Uint8Array>("a", options);
      const replies = Array.from(
        { length: MESSAGES },
        (_, n) => requester.request(message(n)).then(([first]) => first, (error) => error),
      );
      const at = recordAt(2, RECORD + layout.REQUEST_PREFIX_BYTES);
      poke(directory.file("a"), at, word(2n ** 64n - 1n));
      let errors = 0;
      while (true) {
        try {
          const request = replier.tryRecv();
          if (request === undefined) break;
          replier.send(request);
        } catch (error) {
          assert.ok(error instanceof ShmCorruptionError, String(error));
          errors++;
        }
      }
      assert.equal(errors, 1);
      const ends = await Promise.all(replies);
      const [failed] = ends.splice(2, 1);
      assert.ok(failed instanceof ShmCorruptionError, String(failed));
      assert.deepEqual(ends, [0, 1, 3, 4].map((n) => message(n)[0]));
    }
    if (persist) directory.discard("a");
  });
}

Deno.test("a subscriber misses one message by a stray word in its record", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  for (const into of [layout.RECORD_SIZE, layout.RECORD_FRAME]) {
    using subscriber = new Subscriber<Uint8Array>("a", options);
    using publisher = new Publisher<Uint8Array>("a", options);
    for (let n = 0; n < MESSAGES; n++) publisher.send(message(n));
    poke(directory.file("a"), recordAt(1) + into, word(2n ** 64n - 1n));
    const { received, errors } = receiveAll(() => one(subscriber.tryRecv()));
    assertDamage(errors, SKIPPED);
    assert.deepEqual(received, [0, 2, 3, 4].map(message));
    assert.equal(subscriber.statistics().missed, 1);
  }
});

/** Words of a lane's entry, without which it is not known which messages the lane holds. */
const LANE_WORDS = {
  head: layout.LANE_HEAD,
  tail: layout.LANE_TAIL,
  "offset of the ring": layout.LANE_DATA,
  "size of the ring": layout.LANE_CAPACITY,
};

for (const [which, offset] of Object.entries(LANE_WORDS)) {
  Deno.test(`a lane whose ${which} was overwritten is reported once, and keeps its messages`, () => {
    using directory = new TestDirectory();
    const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
    const damaged = new Pusher<Uint8Array>("a", options);
    const intact = new Pusher<Uint8Array>("a", options);
    for (let n = 0; n < MESSAGES; n++) damaged.send(message(n));
    intact.send(message(10));
    const path = directory.file("a");
    const at = laneAt(CAPACITY, 0) + offset;
    const before = halfAt(path, at);
    poke(path, at, half(0x7ffffff0));
    const puller = new Puller<Uint8Array>("a", options);
    const { received, errors } = receiveAll(() => one(puller.tryRecv()));
    assertDamage(errors, /is damaged: a (record|lane)/);
    assert.deepEqual(received, [message(10)]);
    intact.send(message(11));
    assert.deepEqual(puller.drain(), [message(11)]);
    for (const socket of [damaged, intact, puller]) socket.close();
    assert.deepEqual(directory.files(), ["a"]);
    poke(path, at, half(before));
    const later = new Puller<Uint8Array>("a", options);
    assert.deepEqual(later.drain(), [0, 1, 2, 3, 4].map(message));
    later.close();
    assert.deepEqual(directory.files(), []);
  });
}

Deno.test("a lane whose tail is no multiple of eight is reported once, and keeps its messages", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  using pusher = new Pusher<Uint8Array>("a", options);
  for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
  const tail = laneAt(CAPACITY, 0) + layout.LANE_TAIL;
  for (const damage of [1, 39, 159]) {
    poke(directory.file("a"), tail, half(damage));
    using puller = new Puller<Uint8Array>("a", options);
    assertDamage(receiveAll(() => one(puller.tryRecv())).errors, /a record is not whole;/);
  }
  poke(directory.file("a"), tail, half(0));
  using puller = new Puller<Uint8Array>("a", options);
  assert.deepEqual(puller.drain(), [0, 1, 2, 3, 4].map(message));
});

const MISPLACED: [string, number, number, number[], number][] = [
  ["head lies in the middle of a record", layout.LANE_HEAD, 2 * RECORD + 16, [0, 1], 1],
  ["head lies before the last records", layout.LANE_HEAD, 2 * RECORD, [0, 1], 0],
  ["tail lies in the middle of a record", layout.LANE_TAIL, 2 * RECORD + 16, [], 1],
];

for (const [what, offset, damage, seen, errors] of MISPLACED) {
  Deno.test(`a lane whose ${what} keeps its messages, and its file stays`, () => {
    using directory = new TestDirectory();
    const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
    const pusher = new Pusher<Uint8Array>("a", options);
    for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
    pusher.close();
    const at = laneAt(CAPACITY, 0) + offset;
    const before = halfAt(directory.file("a"), at);
    poke(directory.file("a"), at, half(damage));
    const puller = new Puller<Uint8Array>("a", options);
    const first = receiveAll(() => one(puller.tryRecv()));
    assert.deepEqual([first.received, first.errors.length], [seen.map(message), errors]);
    puller.close();
    assert.deepEqual(directory.files(), ["a"]);
    poke(directory.file("a"), at, half(before));
    const later = new Puller<Uint8Array>("a", options);
    assert.deepEqual(later.drain(), [0, 1, 2, 3, 4].slice(seen.length).map(message));
    later.close();
    assert.deepEqual(directory.files(), []);
  });
}

Deno.test("the words of another lane's record at the same position are damage", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  using short = new Pusher<Uint8Array>("a", options);
  using long = new Pusher<Uint8Array>("a", options);
  short.send(message(0));
  long.send(pattern(100, 1));
  const path = directory.file("a");
  const [own, other] = [0, 1].map((lane) =>
    lane === 0 ? layout.HEADER_BYTES : halfAt(path, laneAt(CAPACITY, lane) + layout.LANE_DATA)
  );
  poke(path, own, Deno.readFileSync(path).slice(other, other + layout.RECORD_PAYLOAD));
  using puller = new Puller<Uint8Array>("a", options);
  const { received, errors } = receiveAll(() => one(puller.tryRecv()));
  assertDamage(errors, /a record is not whole/);
  assert.deepEqual(received, [pattern(100, 1)]);
});

Deno.test("a queue is empty though its writer died before it published a record", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  const pusher = new Pusher<Uint8Array>("a", options);
  pusher.send(message(0));
  using puller = new Puller<Uint8Array>("a", options);
  assert.deepEqual(puller.drain(), [message(0)]);
  // The next record is written, and is the last one: nothing else is.
  const path = directory.file("a");
  const record = new Uint8Array(layout.RECORD_PAYLOAD);
  new DataView(record.buffer).setBigUint64(layout.RECORD_SIZE, BigInt(BYTES + 8), true);
  const high = frameHigh({ offset: recordAt(1), position: RECORD }, BYTES + 8, 1, 0);
  new DataView(record.buffer).setUint32(layout.RECORD_FRAME, 1, true);
  new DataView(record.buffer).setUint32(layout.RECORD_FRAME + 4, high, true);
  poke(path, recordAt(1), record);
  poke(path, laneAt(CAPACITY, 0) + layout.LANE_LAST, word(BigInt(RECORD)));
  pusher.close();
  puller.close();
  assert.deepEqual(directory.files(), []);
});

Deno.test("a lane whose words are right again is received by the puller that has reported it", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path, capacityBytes: CAPACITY, codec: "raw" } as const;
  using pusher = new Pusher<Uint8Array>("a", options);
  using puller = new Puller<Uint8Array>("a", options);
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < MESSAGES; n++) pusher.send(message(n));
    const at = laneAt(CAPACITY, 0) + layout.LANE_HEAD + 4;
    poke(directory.file("a"), at, half(77));
    assert.throws(() => puller.tryRecv(), ShmCorruptionError);
    assert.equal(puller.tryRecv(), undefined);
    poke(directory.file("a"), at, half(0));
    assert.deepEqual(puller.drain(), [0, 1, 2, 3, 4].map(message));
  }
});
