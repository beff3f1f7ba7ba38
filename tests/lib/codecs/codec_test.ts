import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { decode as referenceDecode, encode as referenceEncode } from "@msgpack/msgpack";
import fc from "fast-check";
import { type CodecName, resolveCodec } from "../../../lib/codecs/builtin.ts";
import type { Codec } from "../../../lib/codecs/codec.ts";
import { assertProperty } from "../../support/property.ts";

const msgpack = resolveCodec("msgpack");
const json = resolveCodec("json");
const raw = resolveCodec("raw");
const clone = resolveCodec("clone");

function roundTrip(codec: Codec, value: unknown): unknown {
  const bytes = new Uint8Array(codec.encode(value));
  const result = codec.decode(bytes);
  // A result that aliased its input would be damaged by this.
  bytes.fill(0x55);
  return result;
}

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

const TYPED_ARRAYS: readonly ArrayBufferView[] = [
  new Int8Array([-128, 0, 127]),
  new Uint8Array([0, 1, 255]),
  new Uint8ClampedArray([0, 255]),
  new Int16Array([-32768, 32767]),
  new Uint16Array([0, 65535]),
  new Int32Array([-(2 ** 31), 2 ** 31 - 1]),
  new Uint32Array([0, 2 ** 32 - 1]),
  new Float16Array([1.5, -0, NaN, Infinity]),
  new Float32Array([1.5, -0, NaN, -Infinity]),
  new Float64Array([Math.PI, -0, NaN, Number.MIN_VALUE]),
  new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]),
  new BigUint64Array([0n, 2n ** 64n - 1n]),
];

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

// ---------------------------------------------------------------------------------------------
// resolveCodec

Deno.test("resolveCodec gives msgpack by default and the built-in codecs by name", () => {
  assert.equal(resolveCodec(undefined), msgpack);
  for (const name of ["msgpack", "json", "raw", "clone"] as const) {
    assert.equal(resolveCodec(name).id, name);
  }
});

Deno.test("resolveCodec returns a custom codec and a resolved built-in codec as they are", () => {
  const custom: Codec = { id: "my.codec-1_x", encode: () => bytes(), decode: () => 1 };
  assert.equal(resolveCodec(custom), custom);
  assert.equal(resolveCodec(json), json);
});

Deno.test("resolveCodec names an unknown codec", () => {
  for (const name of ["cbor", "", "constructor", "__proto__"]) {
    assert.throws(() => resolveCodec(name as CodecName), {
      name: "TypeError",
      message: new RegExp(`unknown codec "${name}".*"msgpack", "json", "raw", "clone"`),
    });
  }
  assert.throws(() => resolveCodec(7 as never), { name: "TypeError", message: /got 7$/ });
  assert.throws(() => resolveCodec(null as never), { name: "TypeError", message: /got null$/ });
});

Deno.test("resolveCodec refuses malformed and reserved ids", () => {
  const encode = () => bytes();
  const decode = () => 1;
  for (const id of ["", "a b", "é", "x".repeat(32), "a/b", "a\n", 5, undefined]) {
    assert.throws(() => resolveCodec({ id, encode, decode } as Codec), {
      name: "TypeError",
      message: /codec\.id must be 1 to 31 characters/,
    });
  }
  resolveCodec({ id: "x".repeat(31), encode, decode });
  assert.throws(() => resolveCodec({ id: "json", encode, decode }), {
    name: "TypeError",
    message: /codec\.id "json" belongs to a built-in codec/,
  });
});

Deno.test("resolveCodec refuses objects without encode or decode", () => {
  const encode = () => bytes();
  assert.throws(() => resolveCodec({ id: "x" } as Codec), {
    name: "TypeError",
    message: 'encode of codec "x" must be a function, got undefined',
  });
  assert.throws(() => resolveCodec({ id: "x", encode, decode: 3 } as never), {
    name: "TypeError",
    message: 'decode of codec "x" must be a function, got 3',
  });
});

// ---------------------------------------------------------------------------------------------
// msgpack

Deno.test("msgpack keeps primitives exactly, but -0", () => {
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

Deno.test("msgpack keeps lone surrogates of short strings and replaces those of long ones", () => {
  for (const unit of ["\ud800", "\udc00"]) {
    assert.equal(roundTrip(msgpack, unit.repeat(50)), unit.repeat(50));
    assert.equal(roundTrip(msgpack, `${unit}${"x".repeat(50)}`), `\ufffd${"x".repeat(50)}`);
  }
});

Deno.test("msgpack keeps a byte order mark, but at the start of more than 200 bytes", () => {
  for (const text of ["\ufeffa", `\ufeff${"a".repeat(197)}`, `a\ufeff${"a".repeat(300)}`]) {
    assert.equal(roundTrip(msgpack, text), text);
  }
  assert.equal(roundTrip(msgpack, `\ufeff${"a".repeat(198)}`), "a".repeat(198));
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

Deno.test("msgpack gives subclasses of typed arrays as their built-in base", () => {
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

Deno.test("msgpack leaves out undefined properties and symbol keys, as JSON does", () => {
  const value = { a: undefined, b: 1, [Symbol("s")]: 2, c: [undefined, , 3] };
  assert.deepStrictEqual(roundTrip(msgpack, value), { b: 1, c: [null, null, 3] });
  for (const size of [16, 17, 70_000]) {
    const sparse: Record<string, unknown> = { last: 1 };
    for (let index = 0; index < size; index++) sparse[`k${index}`] = undefined;
    assert.deepStrictEqual(roundTrip(msgpack, sparse), { last: 1 });
  }
});

Deno.test("msgpack takes objects without a prototype and of another realm", () => {
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
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  }
});

Deno.test("msgpack refuses a __proto__ key in both directions", () => {
  const value = JSON.parse('{"a":[{"__proto__":{"polluted":1}}]}');
  assert.throws(() => msgpack.encode(value), {
    name: "TypeError",
    message: "msgpack cannot encode an object at $.a[0]: its key __proto__ is not allowed",
  });
  assert.throws(() => msgpack.decode(referenceEncode(value)), {
    name: "RangeError",
    message: /key __proto__ is not allowed/,
  });
});

Deno.test("msgpack refuses what it cannot keep, and says where it is", () => {
  class Point {
    x = 1;
  }
  const refused: [unknown, RegExp][] = [
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
  for (const [value, message] of refused) {
    assert.throws(() => msgpack.encode({ a: [0, value] }), { name: "TypeError", message });
  }
  assert.throws(() => msgpack.encode(undefined), { name: "TypeError", message: /undefined/ });
  assert.throws(() => msgpack.encode({ "odd key": { f() {} } }), {
    message: 'msgpack cannot encode function f at $["odd key"].f: send only data',
  });
});

Deno.test("msgpack refuses detached buffers", () => {
  const array = new Float32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  for (const value of [array, array.buffer]) {
    assert.throws(() => msgpack.encode({ value }), { name: "TypeError", message: /detached/ });
  }
});

Deno.test("msgpack and json refuse cycles quickly, and say where they close", () => {
  const cyclic: Record<string, unknown> = { filler: "x".repeat(10_000), list: [{}] };
  (cyclic.list as Record<string, unknown>[])[0].back = cyclic;
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
  wide.self = wide;
  const buffered = msgpack.encode(0).buffer.byteLength;
  assert.throws(() => msgpack.encode(wide), /\$\.self is \$ itself/);
  assert.equal(msgpack.encode(0).buffer.byteLength, buffered);
  const bush: unknown[] = [];
  for (let index = 0; index < 1000; index++) bush.push(bush);
  assert.throws(() => msgpack.encode(bush), /cannot encode a cycle: \$\[0\] is \$ itself/);
});

Deno.test("msgpack and json take 512 levels and refuse more", () => {
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

Deno.test("msgpack works on after an error, and passes on the errors of getters", () => {
  const failing = {
    get x() {
      throw new SyntaxError("mine");
    },
  };
  assert.throws(() => msgpack.encode({ a: failing }), { name: "SyntaxError", message: "mine" });
  assert.throws(() => msgpack.decode(bytes(0x92, 1)));
  assert.deepStrictEqual(roundTrip(msgpack, { a: [1] }), { a: [1] });
});

Deno.test("msgpack reuses one buffer and gives up a huge one", () => {
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

Deno.test("msgpack reads every standard form but binary, for which it has extensions", () => {
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
    [[0xd7, 0xff, 0, 0, 0, 0, 0, 0, 0, 1], new Date(1000)],
    [[0xd7, 0xff, 0x77, 0x35, 0x94, 0x01, 0, 0, 0, 0], new Date(4294967296_500)],
  ];
  for (const [encoded, value] of forms) {
    assert.deepStrictEqual(msgpack.decode(new Uint8Array(encoded)), value);
  }
});

Deno.test("msgpack refuses damaged messages with an error that says why", () => {
  const damaged: [number[], RegExp][] = [
    [[], /msgpack cannot decode 0 bytes: the message is truncated/],
    [[0xc1], /Unrecognized type byte: 0xc1/],
    [[0x01, 0x02], /Extra 1 of 2 byte/],
    [[0x92, 1], /truncated/],
    [[0xdd, 255, 255, 255, 255], /truncated/],
    [[0xdf, 255, 255, 255, 255], /truncated/],
    [[0xdb, 255, 255, 255, 255], /truncated/],
    [[0xc4, 0], /binary data must be an extension/],
    [[0x91, 0xc6, 0, 0, 0, 1, 9], /binary data must be an extension/],
    [[0xc9, 255, 255, 255, 255, 1], /truncated/],
    [[0xcb, 0, 0], /truncated/],
    [[0xcf, 0, 0], /truncated/],
    [[0xd6, 0xff, 0], /truncated/],
    [[0x81, 0xc0, 0x01], /type of key must be string or number/],
    [[0xd4, 0x63, 0], /unknown extension type 99/],
    [[0xd4, 0x09, 0], /1 bytes are not a whole number of Float64Array/],
    [[0xc7, 0, 34], /Cannot convert 0x to a BigInt/],
    [[0xd4, 34, 0x2d], /Cannot convert 0x to a BigInt/],
    [[0xd4, 34, 0x67], /Cannot convert 0xg to a BigInt/],
    [[0xd4, 0xff, 0], /Unrecognized data size for timestamp/],
    [[0xc7, 12, 0xff, 0, 0, 0, 0, 127, 255, 0, 0, 0, 0, 0, 0], /timestamp is out of range/],
  ];
  for (const [encoded, message] of damaged) {
    assert.throws(() => msgpack.decode(new Uint8Array(encoded)), { name: "RangeError", message });
  }
});

Deno.test("msgpack refuses headers that claim more than the message, and allocates nothing", () => {
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

Deno.test("msgpack refuses each truncation of a message", () => {
  const value = { a: [1, -5, 1.5, 2n ** 70n, "text", "é".repeat(50)], b: new Date(5), c: [null] };
  const whole = new Uint8Array(msgpack.encode({ ...value, d: TYPED_ARRAYS }));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => msgpack.decode(whole.subarray(0, length)), { name: "RangeError" });
  }
});

// ---------------------------------------------------------------------------------------------
// json

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

Deno.test("json refuses what it would drop or empty, and says where it is", () => {
  const refused: [unknown, RegExp][] = [
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
  for (const [value, message] of refused) {
    assert.throws(() => json.encode({ a: [0, value] }), { name: "TypeError", message });
    assert.throws(() => json.encode(value), { name: "TypeError" });
  }
  assert.throws(() => json.encode(undefined), {
    name: "TypeError",
    message: "json cannot encode undefined",
  });
});

Deno.test("json names the offender beside an object with toJSON", () => {
  const decoy = { f: () => 1, toJSON: () => "decoy" };
  assert.deepStrictEqual(roundTrip(json, { decoy }), { decoy: "decoy" });
  assert.throws(() => json.encode({ decoy, real: new Map() }), /at \$\.real/);
});

Deno.test("json refuses damaged messages", () => {
  for (const text of ["", "{", "[1,]", "nope", "\ufeff1"]) {
    assert.throws(() => json.decode(new TextEncoder().encode(text)), {
      name: "TypeError",
      message: /^json cannot decode \d+ bytes: /,
    });
  }
  assert.throws(() => json.decode(bytes(0x22, 0xff, 0x22)), { name: "TypeError" });
});

// ---------------------------------------------------------------------------------------------
// raw

Deno.test("raw takes bytes as they are and gives a copy", () => {
  const value = bytes(1, 2, 3, 4).subarray(1, 3);
  assert.equal(raw.encode(value), value);
  const scratch = bytes(5, 6, 7);
  const result = raw.decode(scratch.subarray(1)) as Uint8Array;
  scratch.fill(0);
  assert.deepStrictEqual(result, bytes(6, 7));
  assert.equal(result.buffer.byteLength, 2);
});

Deno.test("raw refuses everything but Uint8Array, and names it", () => {
  const refused: [unknown, string][] = [
    ["text", '"text"'],
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [{}, "an object"],
    [[1], "an array"],
    [new ArrayBuffer(1), "an instance of ArrayBuffer"],
    [new Uint16Array(1), "an instance of Uint16Array"],
  ];
  for (const [value, name] of refused) {
    assert.throws(() => raw.encode(value), {
      name: "TypeError",
      message: `raw cannot encode ${name}: send a Uint8Array, or use another codec`,
    });
  }
  const detached = new Uint8Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  assert.throws(() => raw.encode(detached), { name: "TypeError", message: /detached/ });
});

// ---------------------------------------------------------------------------------------------
// clone

Deno.test("clone keeps what structured clone keeps", () => {
  const values: unknown[] = [
    new Map<unknown, unknown>([[1, { a: 2 }], [{ key: 1 }, new Set([1])]]),
    new Set([1, "2", new Set()]),
    new Date(5),
    new Date(NaN),
    2n ** 200n,
    -(2n ** 70n),
    /a.b/gi,
    [1, , 3],
    [undefined, null, NaN, -0, Infinity],
    { a: undefined },
    new ArrayBuffer(5),
    Object(5),
    "é😀\ud800",
    undefined,
    ...TYPED_ARRAYS,
  ];
  for (const value of values) {
    assert.deepStrictEqual(roundTrip(clone, value), value);
    assert.deepStrictEqual(roundTrip(clone, { list: [value] }), { list: [value] });
  }
});

Deno.test("clone keeps errors with their type, message, stack and cause", () => {
  const error = new TypeError("boo", { cause: new RangeError("why") });
  const result = roundTrip(clone, error) as TypeError;
  assert.ok(result instanceof TypeError);
  assert.equal(result.message, "boo");
  assert.equal(result.stack, error.stack);
  assert.ok(result.cause instanceof RangeError);
});

Deno.test("clone keeps cycles and shared objects", () => {
  const shared = { x: 1 };
  const samples = new Float32Array(2);
  const value: Record<string, unknown> = { a: shared, b: shared, c: samples, d: samples };
  value.self = value;
  const result = roundTrip(clone, value) as Record<string, unknown>;
  assert.equal(result.self, result);
  assert.equal(result.a, result.b);
  assert.equal(result.c, result.d);
});

Deno.test("clone sends a view without the rest of its buffer", () => {
  const part = new Float64Array(100_000).subarray(10, 12);
  assert.ok(clone.encode({ part }).length < 100);
  const result = roundTrip(clone, { part }) as { part: Float64Array };
  assert.equal(result.part.buffer.byteLength, 16);
  const [view] = roundTrip(clone, [new DataView(bytes(1, 2, 3).buffer, 1)]) as [DataView];
  assert.deepEqual([view.byteLength, view.getUint8(0)], [2, 2]);
});

Deno.test("clone refuses what it cannot keep, and says where it is", () => {
  const refused = [() => 1, Symbol("s"), new WeakMap(), Promise.resolve(1), new Blob(["x"])]
    .concat(new URL("http://localhost/") as never, new SharedArrayBuffer(1) as never);
  for (const value of refused) {
    assert.throws(() => clone.encode({ a: new Map([["k", value]]) }), {
      name: "TypeError",
      message: /^clone cannot encode .* at \$\.a\[0\]\[1\]: /,
    });
  }
  const detached = new Uint8Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  assert.throws(() => clone.encode({ detached }), { name: "TypeError", message: /detached/ });
  assert.throws(() => clone.encode(nested(500_000)), {
    name: "RangeError",
    message: /nested too deep/,
  });
});

Deno.test("clone refuses damaged messages", () => {
  const whole = new Uint8Array(clone.encode({ a: [1, "text"], b: new Float32Array(3) }));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => clone.decode(whole.slice(0, length)), {
      name: "RangeError",
      message: /^clone cannot decode \d+ bytes: /,
    });
  }
});

const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

// The worker's source is data, so its import of a file needs the permission.
Deno.test("clone works in a worker", { ignore: !canRead }, async () => {
  const source = `
    import { resolveCodec } from ${
    JSON.stringify(import.meta.resolve("../../../lib/codecs/builtin.ts"))
  };
    const codec = resolveCodec("clone");
    const result = codec.decode(new Uint8Array(codec.encode(new Map([["k", new Set([1n])]]))));
    postMessage(result.get("k").has(1n));
  `;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  try {
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    assert.equal(answer, true);
  } finally {
    worker.terminate();
  }
});

// ---------------------------------------------------------------------------------------------
// properties

/** Any UTF-16 units, lone surrogates included. */
function wildText(): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 90 })
    .map((units) => String.fromCharCode(...units));
}

/** What msgpack keeps: see its tests for lone surrogates and byte order marks. */
function plainText(): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", maxLength: 300 })
    .filter((text) => text.isWellFormed() && !text.startsWith("\ufeff") && text !== "__proto__");
}

/** What each implementation of MessagePack agrees on. */
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

/** What both msgpack and clone keep, given the numbers and texts. */
function richValue(
  number: fc.Arbitrary<number>,
  text: fc.Arbitrary<string>,
): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constant(null),
      fc.boolean(),
      number,
      fc.integer(),
      fc.maxSafeInteger(),
      fc.bigInt(),
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
      text,
      fc.date({ noInvalidDate: true }),
      typedArray(),
      fc.array(tie("value"), { maxLength: 20 }),
      fc.dictionary(text, tie("value"), { maxKeys: 20, noNullPrototype: true }),
    ),
  })).value;
}

const MSGPACK_VALUE = richValue(fc.double().map((value) => value === 0 ? 0 : value), plainText());
const CLONE_VALUE = richValue(fc.double(), wildText());

function typedArray(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.int8Array(),
    fc.uint8Array(),
    fc.uint8ClampedArray(),
    fc.int16Array(),
    fc.uint16Array(),
    fc.int32Array(),
    fc.uint32Array(),
    fc.float32Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
    fc.bigUint64Array(),
    fc.float32Array().map((values) => new Float16Array(values)),
  );
}

for (const [codec, anyValue] of [[msgpack, MSGPACK_VALUE], [clone, CLONE_VALUE]] as const) {
  Deno.test(`${codec.id} round-trips any tree of data`, () => {
    assertProperty(
      fc.property(anyValue, (value) => {
        assert.deepStrictEqual(roundTrip(codec, value), value);
      }),
      { numRuns: 500 },
    );
  });
}

/** Either gives a value or throws an `Error` of the codec. */
function decodesOrThrows(codec: Codec, input: Uint8Array): void {
  try {
    codec.decode(input);
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof TypeError);
    assert.match(error.message, new RegExp(`^${codec.id} cannot decode \\d+ bytes: .`));
  }
}

for (const codec of [msgpack, json, raw, clone]) {
  Deno.test(`${codec.id} gives a value or an error for random bytes`, () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => decodesOrThrows(codec, input)),
      { numRuns: 2000 },
    );
  });
}

for (const [codec, anyValue] of [[msgpack, MSGPACK_VALUE], [clone, CLONE_VALUE]] as const) {
  Deno.test(`${codec.id} gives a value or an error for messages with changed bytes`, () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) });
    assertProperty(
      fc.property(
        anyValue,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (value, changes) => {
          const input = new Uint8Array(codec.encode(value));
          for (const { at, to } of changes) input[at % input.length] = to;
          decodesOrThrows(codec, input);
        },
      ),
      { numRuns: 2000 },
    );
  });
}

Deno.test("json keeps keys with escapes apart, whatever was decoded before", () => {
  const { encode, decode } = resolveCodec("json");
  for (const value of [{ x: { y: 1, "\\": 2 } }, { x: { y: 1, '"': 2 } }, { x: { y: 2 ** 60 } }]) {
    assert.deepEqual(decode(encode(value)), value);
  }
});
