// Strings, hashes and sets of the store.

import assert from "node:assert/strict";
import {
  InvalidInputError,
  StoreFullError,
  WrongTypeError,
} from "../../../backends/store/errors.ts";
import { Store } from "../../../backends/store/store.ts";
import {
  JsonText,
  valueFrom,
  valueOfJson,
  valueToData,
  valueToJson,
} from "../../../backends/store/value.ts";

Deno.test("a string is set, replaced and deleted", () => {
  const { strings, keys } = new Store();
  assert.equal(strings.get("k"), undefined);
  strings.set("k", "v");
  strings.set("k", "w");
  assert.equal(strings.get("k"), "w");
  assert.equal(keys.delete("k"), true);
  assert.equal(keys.delete("k"), false);
  assert.equal(strings.get("k"), undefined);
});

Deno.test("a string expires after its TTL, and a new value without one does not expire", () => {
  let nowMs = 0;
  const store = new Store({ clock: () => nowMs });
  store.strings.set("a", "1", 1.5);
  store.strings.set("b", "1", 1.5);
  store.strings.set("b", "2");
  nowMs = 1499;
  assert.equal(store.strings.get("a"), "1");
  nowMs = 1500;
  assert.equal(store.strings.get("a"), undefined);
  assert.equal(store.strings.get("b"), "2");
  assert.equal(store.stats().keys, 1);
  assert.equal(store.stats().expired, 1);
  store.strings.set("a", "1", 0);
  assert.equal(store.nextExpiryMs, Infinity);
  store.strings.set("a", "2", -1);
  assert.equal(store.strings.get("a"), undefined);
  assert.equal(store.stats().keys, 1);
  for (const ttlSeconds of [NaN, Infinity]) {
    assert.throws(() => store.strings.set("a", "1", ttlSeconds), InvalidInputError);
  }
});

Deno.test("fields of a hash are set one by one", () => {
  const { hashes } = new Store();
  assert.equal(hashes.set("h", "name", "John"), true);
  assert.equal(hashes.set("h", "name", "Joe"), false);
  assert.equal(hashes.set("h", "__proto__", "x"), true);
  assert.equal(hashes.get("h", "name"), "Joe");
  assert.equal(hashes.get("h", "__proto__"), "x");
  assert.equal(hashes.get("h", "none"), undefined);
  assert.equal(hashes.get("none", "name"), undefined);
});

Deno.test("a set has each member once, in the order in which they were added", () => {
  const { sets } = new Store();
  assert.equal(sets.add("s", ["b", "a", "b"]), 2);
  assert.equal(sets.add("s", ["a", new JsonText("1"), "1"]), 2);
  assert.deepEqual(sets.members("s").map(valueToData), ["b", "a", 1, "1"]);
  assert.equal(sets.add("none", []), 0);
  assert.deepEqual(sets.members("none"), []);
});

Deno.test("a key of another type is an error, and set replaces a value of any type", () => {
  const store = new Store();
  store.sets.add("k", ["a"]);
  assert.throws(() => store.strings.get("k"), WrongTypeError);
  assert.throws(() => store.hashes.set("k", "f", "v"), WrongTypeError);
  assert.throws(() => store.hashes.get("k", "f"), WrongTypeError);
  store.strings.set("k", "v");
  assert.throws(() => store.sets.add("k", ["b"]), { message: /"k" holds a string.*for a set/ });
  assert.equal(store.strings.get("k"), "v");
});

Deno.test("values other than texts keep every digit", () => {
  for (const text of ["9007199254740993", "[1.0,2]", "null", '{"a":1e400}', '"text"', '"\\n"']) {
    assert.equal(valueToJson(valueOfJson(text)), text);
  }
  assert.equal(valueToData(valueFrom(2n ** 70n)), 2n ** 70n);
  assert.deepEqual(valueToData(valueFrom({ a: [2n ** 70n, "x"] })), { a: [2n ** 70n, "x"] });
});

Deno.test("keys count for maxBytes: messages are evicted first, then a key is rejected and nothing changes", () => {
  const store = new Store({ maxBytes: 5000 });
  for (let i = 0; i < 10; i++) store.storeMessage("n", "t", `{"id":${i}}`);
  store.strings.set("a", "x".repeat(4000));
  const { messages } = store.stats();
  assert.ok(messages > 0 && messages < 10);
  assert.throws(() => store.hashes.set("h", "f", "x".repeat(2000)), StoreFullError);
  assert.throws(() => store.sets.add("s", ["x".repeat(2000)]), StoreFullError);
  assert.throws(() => store.strings.set("a", "x".repeat(6000)), StoreFullError);
  assert.deepEqual(store.sets.members("s"), []);
  assert.equal(store.strings.get("a"), "x".repeat(4000));
  assert.equal(store.stats().keys, 1);
  assert.equal(store.stats().messages, messages);
  store.clear();
  assert.equal(store.stats().bytes, 0);
});

Deno.test("the bytes of hashes and sets are released", () => {
  const store = new Store();
  for (const value of ["x", "x".repeat(500), "é€", "y"]) store.hashes.set("h", "f", value);
  store.sets.add("s", ["1", "2", "3"]);
  assert.ok(store.stats().bytes > 0);
  store.clear();
  assert.equal(store.stats().bytes, 0);
  assert.equal(store.stats().keys, 0);
});
