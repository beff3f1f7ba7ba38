// Random calls to backends in shared memory, and the same calls to a backend in memory. The results must
// be equal while members join and leave, and whenever the journal makes a snapshot.

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeRecord, FORMAT } from "../../../../backends/messaging/shm/operation.ts";
import { Replica } from "../../../../backends/messaging/shm/replica.ts";
import { Subscription } from "../../../../backends/store/subscription.ts";
import { Journal } from "../../../../lib/journal/journal.ts";
import {
  InMemoryMessagingBackend,
  Publisher,
  ShmMessagingBackend,
  Store,
} from "../../../../mod.ts";
import { makeMessage } from "../../../conformance/messaging/transport.ts";
import { assertProperty } from "../../../support/property.ts";
import { inScratch } from "../../../support/scratch.ts";

const LIMITS = { maxBytes: 6000, maxMessagesPerTopic: 8 };
const TOPICS = ["a", "b"];
const NAMESPACES = ["n", "m"];
const KEYS = ["k", "l", "z"];

type Both = InMemoryMessagingBackend | ShmMessagingBackend;

/** A call to any backend. */
type Call = (backend: Both) => Promise<unknown>;

/** A call to a member, a change of the members, a snapshot, or milliseconds that pass. */
type Event = { member: number; call: Call } | "copy" | "join" | "leave" | number;

const from = <T>(values: readonly T[]) => fc.constantFrom(...values);
const ids = fc.integer({ min: 1, max: 12 }).map((n) => (BigInt(n % 3) << 61n) | BigInt(n << 22));
const ttls = from([undefined, undefined, 1, 2.5]);
const values = fc.oneof(fc.string({ maxLength: 300 }), fc.integer(), fc.constant([2n ** 64n]));

const stores = fc.tuple(from(NAMESPACES), from(TOPICS), ids, ttls, fc.string({ maxLength: 900 }))
  .map(([namespace, topic, id, ttlSeconds, text]): Call => (backend) => {
    const message = makeMessage({ id, payload: { text } });
    return backend.storeMessage(namespace, topic, message, { ttlSeconds });
  });
const reads = fc.oneof(
  fc.tuple(from(TOPICS), ids).map(([topic, id]): Call => (backend) =>
    backend.getMessagesForTopicSince(topic, id)
  ),
  fc.tuple(from(NAMESPACES), ids).map(([namespace, id]): Call => (backend) =>
    backend.getMessagesById(namespace, [id, 5n])
  ),
  from(TOPICS).map((topic): Call => (backend) => backend.getNextMessageForTopicSince(topic, 0n)),
);
const keyCalls = fc.oneof(
  fc.tuple(from(KEYS), values, ttls).map(([key, value, ex]): Call => (backend) =>
    backend.set(key, value, ex === undefined ? {} : { ex })
  ),
  fc.tuple(from(KEYS), from(["f", "g"]), values).map(([key, field, value]): Call => (backend) =>
    backend.hset(key, field, value)
  ),
  fc.tuple(from(KEYS), fc.array(values, { maxLength: 3 })).map(([key, members]): Call => (it) =>
    it.sadd(key, ...members)
  ),
);
const calls = fc.oneof(
  { weight: 6, arbitrary: stores },
  { weight: 2, arbitrary: reads },
  { weight: 3, arbitrary: keyCalls },
);
const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ member: fc.nat(), call: calls }),
  },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 1500 }) },
  { weight: 2, arbitrary: from<Event>(["copy", "copy", "join", "leave"]) },
);

/** The result of a call: a value, or the error as text. */
async function resultOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return [await call];
  } catch (error) {
    return String(error);
  }
}

/** All data that a backend returns. */
async function contentsOf(backend: Both): Promise<unknown> {
  const contents = [];
  for (const topic of TOPICS) contents.push(await backend.getMessagesForTopic(topic));
  for (const key of KEYS) {
    const reads = [backend.get(key), backend.hget(key, "f"), backend.smembers(key)];
    contents.push(...await Promise.all(reads.map(resultOf)));
  }
  return contents;
}

async function play(dir: string, story: Event[]): Promise<void> {
  let nowMs = Date.UTC(2025, 0, 1);
  const clock = () => nowMs;
  const store = new Store({ clock, ...LIMITS });
  await using model = new InMemoryMessagingBackend({ store });
  await using opened = new AsyncDisposableStack();
  const join = () => opened.use(new ShmMessagingBackend({ name: "p", dir, clock, ...LIMITS }));
  const members = [join(), join()];
  using copier = new Journal("p", FORMAT, new Replica("copier", new Subscription(), LIMITS), {
    dir,
    clock,
  });
  const heard: string[] = [];
  const expected: string[] = [];
  await model.subscribe("a", (message) => void expected.push(message.stringify()));
  await members[0].subscribe("a", (message) => void heard.push(message.stringify()));
  for (const event of story) {
    if (event === "copy") copier.rotate();
    else if (event === "join") members.push(join());
    else if (event === "leave") await (members.length > 1 ? members.pop() : undefined)?.cleanup();
    else if (typeof event === "number") nowMs += event;
    else {
      const backend = members[event.member % members.length];
      // In memory, expired keys occupy space until keys are used.
      store.sweep();
      assert.deepEqual(
        await resultOf(event.call(backend)),
        await resultOf(event.call(model)),
      );
      await members[0].testConnection();
    }
  }
  const contents = await contentsOf(model);
  for (const member of [...members, join()]) assert.deepEqual(await contentsOf(member), contents);
  assert.deepEqual(heard, expected);
  const { messages, keys, bytes, topics } = store.stats();
  const { sharedBytes: _, stored, evicted, expired, ...state } = await members[0].stats();
  assert.deepEqual(state, { messages, keys, bytes, topics });
  assert.deepEqual([stored, evicted], [store.stats().stored, store.stats().evicted]);
  assert.equal(expired, store.stats().expired);
}

Deno.test("shm: random calls have the same results as in memory", () =>
  inScratch(async ({ path }) => {
    // The first backend adds listeners for signals and the last one removes them. Here one stays open.
    using _open = new Publisher("open", { dir: path });
    await assertProperty(
      fc.asyncProperty(
        fc.array(events, { maxLength: 60, size: "max" }),
        (story) => play(path, story),
      ),
      { numRuns: 100, interruptAfterTimeLimit: 60_000 },
    );
  }));

Deno.test("shm: equal records lead to equal snapshots", () =>
  inScratch(async ({ path: dir }) => {
    const replicas = [1, 2].map((n) => new Replica(`${n}`, new Subscription(), LIMITS));
    using one = new Journal("p", FORMAT, replicas[0], { dir });
    using other = new Journal("p", FORMAT, replicas[1], { dir });
    one.append(encodeRecord("store", ["n", "t", Date.now() + 1e6 + 0.25], '{"id":1}'));
    one.append(encodeRecord("set", ["k", Date.now() + 1e7], "5"));
    one.rotate();
    other.catchUp();
    one.rotate();
    using late = new Journal("p", FORMAT, new Replica("3", new Subscription(), LIMITS), { dir });
    late.catchUp();
    other.catchUp();
    assert.deepEqual([...replicas[1].snapshot()], [...replicas[0].snapshot()]);
    await Promise.resolve();
  }));
