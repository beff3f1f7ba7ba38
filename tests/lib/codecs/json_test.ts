// The json codec: the rules of `JSON.stringify`, and what it rejects.

import assert from "node:assert/strict";
import fc from "fast-check";
import { bytes, json, roundTrip } from "../../support/codecs.ts";
import { assertProperty } from "../../support/property.ts";

Deno.test("json round-trips JSON values, and long and non-ASCII text", () => {
  const value = { a: [1, "x", null, true, { b: -1.5 }], text: "é漢😀\ud800".repeat(5000) };
  assert.deepStrictEqual(roundTrip(json, value), value);
  assert.equal(roundTrip(json, "x".repeat(100_000)), "x".repeat(100_000));
  assertProperty(fc.property(fc.jsonValue(), (any) => {
    const text = JSON.stringify(any);
    assert.equal(JSON.stringify(roundTrip(json, any)), text);
  }));
});

Deno.test("json follows the rules of JSON.stringify", () => {
  class Point {
    x = 1;
  }
  const value = {
    date: new Date(0),
    url: new URL("http://localhost/"),
    nan: NaN,
    none: undefined,
    list: [undefined],
    point: new Point(),
    boxed: Object("s"),
  };
  assert.deepStrictEqual(roundTrip(json, value), JSON.parse(JSON.stringify(value)));
});

Deno.test("json rejects what it would omit, with its path", () => {
  const rejected: [unknown, RegExp][] = [
    [function named() {}, /function named at \$\.a\[1\]: JSON would omit it/],
    [Symbol("s"), /Symbol\(s\) at \$\.a\[1\]/],
    [5n, /5n at \$\.a\[1\]: send a string instead, or use codec "msgpack"/],
    [new Map(), /an instance of Map at \$\.a\[1\]: JSON would lose its content/],
    [new Set(), /an instance of Set at/],
    [/x/, /an instance of RegExp at/],
    [new Error("x"), /an instance of Error at/],
    [new Float32Array(2), /an instance of Float32Array at .*codec "msgpack" for binary data/],
    [new ArrayBuffer(2), /an instance of ArrayBuffer at/],
  ];
  for (const [value, message] of rejected) {
    assert.throws(() => json.encode({ a: [0, value] }), { name: "TypeError", message });
    assert.throws(() => json.encode(value), { name: "TypeError" });
  }
  assert.throws(() => json.encode(undefined), {
    name: "TypeError",
    message: "json cannot encode undefined",
  });
});

Deno.test("json names the rejected value beside an object with toJSON", () => {
  const decoy = { f: () => 1, toJSON: () => "decoy" };
  assert.deepStrictEqual(roundTrip(json, { decoy }), { decoy: "decoy" });
  assert.throws(() => json.encode({ decoy, real: new Map() }), /at \$\.real/);
});

Deno.test("json rejects damaged messages", () => {
  for (const text of ["", "{", "[1,]", "nope", "\ufeff1"]) {
    assert.throws(() => json.decode(new TextEncoder().encode(text)), {
      name: "TypeError",
      message: /^json cannot decode \d+ bytes?: /,
    });
  }
  assert.throws(() => json.decode(bytes(0x22, 0xff, 0x22)), { name: "TypeError" });
});
