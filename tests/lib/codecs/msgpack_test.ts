// The msgpack codec: the values that it keeps, what it rejects, and other implementations.

import assert from "node:assert/strict";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { decode as referenceDecode, encode as referenceEncode } from "@msgpack/msgpack";
import fc from "fast-check";
import {
  bytes,
  clone,
  json,
  msgpack,
  nested,
  roundTrip,
  TYPED_ARRAYS,
} from "../../support/codecs.ts";
import { assertProperty } from "../../support/property.ts";

/** Values that all implementations of MessagePack encode alike. */
function plainValue(): fc.Arbitrary<unknown> {
  const key = fc.string({ unit: "grapheme", maxLength: 40 })
    .filter((name) => name !== "__proto__" && name.isWellFormed());
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.double().filter((value) => !Object.is(value, -0)),
      fc.integer(),
      fc.string({ unit: "grapheme", maxLength: 300 }).filter((value) => value.isWellFormed()),
      fc.date({ noInvalidDate: true }),
      fc.array(tie("value"), { maxLength: 20 }),
      fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
    ),
  })).value;
}

Deno.test("msgpack keeps primitives exactly, except -0", () => {
  const integers = [0, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32]
    .concat(2 ** 53 - 1, 2 ** 53, 2 ** 60);
  const numbers = integers.flatMap((value) => [value, 0 - value])
    .concat(-32, -33, -127, -129, -32769, 1.5, NaN, Infinity, -Infinity, Number.MAX_VALUE);
  for (const value of [null, true, false, ...numbers]) {
    assert.deepStrictEqual(roundTrip(msgpack, value), value);
    assert.deepStrictEqual(roundTrip(msgpack, [{ value }]), [{ value }]);
  }
  assert.ok(Object.is(roundTrip(msgpack, -0), 0));
});

Deno.test("msgpack keeps bigints of any size as bigints", () => {
  const magnitudes = [0n, 5n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n]
    .concat(2n ** 71n, 2n ** 1000n + 7n);
  for (const magnitude of magnitudes) {
    for (const value of [magnitude, -magnitude]) {
      assert.deepStrictEqual(roundTrip(msgpack, { value }), { value });
    }
  }
});

Deno.test("msgpack keeps strings of every length and content", () => {
  const units = ["a", "é", "漢", "😀", "\0", "\ufffd"];
  const lengths = [0, 1, 7, 10, 11, 15, 31, 32, 40, 41, 64, 65, 85, 127, 255, 256, 30_000, 65_536];
  for (const unit of units) {
    for (const length of lengths) {
      const text = unit.repeat(length);
      assert.equal(roundTrip(msgpack, text), text);
      assert.deepStrictEqual(roundTrip(msgpack, { [text]: text }), { [text]: text });
      assert.equal(roundTrip(msgpack, `x${text}y`), `x${text}y`);
    }
  }
});

Deno.test("msgpack keeps lone surrogates and byte order marks in strings of any length", () => {
  for (const unit of ["\ud800", "\udc00", "\udbff", "\udfff", "\ufeff"]) {
    for (const length of [1, 30, 31, 50, 85, 300, 70_000]) {
      const filler = "x".repeat(length);
      const texts = [
        unit.repeat(length),
        `${unit}${filler}`,
        `${filler}${unit}`,
        `é${unit}漢${unit}`,
      ];
      for (const text of texts) {
        assert.equal(roundTrip(msgpack, text), text);
        assert.deepStrictEqual(roundTrip(msgpack, { [text]: text }), { [text]: text });
      }
    }
  }
  assert.equal(roundTrip(msgpack, "\udc00\ud800\udc00\ud800"), "\udc00\ud800\udc00\ud800");
});

Deno.test("msgpack replaces bytes of a string that are not UTF-8", () => {
  const texts: [number[], string][] = [
    [[0xff], "\ufffd"],
    [[0x61, 0x80, 0x62], "a\ufffdb"],
    [[0xed, 0xa0], "\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80, 0xff], "\ud800\ufffd"],
    [[0xc3], "\ufffd"],
  ];
  for (const [content, text] of texts) {
    assert.equal(msgpack.decode(bytes(0xa0 | content.length, ...content)), text);
  }
});

Deno.test("msgpack keeps arrays and objects across the sizes of headers", () => {
  for (const length of [0, 1, 15, 16, 31, 32, 65535, 65536]) {
    const items = Array.from({ length }, (_, index) => index);
    assert.deepStrictEqual(roundTrip(msgpack, items), items);
    const fields = Object.fromEntries(items.map((index) => [`k${index}`, index]));
    assert.deepStrictEqual(roundTrip(msgpack, fields), fields);
  }
});

Deno.test("msgpack keeps nested typed arrays of every kind, and their subviews", () => {
  for (const array of TYPED_ARRAYS) {
    assert.deepStrictEqual(roundTrip(msgpack, { list: [array] }), { list: [array] });
    assert.deepStrictEqual(roundTrip(msgpack, array), array);
  }
  const whole = new Float64Array([1, 2, 3, 4]);
  const part = roundTrip(msgpack, [whole.subarray(1, 3)]) as [Float64Array];
  assert.deepStrictEqual(part, [new Float64Array([2, 3])]);
  assert.equal(part[0].buffer.byteLength, 16);
  assert.deepStrictEqual(roundTrip(msgpack, [new Float64Array()]), [new Float64Array()]);
});

Deno.test("msgpack keeps ArrayBuffer and DataView, and large binary data", () => {
  const buffer = bytes(1, 2, 3, 4, 5).buffer;
  assert.deepStrictEqual(roundTrip(msgpack, { buffer }), { buffer });
  const view = roundTrip(msgpack, [new DataView(buffer, 1, 2)]) as [DataView];
  assert.equal(Object.prototype.toString.call(view[0]), "[object DataView]");
  assert.deepEqual([view[0].byteLength, view[0].getUint16(0)], [2, 0x0203]);
  for (const length of [255, 256, 65535, 65536]) {
    const data = new Uint8Array(length).fill(7);
    assert.deepStrictEqual(roundTrip(msgpack, [data]), [data]);
    const words = new Uint16Array(length).fill(7);
    assert.deepStrictEqual(roundTrip(msgpack, [words]), [words]);
  }
});

Deno.test("msgpack returns subclasses of typed arrays as their built-in base", () => {
  class Samples extends Float32Array {}
  const result = roundTrip(msgpack, [new Samples([1, 2])]) as [Float32Array];
  assert.equal(result[0].constructor, Float32Array);
  assert.deepStrictEqual(result, [new Float32Array([1, 2])]);
});

Deno.test("msgpack copies views of shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(3);
  const [copy] = roundTrip(msgpack, [shared]) as [Uint8Array];
  assert.ok(copy.buffer instanceof ArrayBuffer);
  assert.deepEqual([...copy], [3, 3, 3, 3]);
});

Deno.test("msgpack keeps dates to the millisecond over their whole range", () => {
  const times = [0, 1, 999, 1000, 1500, 4294967295_000, 4294967296_000, 4294967295_999]
    .concat(-1, -1000, -1001, 17179869184_000, 8.64e15, -8.64e15, 1760000000123);
  for (const time of times) {
    assert.deepStrictEqual(roundTrip(msgpack, { at: new Date(time) }), { at: new Date(time) });
  }
});

Deno.test("msgpack omits undefined properties and symbol keys, as JSON does", () => {
  const value = { a: undefined, b: 1, [Symbol("s")]: 2, c: [undefined, , 3] };
  assert.deepStrictEqual(roundTrip(msgpack, value), { b: 1, c: [null, null, 3] });
  for (const size of [16, 17, 70_000]) {
    const sparse: Record<string, unknown> = { last: 1 };
    for (let index = 0; index < size; index++) sparse[`k${index}`] = undefined;
    assert.deepStrictEqual(roundTrip(msgpack, sparse), { last: 1 });
  }
});

Deno.test("msgpack encodes objects without a prototype and of another realm", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  const foreign = runInNewContext("({ a: 1, list: [{}] })");
  assert.deepStrictEqual(roundTrip(msgpack, bare), { a: 1 });
  assert.deepStrictEqual(roundTrip(msgpack, foreign), { a: 1, list: [{}] });
  assert.throws(() => msgpack.encode(Object.create({ inherited: 1 })), /its class would be lost/);
});

Deno.test("json and clone keep a __proto__ key as an own property and pollute nothing", () => {
  const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}');
  for (const codec of [json, clone]) {
    const result = roundTrip(codec, value) as Record<string, unknown>;
    assert.ok(Object.hasOwn(result, "__proto__"));
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.equal(JSON.stringify(result), JSON.stringify(value));
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  }
});

Deno.test("msgpack rejects a __proto__ key in both directions", () => {
  const value = JSON.parse('{"a":[{"__proto__":{"polluted":1}}]}');
  assert.throws(() => msgpack.encode(value), {
    name: "TypeError",
    message: "msgpack cannot encode an object at $.a[0]: its key __proto__ is not allowed",
  });
  assert.throws(() => msgpack.decode(referenceEncode(value)), {
    name: "RangeError",
    message: /key "__proto__" is not allowed/,
  });
});

Deno.test("msgpack rejects what it cannot keep, with its path", () => {
  class Point {
    x = 1;
  }
  const rejected: [unknown, RegExp][] = [
    [() => 1, /an anonymous function at \$\.a\[1\]: send only data/],
    [Symbol("s"), /Symbol\(s\) at \$\.a\[1\]/],
    [new Map([[1, 2]]), /an instance of Map at \$\.a\[1\]: send \[\.\.\.map\].*codec "clone"/],
    [new Set([1]), /an instance of Set at \$\.a\[1\]: send \[\.\.\.set\].*codec "clone"/],
    [/x/, /an instance of RegExp at.*codec "clone"/],
    [new Error("x"), /an instance of Error at.*codec "clone"/],
    [new Point(), /an instance of Point at \$\.a\[1\]: its class would be lost/],
    [new URL("http://localhost/"), /an instance of URL at/],
    [Promise.resolve(1), /an instance of Promise at/],
    [new Date(NaN), /an instance of Date at \$\.a\[1\]: it is an invalid date/],
    [new SharedArrayBuffer(1), /an instance of SharedArrayBuffer at.*slice/],
    [Object(5), /an instance of Number at/],
  ];
  for (const [value, message] of rejected) {
    assert.throws(() => msgpack.encode({ a: [0, value] }), { name: "TypeError", message });
  }
  assert.throws(() => msgpack.encode(undefined), { name: "TypeError", message: /undefined/ });
  assert.throws(() => msgpack.encode({ "odd key": { f() {} } }), {
    message: 'msgpack cannot encode function f at $["odd key"].f: send only data',
  });
});

Deno.test("msgpack rejects detached buffers", () => {
  const array = new Float32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  for (const value of [array, array.buffer]) {
    assert.throws(() => msgpack.encode({ value }), { name: "TypeError", message: /detached/ });
  }
});

Deno.test("msgpack and json reject cycles quickly, with the path at which they close", () => {
  const cyclic: Record<string, unknown> = { filler: "x".repeat(10_000), list: [{}] };
  (cyclic["list"] as Record<string, unknown>[])[0]["back"] = cyclic;
  for (const codec of [msgpack, json]) {
    assert.throws(() => codec.encode({ cyclic }), {
      name: "TypeError",
      message: new RegExp(
        `^${codec.id} cannot encode a cycle: \\$\\.cyclic\\.list\\[0\\]\\.back is \\$\\.cyclic ` +
          `itself; break the cycle, or use codec "clone"$`,
      ),
    });
  }
  const wide: Record<string, unknown> = {
    list: new Array(1000).fill(0),
    data: new Uint8Array(1e8),
  };
  wide["self"] = wide;
  const buffered = msgpack.encode(0).buffer.byteLength;
  assert.throws(() => msgpack.encode(wide), /\$\.self is \$ itself/);
  assert.equal(msgpack.encode(0).buffer.byteLength, buffered);
  const bush: unknown[] = [];
  for (let index = 0; index < 1000; index++) bush.push(bush);
  assert.throws(() => msgpack.encode(bush), /cannot encode a cycle: \$\[0\] is \$ itself/);
});

Deno.test("msgpack and json encode 512 levels and reject more", () => {
  for (const codec of [msgpack, json]) {
    assert.deepStrictEqual(roundTrip(codec, nested(512)), nested(512));
    assert.throws(() => codec.encode(nested(513)), {
      name: "TypeError",
      message: /at \$.*more\)….*: it is nested more than 512 deep$/,
    });
    assert.throws(() => codec.encode(nested(100_000)), /nested more than 512 deep/);
  }
  const deep = new Uint8Array(100_000).fill(0x91);
  assert.throws(() => msgpack.decode(deep), /nested more than 512 deep/);
});

Deno.test("msgpack shares no state with a message encoded by a getter", () => {
  const value = {
    before: 1,
    get inner() {
      return [...msgpack.encode({ other: true })];
    },
    after: 2,
  };
  const expected = [...msgpack.encode({ other: true })];
  assert.deepStrictEqual(roundTrip(msgpack, value), { before: 1, inner: expected, after: 2 });
});

Deno.test("msgpack works after an error, and passes on the errors of getters", () => {
  const failing = {
    get x() {
      throw new SyntaxError("mine");
    },
  };
  assert.throws(() => msgpack.encode({ a: failing }), { name: "SyntaxError", message: "mine" });
  assert.throws(() => msgpack.decode(bytes(0x92, 1)));
  assert.deepStrictEqual(roundTrip(msgpack, { a: [1] }), { a: [1] });
});

Deno.test("msgpack reuses one buffer and replaces a huge one", () => {
  const first = msgpack.encode([1]);
  assert.equal(msgpack.encode([2]).buffer, first.buffer);
  const huge = msgpack.encode([new Uint8Array(20_000_000)]);
  assert.equal(huge.length, 20_000_007);
  assert.ok(msgpack.encode([1]).buffer.byteLength < 1_000_000);
});

Deno.test("msgpack writes what other implementations read, and reads what they write", () => {
  assertProperty(
    fc.property(plainValue(), (value) => {
      assert.deepStrictEqual(referenceDecode(msgpack.encode(value)), value);
      const foreign = referenceEncode(value);
      assert.deepStrictEqual(msgpack.decode(foreign), value);
    }),
    { numRuns: 500 },
  );
});

Deno.test("msgpack reads every standard form", () => {
  const forms: [number[], unknown][] = [
    [[0xca, 0x3f, 0xc0, 0, 0], 1.5],
    [[0xd0, 0x80], -128],
    [[0xd1, 0x80, 0], -32768],
    [[0xd2, 0x80, 0, 0, 0], -(2 ** 31)],
    [[0xd3, 255, 255, 255, 255, 255, 255, 255, 255], -1],
    [[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], 2 ** 32],
    [[0xdb, 0, 0, 0, 1, 0x61], "a"],
    [[0xdd, 0, 0, 0, 1, 0x05], [5]],
    [[0xdf, 0, 0, 0, 1, 0xd9, 1, 0x61, 0x05], { a: 5 }],
    [[0xc4, 2, 7, 8], bytes(7, 8)],
    [[0xc5, 0, 1, 9], bytes(9)],
    [[0xc6, 0, 0, 0, 0], bytes()],
    [[0x81, 0x05, 0x06], { 5: 6 }],
    [[0xd7, 0xff, 0, 0, 0, 0, 0, 0, 0, 1], new Date(1000)],
    [[0xd7, 0xff, 0x77, 0x35, 0x94, 0x01, 0, 0, 0, 0], new Date(4294967296_500)],
  ];
  for (const [encoded, value] of forms) {
    assert.deepStrictEqual(msgpack.decode(new Uint8Array(encoded)), value);
  }
});

Deno.test("msgpack rejects damaged messages with the reason", () => {
  const damaged: [number[], RegExp][] = [
    [[], /msgpack cannot decode 0 bytes: the message is truncated/],
    [[0xc1], /0xc1 is not a type of MessagePack/],
    [[0x01, 0x02], /the value is followed by 1 byte$/],
    [[0x92, 1], /truncated/],
    [[0xdd, 255, 255, 255, 255], /truncated/],
    [[0xdf, 255, 255, 255, 255], /truncated/],
    [[0xdb, 255, 255, 255, 255], /truncated/],
    [[0xc4, 1], /truncated/],
    [[0xc6, 255, 255, 255, 255, 9], /truncated/],
    [[0xc9, 255, 255, 255, 255, 1], /truncated/],
    [[0xcb, 0, 0], /truncated/],
    [[0xcf, 0, 0], /truncated/],
    [[0xd6, 0xff, 0], /truncated/],
    [[0x81, 0xc0, 0x01], /a key is neither a string nor a number/],
    [[0xd4, 0x63, 0], /unknown extension type 99/],
    [[0xd4, 0x09, 0], /1 byte cannot be a whole number of Float64Array/],
    [[0xc7, 0, 34], /Cannot convert 0x to a BigInt/],
    [[0xd4, 34, 0x2d], /Cannot convert 0x to a BigInt/],
    [[0xd4, 34, 0x67], /Cannot convert 0xg to a BigInt/],
    [[0xd4, 0xff, 0], /a timestamp has 4, 8 or 12 bytes, not 1/],
    [[0xc7, 12, 0xff, 0, 0, 0, 0, 127, 255, 0, 0, 0, 0, 0, 0], /timestamp is out of range/],
  ];
  for (const [encoded, message] of damaged) {
    assert.throws(() => msgpack.decode(new Uint8Array(encoded)), { name: "RangeError", message });
  }
});

Deno.test("msgpack rejects headers that claim more than the message, and allocates nothing", () => {
  for (const size of [1000, 1_000_000]) {
    for (const claim of [[0xdd, 0, 15, 66, 63], [0xdd, 255, 255, 255, 255], [0xdc, 255, 255]]) {
      const hostile = new Uint8Array(size);
      for (let index = 0; index < 200; index++) hostile.set(claim, index * claim.length);
      const before = Deno.memoryUsage().heapTotal;
      const start = performance.now();
      assert.throws(() => msgpack.decode(hostile), /truncated/);
      assert.ok(performance.now() - start < 1000);
      assert.ok(Deno.memoryUsage().heapTotal - before < 50_000_000);
    }
  }
});

Deno.test("msgpack rejects each truncation of a message", () => {
  const value = { a: [1, -5, 1.5, 2n ** 70n, "text", "é".repeat(50)], b: new Date(5), c: [null] };
  const whole = new Uint8Array(msgpack.encode({ ...value, d: TYPED_ARRAYS }));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => msgpack.decode(whole.subarray(0, length)), { name: "RangeError" });
  }
});

/** Objects whose names begin alike, and differ later. */
function relatedObject(): fc.Arbitrary<unknown> {
  const name = fc.constantFrom("a", "b", "c", "d", "long name ".repeat(8), "é", "0", "constructor");
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.constantFrom("a", "text"),
      fc.array(tie("object"), { maxLength: 3 }),
      tie("object"),
    ),
    object: fc.uniqueArray(fc.tuple(name, tie("value")), {
      selector: ([key]) => key,
      maxLength: 6,
    }).map((entries) => Object.fromEntries(entries)),
  })).object;
}

Deno.test("msgpack reads objects alike whether their names came before or not", () => {
  assertProperty(
    fc.property(fc.array(relatedObject(), { maxLength: 8 }), (objects) => {
      for (const value of [...objects, ...objects, objects]) {
        assert.deepStrictEqual(roundTrip(msgpack, value), value);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("msgpack reads an object that has come often, with any names", () => {
  const names = [
    "a",
    "two words",
    '"',
    "\\",
    "\u2028",
    "${x}",
    "`",
    "constructor",
    "toString",
    "12",
    "é",
  ];
  const value = Object.fromEntries(names.map((name, index) => [name, index]));
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, index]));
  const encoded = [value, wide, { value, wide }].map((each) =>
    new Uint8Array(msgpack.encode(each))
  );
  for (let time = 0; time < 200; time++) {
    assert.deepStrictEqual(encoded.map((each) => msgpack.decode(each)), [value, wide, {
      value,
      wide,
    }]);
  }
  const twice = bytes(0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2);
  for (let time = 0; time < 200; time++) assert.deepStrictEqual(msgpack.decode(twice), { a: 2 });
  const own = msgpack.decode(encoded[0]) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(own), Object.prototype);
});

Deno.test("msgpack omits what an object inherits", () => {
  const polluted = Object.prototype as Record<string, unknown>;
  polluted["inherited"] = 1;
  try {
    assert.deepEqual([...msgpack.encode({ a: 1 })], [0x81, 0xa1, 0x61, 1]);
  } finally {
    delete polluted["inherited"];
  }
});

Deno.test("msgpack says that a value changed while it was read", () => {
  let calls = 0;
  const value = {
    get fickle() {
      return calls++ === 0 ? () => 1 : 1;
    },
  };
  assert.throws(() => msgpack.encode(value), {
    name: "TypeError",
    message: /changes while it is read/,
  });
});

Deno.test("msgpack keeps no value of a big message once it is read", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;

  const bytes = msgpack.encode(
    Array.from({ length: 5 }, (_, n) => ({ text: `${n}`.repeat(2000), list: [{ n }] })),
  );
  const lists: WeakRef<object>[] = [];
  const read = () => {
    const objects = msgpack.decode(bytes) as { list: object[] }[];
    lists.push(...objects.map(({ list }) => new WeakRef(list)));
  };
  for (let n = 0; n < 3; n++) read();
  // A reference that was made or read in this turn is kept until its end.
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  assert.equal(lists.filter((list) => list.deref() !== undefined).length, 0);
});
