// Latest values, on local channels and on segments: they differ only in how they are opened.

import assert from "node:assert/strict";
import { fnv1a } from "../../lib/base/hash.ts";
import {
  type Codec,
  type CodecName,
  Latest,
  type LatestChange,
  type LatestOptions,
  listChannels,
  LocalChannel,
  Publisher,
  Pusher,
  removeStale,
  ShmClosedError,
  ShmConnectionError,
  ShmCorruptionError,
  ShmSerializationError,
} from "../../mod.ts";
import { inspect } from "../../lib/observe/inspect.ts";
import { BUCKETS, CELL_LENGTH, INDEX_END } from "../../wasm/layout.ts";
import { SteppableClock } from "../../testing/steppable_clock.ts";
import { until } from "../support/deadline.ts";
import { BytesInMemory } from "../support/observed.ts";
import { TestDirectory } from "./channel/directory.ts";

type Open = <T = unknown>(options?: LatestOptions) => Latest<T>;

/** Registers a test on both carriers. */
function testLatest(name: string, body: (open: Open) => void | Promise<void>): void {
  Deno.test(`latest, local: ${name}`, async () => {
    using channel = LocalChannel.create({ capacityBytes: 1024 });
    using stack = new DisposableStack();
    await body((options) => stack.use(new Latest(channel.handle, options)));
  });
  Deno.test(`latest, shm: ${name}`, async () => {
    using directory = new TestDirectory();
    using stack = new DisposableStack();
    const dir = directory.path;
    await body((options) => stack.use(new Latest("values", { dir, ...options })));
  });
}

/** So many keys of one bucket. */
function sameBucket(count: number): string[] {
  const bucketOf = (key: string) => fnv1a(new TextEncoder().encode(key)) % BUCKETS;
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (bucketOf(`k${i}`) === 7) keys.push(`k${i}`);
  return keys;
}

const EVERYWHERE = [null, undefined, 0, "", false, [], {}, "0", [null], { a: null }];
const VALUES: Record<CodecName, readonly unknown[]> = {
  json: EVERYWHERE,
  msgpack: [...EVERYWHERE, NaN, new Uint8Array(0), new Date(0)],
  clone: [...EVERYWHERE, NaN, -0, 0n, new Uint8Array(0), new Date(0), new Map(), new Set()],
  raw: [new Uint8Array(0), new Uint8Array([0]), new Uint8Array(5000).fill(7)],
};

for (const codec of Object.keys(VALUES) as CodecName[]) {
  testLatest(`${codec}: unusual values are values`, (open) => {
    const [one, two] = [open({ codec }), open()];
    for (const value of VALUES[codec]) {
      assert.equal(one.has("key"), false);
      one.set("key", value);
      for (const side of [one, two]) {
        assert.deepEqual(side.get("key"), value);
        assert.equal(side.has("key"), true);
        assert.deepEqual([...side.entries()], [["key", value]]);
      }
      assert.deepEqual(two.update("key", (old) => old), value);
      assert.deepEqual(one.get("key"), value);
      assert.equal(two.delete("key"), true);
      assert.equal(one.get("key"), undefined);
    }
  });
}

testLatest("typed arrays and tensors are values of any codec", (open) => {
  const [one, two] = [open(), open()];
  const tensor = { data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] };
  one.set("array", new Float64Array([1.5, -0]));
  one.set("tensor", tensor);
  assert.deepEqual(two.get("array"), new Float64Array([1.5, -0]));
  assert.deepEqual((two.get("tensor") as typeof tensor).data, tensor.data);
});

testLatest("a key without a value differs from one whose value is undefined", (open) => {
  const [one, two] = [open(), open()];
  one.set("there", undefined);
  assert.deepEqual([two.get("there"), two.has("there")], [undefined, true]);
  assert.deepEqual([two.get("not"), two.has("not")], [undefined, false]);
  assert.equal(two.delete("not"), false);
  assert.deepEqual([...one.keys()], ["there"]);
});

testLatest("a small value that has not changed is not decoded again", (open) => {
  let decoded = 0;
  const codec: Codec = {
    id: "counting",
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode(bytes) {
      decoded++;
      return JSON.parse(new TextDecoder().decode(bytes));
    },
  };
  const [one, two] = [open({ codec }), open({ codec })];
  one.set("a", { x: 1 });
  one.set("b", 1);
  const first = two.get("a");
  for (let i = 0; i < 10; i++) assert.equal(two.get("a"), first);
  one.set("b", 2);
  assert.equal(two.get("a"), first);
  assert.equal(decoded, 1);
  one.set("a", { x: 2 });
  assert.deepEqual([two.get("a"), two.get("a"), decoded], [{ x: 2 }, { x: 2 }, 2]);
});

testLatest("keys that share a bucket have values of their own", (open) => {
  const [one, two] = [open<number>(), open<number>()];
  const keys = sameBucket(5);
  const expected = new Map<string, number>();
  const check = () => {
    assert.deepEqual(new Map(two.entries()), expected);
    for (const key of keys) assert.equal(two.get(key), expected.get(key));
  };
  keys.forEach((key, i) => {
    one.set(key, i);
    expected.set(key, i);
    check();
  });
  for (const key of keys) {
    two.update(key, (value) => value! + 10);
    expected.set(key, expected.get(key)! + 10);
    check();
  }
  for (const key of keys) {
    assert.equal(one.delete(key), true);
    expected.delete(key);
    check();
  }
});

testLatest("any text is a key, and nothing else", (open) => {
  const one = open();
  const keys = ["a", " ", "\0", "ü", "key with spaces", "__proto__", "x".repeat(1024), "🦀"];
  keys.forEach((key, i) => one.set(key, i));
  keys.forEach((key, i) => assert.equal(one.get(key), i));
  assert.deepEqual(new Set(one.keys()), new Set(keys));
  for (const key of ["", "x".repeat(1025), "ü".repeat(513), "\ud800", 1, null, undefined, {}]) {
    const wrong = key as string;
    const message = /^a key must be well-formed text of 1 to 1024 bytes, not /;
    assert.throws(() => one.get(wrong), { name: "TypeError", message });
    assert.throws(() => one.set(wrong, 1), { name: "TypeError", message });
    assert.throws(() => one.delete(wrong), { name: "TypeError", message });
    assert.throws(() => one.has(wrong), { name: "TypeError", message });
    assert.throws(() => one.update(wrong, () => 1), { name: "TypeError", message });
    if (typeof key !== "object") {
      assert.throws(() => one.watch(wrong), { name: "TypeError", message });
    }
  }
});

testLatest("update computes again when another changes the key meanwhile", (open) => {
  const [one, two] = [open<number>(), open<number>()];
  const seen: (number | undefined)[] = [];
  const result = one.update("n", (value) => {
    seen.push(value);
    if (seen.length < 3) two.update("n", (other) => (other ?? 0) + 10);
    return (value ?? 0) + 1;
  });
  assert.deepEqual([result, seen], [21, [undefined, 10, 20]]);
  assert.equal(two.get("n"), 21);
  // A value that was set again is another one, though it is equal.
  let calls = 0;
  one.update("n", (value) => {
    if (calls++ === 0) two.set("n", value!);
    return value! + 1;
  });
  assert.deepEqual([calls, two.get("n")], [2, 22]);
});

testLatest("update keeps the value when its function fails", (open) => {
  const one = open<unknown>();
  one.set("k", 1);
  assert.throws(() =>
    one.update("k", () => {
      throw new RangeError("no");
    }), { name: "RangeError", message: "no" });
  assert.throws(() => one.update("k", () => Promise.reject(new Error("late"))), {
    name: "TypeError",
    message: /^update\(\) takes a function that returns the value, not a promise/,
  });
  assert.throws(() => one.update("k", 5 as never), { name: "TypeError" });
  assert.throws(() => one.update("k", () => () => 1), ShmSerializationError);
  assert.throws(() => one.set("k", () => 1), {
    name: "ShmSerializationError",
    message: /^cannot set "k" of ".*": the value cannot be encoded with codec "msgpack": /,
  });
  assert.equal(one.get("k"), 1);
});

testLatest("a value with a time to live expires, and not before", async (open) => {
  const [one, two] = [open(), open()];
  one.set("long", 1, { ttlMs: 3_600_000 });
  one.set("short", 2, { ttlMs: 1 });
  one.update("updated", () => 3, { ttlMs: 1 });
  await until(() => !two.has("short") && !two.has("updated"), "the expiry");
  assert.deepEqual([...two.entries()], [["long", 1]]);
  assert.deepEqual([one.get("short"), one.delete("short")], [undefined, false]);
  assert.equal(one.update("updated", (value) => value === undefined ? "new" : "old"), "new");
  one.set("short", 4);
  assert.equal(two.get("short"), 4);
  for (const ttlMs of [0, -1, NaN, Infinity, "1", 1e300]) {
    assert.throws(() => one.set("k", 1, { ttlMs: ttlMs as number }), RangeError);
  }
});

testLatest("what has expired makes room for other values", async (open) => {
  const one = open<Uint8Array>({ codec: "raw" });
  const big = new Uint8Array(100_000);
  const keys = [...sameBucket(4), "a", "b", "c"];
  for (let round = 0; round < 5; round++) {
    keys.forEach((key) => one.set(`${key}${round}`, big, { ttlMs: 1 }));
    await until(() => [...one.keys()].length === 0, "the expiry");
  }
  one.set("kept", new Uint8Array([1]));
  assert.deepEqual([...one.keys()], ["kept"]);
});

testLatest("ten thousand keys, and values of a mebibyte", (open) => {
  const [one, two] = [open<unknown>(), open<unknown>()];
  for (let i = 0; i < 10_000; i++) one.set(`key ${i}`, i);
  for (let i = 0; i < 10_000; i += 7) assert.equal(two.get(`key ${i}`), i);
  assert.equal([...two.keys()].length, 10_000);
  const big = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 8; i++) {
    big.fill(i);
    two.set("big", big);
    two.set(`big ${i % 2}`, big);
    assert.deepEqual([...(one.get("big") as Uint8Array).subarray(-2)], [i, i]);
  }
  assert.throws(() => one.set("big", new Uint8Array(17 * 1024 * 1024)), {
    name: "RangeError",
    message: /^cannot set "big" of ".*": its value has \d+ bytes, and a value has at most 16777216/,
  });
  assert.equal((one.get("big") as Uint8Array)[5], 7);
});

testLatest("a watch of a key reports its value and then each change", async (open) => {
  const [one, two] = [open<number>(), open<number>()];
  one.set("k", 1);
  const changes = two.watch("k");
  const next = async () => {
    const { value: { key, value, isDeleted } } = (await changes.next()) as {
      value: LatestChange<number>;
    };
    return [key, value, isDeleted];
  };
  assert.deepEqual(await next(), ["k", 1, false]);
  const second = next();
  one.set("other", 5);
  one.set("k", 2);
  assert.deepEqual(await second, ["k", 2, false]);
  for (let i = 3; i < 50; i++) one.set("k", i);
  assert.deepEqual(await next(), ["k", 49, false]);
  const deleted = next();
  one.delete("k");
  assert.deepEqual(await deleted, ["k", undefined, true]);
  const again = next();
  one.set("k", 7, { ttlMs: 30 });
  assert.deepEqual(await again, ["k", 7, false]);
  assert.deepEqual(await next(), ["k", undefined, true]);
  const ended = changes.next();
  two.close();
  assert.deepEqual(await ended, { value: undefined, done: true });
});

testLatest("a watch of a prefix reports each key, until its signal", async (open) => {
  const [one, two] = [open<number>(), open<number>()];
  const keys = sameBucket(3).map((key) => key);
  for (const key of keys) one.set(key, 0);
  one.set("zzz", 1);
  const stop = new AbortController();
  const seen = new Map<string, number | undefined>();
  const all = new Map<string, number | undefined>();
  const watchAll = async () => {
    for await (const { key, value } of two.watch({ prefix: "" }, { signal: stop.signal })) {
      all.set(key, value);
    }
  };
  const watchSome = async () => {
    for await (
      const { key, value, isDeleted } of two.watch({ prefix: "k" }, { signal: stop.signal })
    ) {
      if (isDeleted) seen.delete(key);
      else seen.set(key, value);
    }
  };
  const ended = Promise.all([watchAll(), watchSome()]);
  await until(() => seen.size === 3 && all.size === 4, "the first values");
  one.set(keys[1], 5);
  two.delete(keys[0]);
  one.set("k new", 6);
  const expected = [[keys[1], 5], [keys[2], 0], ["k new", 6]];
  await until(
    () => JSON.stringify([...seen].sort()) === JSON.stringify(expected.sort()),
    "the changes",
  );
  assert.equal(all.get("zzz"), 1);
  stop.abort();
  await ended;
  for await (const _ of two.watch("zzz", { signal: AbortSignal.abort() })) assert.fail();
});

testLatest("options and arguments are checked", (open) => {
  const one = open();
  const wrong = one as unknown as Record<string, (...args: unknown[]) => unknown>;
  assert.throws(() => open({ capacityBytes: 5 } as never), /the space that they need/);
  assert.throws(() => open({ persistent: true } as never), /did you mean/);
  assert.throws(() => wrong.set("k", 1, { ttl: 5 }), /did you mean .*ttlMs/);
  assert.throws(() => wrong.set("k", 1, { ttlSeconds: 5 }), /pass ttlMs/);
  for (const call of ["get", "has", "delete", "watch"]) {
    assert.throws(() => wrong[call]("k", 5, 5), TypeError, call);
  }
  assert.throws(() => wrong.set("k", 1, {}, 5), TypeError);
  assert.throws(() => wrong.update("k", () => 1, {}, 5), TypeError);
  assert.throws(() => wrong.watch({ prefix: 5 }), TypeError);
  assert.throws(() => wrong.watch({}), /prefix must be a string/);
  assert.throws(() => wrong.watch("k", { signal: 5 }), TypeError);
  assert.deepEqual([...one.keys()], []);
});

testLatest("a closed participant says so", async (open) => {
  const one = open<number>();
  one.set("k", 1);
  assert.equal(one.get("k"), 1);
  const values = one.entries();
  one.close();
  one.close();
  assert.equal(one.closed, true);
  const calls = [
    () => one.get("k"),
    () => one.has("k"),
    () => one.set("k", 2),
    () => one.update("k", () => 2),
    () => one.delete("k"),
    () => values.next(),
    () => one.watch("k"),
  ];
  for (const call of calls) assert.throws(call, ShmClosedError);
  const two = open<number>();
  assert.throws(() =>
    two.update("k", () => {
      two.close();
      return 1;
    }), ShmClosedError);
  await using three = open<number>();
  assert.match(Deno.inspect(three), /^Latest \{ name: ".*", closed: false \}$/);
});

testLatest("one codec for all: the first that sets or names one chooses it", (open) => {
  const reader = open();
  assert.equal(reader.get("k"), undefined);
  const writer = open({ codec: "json" });
  reader.set("k", [1]);
  assert.deepEqual(writer.get("k"), [1]);
  assert.throws(() => open({ codec: "clone" }), ShmConnectionError);
});

Deno.test("latest: closing a local channel ends all of its participants", () => {
  using channel = LocalChannel.create();
  using latest = new Latest<number>(channel.handle);
  latest.set("k", 1);
  latest.get("k");
  channel.close();
  assert.throws(() => latest.get("k"), ShmClosedError);
  assert.throws(() => latest.set("k", 1), ShmClosedError);
});

Deno.test("latest: a name has one kind", () => {
  using directory = new TestDirectory();
  const options = { dir: directory.path };
  using _latest = new Latest("one", options);
  assert.throws(
    () => new Pusher("one", options),
    /its kind is latest, and this socket asks for queue/,
  );
  using _news = new Publisher("news", options);
  assert.throws(() => new Latest("news", options), ShmConnectionError);
});

Deno.test("latest: values live as long as someone is attached, or with persist", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  {
    using one = new Latest<number>("gone", { dir });
    one.set("k", 1);
    using two = new Latest<number>("gone", { dir });
    one.close();
    assert.equal(two.get("k"), 1);
  }
  assert.equal(directory.files().includes("gone"), false);
  {
    using one = new Latest<number>("kept", { dir, persist: true });
    one.set("k", 1);
    one.set("ttl", 2, { ttlMs: 3_600_000 });
  }
  {
    using one = new Latest<number>("kept", { dir });
    assert.deepEqual([one.get("k"), one.get("ttl")], [1, 2]);
  }
  assert.deepEqual(removeStale({ dir }), []);
  assert.deepEqual(removeStale({ dir, includePersistent: true }), ["kept"]);
});

Deno.test("latest: the registry and the inspection know the kind", () => {
  using directory = new TestDirectory();
  const { path: dir } = directory;
  using latest = new Latest<number>("values", { dir });
  latest.set("k", 1);
  const [info] = listChannels({ dir });
  assert.deepEqual([info.name, info.kind, info.codec], ["values", "latest", "msgpack"]);
  assert.deepEqual(info.participants.map(({ role, alive }) => [role, alive]), [["member", true]]);
  const bytes = Deno.readFileSync(directory.file("values"));
  assert.deepEqual(inspect(new BytesInMemory(bytes), { records: 10 }).issues, []);
});

Deno.test("latest: damage is an error", () => {
  using directory = new TestDirectory();
  using latest = new Latest<number>("values", { dir: directory.path });
  using other = new Latest<number>("values", { dir: directory.path });
  latest.set("k", 1);
  using file = Deno.openSync(directory.file("values"), { read: true, write: true });
  const bytes = new DataView(Deno.readFileSync(directory.file("values")).buffer);
  const at = bytes.byteLength;
  for (let cell = INDEX_END; cell < at - 64; cell += 16) {
    // The length of the value's cell, which has 1 byte of a key.
    const isCell = bytes.getUint32(cell + CELL_LENGTH, true) === 1 &&
      bytes.getUint32(cell + CELL_LENGTH + 4, true) === 1;
    if (!isCell) continue;
    file.seekSync(cell + CELL_LENGTH, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([255, 255, 255, 255]));
  }
  assert.throws(() => other.get("k"), ShmCorruptionError);
});

testLatest("values expire by the clock of a test", async (open) => {
  const clock = new SteppableClock();
  const one = open<number>({ clock });
  const other = open<number>({ clock: clock.now });
  one.set("short", 1, { ttlMs: 60_000 });
  one.set("long", 2, { ttlMs: 3_600_000 });
  const changes = other.watch("short");
  assert.deepEqual((await changes.next()).value, { key: "short", value: 1, isDeleted: false });
  clock.advance({ milliseconds: 59_999 });
  assert.equal(other.get("short"), 1);
  const second = changes.next();
  clock.advance(1);
  assert.equal(one.get("short"), undefined);
  assert.deepEqual([other.has("short"), other.get("long")], [false, 2]);
  assert.deepEqual((await second).value, { key: "short", value: undefined, isDeleted: true });
  await changes.return();
  clock.advance({ hours: 1 });
  assert.deepEqual([...one.keys()], []);
  assert.throws(
    () => open({ clock: 7 as never }),
    /^TypeError: clock must be a function that returns/,
  );
});
