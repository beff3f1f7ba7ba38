// Topics and messages of the store, compared with a model that scans everything each time.

import assert from "node:assert/strict";
import fc from "fast-check";
import { InvalidInputError, StoreFullError } from "../../../backends/store/errors.ts";
import { Store, type StoreOptions } from "../../../backends/store/store.ts";
import { parseMessage, type StoredMessage } from "../../../backends/store/stored_message.ts";
import { GEMSTONE_EPOCH_MS, timestampOf } from "../../../lib/message/gemstone.ts";
import { assertProperty } from "../../support/property.ts";

/** An id of a priority, a millisecond after the epoch of ids, and a sequence. */
function makeId(priority: number, ms: number, sequence: number): bigint {
  return BigInt(priority) << 61n | BigInt(ms) << 22n | BigInt(sequence);
}

function textOf(id: bigint, fields: Record<string, unknown> = {}): string {
  const rest = JSON.stringify(fields).slice(1, -1);
  return `{"id":${id}${rest && ","}${rest}}`;
}

const idsOf = (messages: readonly StoredMessage[]) => messages.map(({ id }) => id);

/** A store on a clock that the test sets. */
function steppable(options: StoreOptions = {}) {
  const time = { nowMs: 1000 };
  return { time, store: new Store({ ...options, clock: () => time.nowMs }) };
}

interface Entry {
  namespace: string;
  topic: string;
  id: bigint;
  timestampMs: number;
  expiresAtMs: number;
  order: number;
}

/** The rules in their plainest form. */
class Model {
  entries: Entry[] = [];
  #order = 0;

  store(entry: Omit<Entry, "order">): void {
    const { namespace, topic, id } = entry;
    this.entries = this.entries.filter((other) =>
      other.namespace !== namespace || other.topic !== topic || other.id !== id
    );
    this.entries.push({ ...entry, order: this.#order++ });
  }

  sweep(nowMs: number): void {
    this.entries = this.entries.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  all(topic: string): Entry[] {
    return this.entries.filter((entry) => entry.topic === topic)
      .sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.order - b.order);
  }

  since(topic: string, id: bigint): Entry[] {
    const all = this.all(topic);
    const known = all.find((entry) => entry.id === id);
    const timeMs = Math.floor(known?.timestampMs ?? timestampOf(id));
    return all.filter((entry) => {
      const entryMs = Math.floor(entry.timestampMs);
      return entryMs > timeMs || entryMs === timeMs && entry.id > id;
    });
  }

  byId(namespace: string, id: bigint): Entry | undefined {
    return this.entries.findLast((entry) => entry.namespace === namespace && entry.id === id);
  }
}

const topics = fc.constantFrom("t", "u");
const namespaces = fc.constantFrom("n", "m");
const fewIds = fc.tuple(fc.constantFrom(0, 4, 7), fc.nat(3), fc.nat(2)).map(([p, ms, s]) =>
  makeId(p, ms, s)
);

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("store" as const),
        namespace: namespaces,
        topic: topics,
        id: fewIds,
        ttlSeconds: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        timestampMs: fc.option(
          fc.oneof(
            { weight: 4, arbitrary: fc.constant("fraction" as const) },
            { weight: 1, arbitrary: fc.nat(4).map((ms) => GEMSTONE_EPOCH_MS + ms + 0.5) },
          ),
          { nil: undefined },
        ),
      }),
    },
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 2000 }) }),
    fc.record({ do: fc.constant("delete" as const), namespace: namespaces, id: fewIds }),
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), topic: topics }) },
  ),
  { maxLength: 60 },
);

Deno.test("topics behave as their rules say, whatever is stored, deleted and expired", () => {
  assertProperty(
    fc.property(steps, fewIds, fc.nat(40), (sequence, asked, tenths) => {
      const { time, store } = steppable();
      const model = new Model();
      for (const step of sequence) {
        model.sweep(time.nowMs);
        if (step.do === "wait") time.nowMs += step.ms;
        if (step.do === "drop") {
          const before = model.entries.length;
          model.entries = model.entries.filter(({ topic }) => topic !== step.topic);
          assert.equal(store.topics.deleteTopic(step.topic), before - model.entries.length);
        }
        if (step.do === "delete") {
          const isKnown = model.byId(step.namespace, step.id) !== undefined;
          model.entries = model.entries.filter(({ namespace, id }) =>
            namespace !== step.namespace || id !== step.id
          );
          assert.equal(store.topics.deleteMessage(step.namespace, step.id), isKnown);
        }
        if (step.do === "store") {
          const { namespace, topic, id, ttlSeconds } = step;
          const timestampMs = step.timestampMs === "fraction"
            ? timestampOf(id) + 0.25
            : step.timestampMs;
          const fields = timestampMs === undefined ? {} : { timestamp: timestampMs };
          store.storeMessage(namespace, topic, textOf(id, fields), ttlSeconds);
          model.store({
            namespace,
            topic,
            id,
            timestampMs: timestampMs ?? timestampOf(id),
            expiresAtMs: ttlSeconds === undefined ? Infinity : time.nowMs + ttlSeconds * 1000,
          });
        }
      }
      model.sweep(time.nowMs);
      for (const topic of ["t", "u"]) {
        const all = idsAndSpaces(model.all(topic));
        assert.deepEqual(idsAndSpaces(store.topics.all(topic)), all);
        const since = idsAndSpaces(model.since(topic, asked));
        assert.deepEqual(idsAndSpaces(store.topics.since(topic, asked)), since);
        const next = store.topics.nextSince(topic, asked);
        assert.deepEqual(next === undefined ? [] : idsAndSpaces([next]), since.slice(0, 1));
        const fromMs = GEMSTONE_EPOCH_MS + tenths / 10;
        assert.deepEqual(
          idsAndSpaces(store.topics.sinceTimestamp(topic, fromMs)),
          idsAndSpaces(model.all(topic).filter(({ timestampMs }) => timestampMs > fromMs)),
        );
      }
      for (const namespace of ["n", "m"]) {
        const found = model.byId(namespace, asked);
        assert.deepEqual(
          store.topics.byId(namespace, [asked]).map(({ topic }) => topic),
          found === undefined ? [] : [found.topic],
        );
      }
      const { topics: topicCount, messages } = store.stats();
      assert.equal(messages, model.entries.length);
      assert.equal(topicCount, new Set(model.entries.map(({ topic }) => topic)).size);
      store.clear();
      assert.equal(store.stats().bytes, 0);
    }),
    { numRuns: 400 },
  );
});

function idsAndSpaces(messages: readonly { id: bigint; namespace: string }[]): [bigint, string][] {
  return messages.map(({ id, namespace }) => [id, namespace]);
}

Deno.test("a hundred messages of one millisecond are sorted, and followed one by one", () => {
  const store = new Store();
  const ids = Array.from({ length: 100 }, (_, i) => makeId(4, 5000, i));
  for (const id of ids.toReversed()) store.storeMessage("n", "t", textOf(id));
  assert.deepEqual(idsOf(store.topics.all("t")), ids);
  for (const [i, id] of ids.entries()) {
    assert.deepEqual(idsOf(store.topics.since("t", id)), ids.slice(i + 1));
    assert.equal(store.topics.nextSince("t", id)?.id, ids[i + 1]);
  }
});

Deno.test("by id: in the requested order, without unknown ids, and separate for each namespace", () => {
  const store = new Store();
  for (const id of [1n, 2n, 3n]) store.storeMessage("n", "t", textOf(id));
  store.storeMessage("m", "t", textOf(2n, { from: "m" }));
  assert.deepEqual(idsOf(store.topics.byId("n", [3n, 9n, 1n, 3n])), [3n, 1n, 3n]);
  assert.equal(store.topics.byId("m", [2n])[0].text, '{"id":2,"from":"m"}');
  assert.deepEqual(store.topics.byId("nowhere", [1n]), []);
  assert.deepEqual(idsOf(store.topics.all("t")), [1n, 2n, 2n, 3n]);
});

Deno.test("a message stored again replaces the one before in its topic, and stays in other topics", () => {
  const store = new Store();
  store.storeMessage("n", "a", textOf(1n, { v: 1 }));
  store.storeMessage("n", "b", textOf(1n, { v: 2 }));
  store.storeMessage("n", "a", textOf(1n, { v: 3 }));
  assert.deepEqual(store.topics.all("a").map(({ text }) => text), ['{"id":1,"v":3}']);
  assert.deepEqual(store.topics.all("b").map(({ text }) => text), ['{"id":1,"v":2}']);
  assert.equal(store.topics.byId("n", [1n])[0].text, '{"id":1,"v":3}');
  store.topics.deleteTopic("a");
  assert.equal(store.topics.byId("n", [1n])[0].text, '{"id":1,"v":2}');
  assert.deepEqual(store.topics.list(), [{ topic: "b", messages: 1 }]);
});

Deno.test("the time to live of the call wins over the message's own", () => {
  const { time, store } = steppable();
  store.storeMessage("n", "t", textOf(1n, { ttl: 10 }), 1);
  store.storeMessage("n", "t", textOf(2n, { ttl: 1 }), 10);
  store.storeMessage("n", "t", textOf(3n, { ttl: 1 }), null);
  store.storeMessage("n", "t", textOf(4n, { ttl: null }));
  time.nowMs += 999;
  assert.deepEqual(idsOf(store.topics.all("t")), [1n, 2n, 3n, 4n]);
  time.nowMs += 1;
  assert.deepEqual(idsOf(store.topics.all("t")), [2n, 4n]);
  assert.deepEqual(store.topics.byId("n", [1n, 3n]), []);
  assert.equal(store.stats().expired, 2);
});

Deno.test("a time to live of 0 is none, and with less a message is delivered and not kept", () => {
  const { store } = steppable();
  const store1 = (id: bigint, fields: Record<string, unknown>, ttlSeconds?: number) =>
    store.storeMessage("n", "t", textOf(id, fields), ttlSeconds);
  store1(1n, { ttl: 0 });
  store1(2n, {}, 0);
  store1(3n, { ttl: -1 });
  store1(4n, { ttl: 5 }, -1);
  store1(5n, { ttl: 5 }, 0);
  assert.deepEqual(idsOf(store.topics.all("t")), [1n, 2n, 5n]);
  store1(1n, { ttl: -1 });
  assert.deepEqual(
    idsOf(store.topics.all("t")),
    [2n, 5n],
    "it replaces the earlier one all the same",
  );
  assert.equal(store.stats().expired, 3);
  store1(6n, {});
  const one = new Store({ maxMessagesPerTopic: 1 });
  one.storeMessage("n", "t", textOf(1n));
  one.storeMessage("n", "t", textOf(2n), -1);
  assert.deepEqual(idsOf(one.topics.all("t")), [1n], "nothing is evicted for it");
});

Deno.test("since the id 0 comes everything, also with a time before 2023", () => {
  const store = new Store();
  for (const [id, timestamp] of [[1n, 0], [2n, GEMSTONE_EPOCH_MS - 1], [3n, undefined]] as const) {
    store.storeMessage("n", "t", textOf(id, { timestamp }));
  }
  assert.deepEqual(idsOf(store.topics.since("t", 0n)), [1n, 2n, 3n]);
  store.storeMessage("n", "t", textOf(0n, { timestamp: 5 }));
  assert.deepEqual(idsOf(store.topics.since("t", 0n)), [2n, 3n], "it has a time of its own");
});

Deno.test("memory returns when messages with a long time to live are replaced again and again", () => {
  const { store } = steppable();
  for (let i = 0; i < 10_000; i++) store.storeMessage("n", "t", textOf(1n, { i }), 1e6);
  assert.equal(store.stats().messages, 1);
  assert.equal(store.stats().stored, 10_000);
});

Deno.test("a message is returned as the same text", () => {
  const store = new Store();
  const text = '{ "z": 1.0, "2": 9007199254740993, "1": 1e400, "id" : 18446744073709551615 }';
  store.storeMessage("n", "t", ` ${text}\n`);
  assert.equal(store.topics.all("t")[0].text, text);
  assert.equal(store.topics.all("t")[0].id, 2n ** 64n - 1n);
});

Deno.test("an invalid message is rejected, and changes nothing", () => {
  const store = new Store();
  const rejected = [
    "",
    "[]",
    "null",
    "7",
    '"x"',
    "{}",
    '{"id":"1"}',
    '{"id":1.5}',
    '{"id":1e3}',
    '{"id":-1}',
    '{"id":18446744073709551616}',
    '{"id":1,"ttl":true}',
    '{"id":1,"ttl":"1"}',
    '{"id":1,"ttl":1e999}',
    `{"id":1,"deep":${"[".repeat(600)}${"]".repeat(600)}}`,
  ];
  for (const text of rejected) {
    assert.throws(() => store.storeMessage("n", "t", text), InvalidInputError, text);
  }
  for (const ttlSeconds of [NaN, Infinity, "5" as unknown as number]) {
    assert.throws(() => store.storeMessage("n", "t", textOf(1n), ttlSeconds), InvalidInputError);
  }
  for (const name of ["a\nb", "\x7f", "\ud800", "x".repeat(1025), 5 as unknown as string]) {
    assert.throws(() => store.storeMessage("n", name, textOf(1n)), InvalidInputError);
    assert.throws(() => store.storeMessage(name, "t", textOf(1n)), InvalidInputError);
  }
  assert.equal(store.stats().messages, 0);
  assert.equal(store.stats().bytes, 0);
});

Deno.test("ids and times to live are read from where they stand, strings of the same look are not", () => {
  assert.equal(parseMessage(String.raw`{"x":"\"id\":7","\u0069d":8,"y":{"id":9}}`).id, 8n);
  assert.equal(parseMessage('{"id":1,"id":2}').id, 2n);
  assert.equal(parseMessage('{"id":1,"timestamp":"x"}').timestampMs, GEMSTONE_EPOCH_MS);
});

Deno.test("a topic keeps the latest messages when it is bounded", () => {
  const store = new Store({ maxMessagesPerTopic: 3 });
  const early = makeId(0, 1, 0);
  for (const id of [makeId(7, 2, 0), makeId(4, 3, 0), early, makeId(4, 5, 0), makeId(0, 4, 0)]) {
    store.storeMessage("n", "t", textOf(id));
  }
  assert.deepEqual(idsOf(store.topics.all("t")), [
    makeId(0, 4, 0),
    makeId(4, 3, 0),
    makeId(4, 5, 0),
  ]);
  assert.equal(store.stats().evicted, 2);
  assert.deepEqual(store.topics.byId("n", [early]), []);
});

Deno.test("the bytes of all topics are bounded: the oldest message is evicted first", () => {
  const store = new Store({ maxBytes: 10_000 });
  const payload = "x".repeat(1000);
  for (let i = 0n; i < 20n; i++) {
    store.storeMessage("n", `t${i % 3n}`, textOf(makeId(4, 20 - Number(i), 0), { payload }));
    assert.ok(store.stats().bytes <= 10_000);
  }
  const { messages, evicted, topics } = store.stats();
  assert.equal(messages + evicted, 20);
  assert.equal(topics, 3);
  const times = ["t0", "t1", "t2"].flatMap((topic) =>
    store.topics.all(topic).map(({ idTimeMs }) => idTimeMs - GEMSTONE_EPOCH_MS)
  );
  assert.deepEqual(times.toSorted((a, b) => a - b), times.map((_, i) => i + 1));
  const huge = textOf(1n, { payload: "x".repeat(10_000) });
  assert.throws(() => store.storeMessage("n", "t0", huge), StoreFullError);
  assert.equal(store.stats().messages, messages);
  store.clear();
  assert.equal(store.stats().bytes, 0);
});
