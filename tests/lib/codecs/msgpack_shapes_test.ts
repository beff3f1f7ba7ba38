// Objects of like shapes, one after the other: what the msgpack codec remembers of earlier messages changes
// neither what it reads nor what it writes. A reader and a writer without a past, and another implementation,
// say what is right.

import assert from "node:assert/strict";
import { decode as referenceDecode, encode as referenceEncode } from "@msgpack/msgpack";
import fc from "fast-check";
import { MessagePackReader } from "../../../lib/codecs/msgpack_reader.ts";
import { MessagePackWriter } from "../../../lib/codecs/msgpack_writer.ts";
import { decodeSurrogates } from "../../../lib/codecs/surrogates.ts";
import { msgpack } from "../../support/codecs.ts";
import { assertProperty } from "../../support/property.ts";

type Entry = readonly [key: string, value: unknown];

/** Names that begin alike, differ in one byte, have each length around a limit, or mean something elsewhere. */
const NAMES = ["", "0", "1", "12", "-1", "01", "constructor", "toString", "hasOwnProperty"]
  .concat("é", "è", "é\0", "漢", "😀", "\0", "a", "a\0", "ab", "abc", "abd", "abcd", "abce")
  .concat("abcdefg", "abcdefh", "abcdefgh", "abcdefgi", "Abcdefgh", "abcdefgh\0", "abcdefghi")
  .concat([30, 31, 32, 61, 62, 63, 64, 65, 66].flatMap((length) => {
    const name = "n".repeat(length - 1);
    return [`${name}a`, `${name}b`, `a${name}`];
  }));

/** More bytes than the reader copies. */
const FILLER = "x".repeat(5000);

function anyValue(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom(null, true, false, 1.5, 0.1, 2 ** 40, -(2 ** 40), 2 ** 31, -(2 ** 31)),
    fc.integer({ min: -200, max: 300 }),
    fc.integer(),
    fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => text.isWellFormed()),
    fc.array(fc.constantFrom(1, "x", null, 2.5, "text", {}), { maxLength: 20 }),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.nat(300)), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries)),
    fc.constantFrom({ x: 1, y: { z: [{ x: 1 }, { x: "1" }] } }, new Date(1500)),
  );
}

function anyEntry(): fc.Arbitrary<Entry> {
  return fc.tuple(fc.constantFrom(...NAMES), anyValue());
}

/** The entries of some objects that are related to the first one. */
function relatedEntries(): fc.Arbitrary<Entry[][]> {
  return fc.tuple(
    fc.array(anyEntry(), { maxLength: 20 }),
    fc.array(anyValue(), { minLength: 3, maxLength: 3 }),
    anyEntry(),
    fc.nat(),
  ).map(([entries, values, other, place]) => {
    const at = place % (entries.length + 1);
    return [
      entries,
      entries.map(([key], index): Entry => [key, values[index % 3]]),
      [...entries, other],
      entries.toSpliced(at, 0, other),
      entries.toSpliced(at, 1),
      entries.toSpliced(at, 1, other),
      entries.slice(0, at),
      entries.toReversed(),
      [...entries.slice(at), ...entries.slice(0, at)],
      [...entries, ...entries.slice(0, at)],
    ];
  });
}

function bytesOf(value: unknown): Uint8Array {
  return new Uint8Array(msgpack.encode(value));
}

/** A map of these entries in this order, where a key may come twice. */
function mapOf(entries: readonly Entry[]): Uint8Array {
  const parts = entries.flatMap(([key, value]) => [bytesOf(key), bytesOf(value)]);
  const header = entries.length < 16 ? [0x80 | entries.length] : [0xde, 0, entries.length];
  return Uint8Array.from([...header, ...parts.flatMap((part) => [...part])]);
}

/** The message in an array, with so much before or behind it that it is not copied. */
function enlarged(message: Uint8Array): Uint8Array[] {
  const filler = bytesOf(FILLER);
  return [
    Uint8Array.from([0x92, ...filler, ...message]),
    Uint8Array.from([0x92, ...message, ...filler]),
  ];
}

/** A value, or the message of the error, with all that equality of values does not say. */
function outcome(reader: MessagePackReader, message: Uint8Array): unknown {
  try {
    const value = reader.read(message);
    return { value, order: JSON.stringify(value), prototype: prototypeOf(value) };
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof SyntaxError);
    return { error: error.message };
  }
}

function prototypeOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
}

function sameOutcome(reader: MessagePackReader, message: Uint8Array): void {
  assert.deepStrictEqual(outcome(reader, message), outcome(new MessagePackReader(), message));
}

const OPTIONS = { ignoreUndefined: true };

Deno.test("msgpack reads objects of related shapes as others do, keys in order, large or small", () => {
  const reader = new MessagePackReader();
  assertProperty(
    fc.property(relatedEntries(), (shapes) => {
      const messages = shapes.map(mapOf);
      for (const message of [...messages, ...messages]) {
        const value = reader.read(message);
        const expected = referenceDecode(message);
        assert.deepStrictEqual(value, expected);
        assert.equal(JSON.stringify(value), JSON.stringify(expected));
        assert.equal(prototypeOf(value), Object.prototype);
        sameOutcome(reader, message);
        for (const large of enlarged(message)) sameOutcome(reader, large);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("msgpack reads no part of an earlier message when a message is cut off", () => {
  const reader = new MessagePackReader();
  assertProperty(
    fc.property(relatedEntries(), (shapes) => {
      const message = mapOf(shapes[2]);
      for (let length = 0; length < Math.min(message.length, 400); length++) {
        reader.read(message);
        const cut = message.subarray(0, length);
        assert.throws(() => reader.read(cut), RangeError);
        sameOutcome(reader, cut);
      }
      const [before, behind] = enlarged(message);
      for (let cut = 1; cut < Math.min(message.length, 100); cut++) {
        reader.read(before);
        sameOutcome(reader, before.subarray(0, -cut));
        sameOutcome(reader, behind.subarray(0, -cut));
      }
    }),
    { numRuns: 15 },
  );
});

Deno.test("msgpack reads objects with changed bytes alike, whatever came before", () => {
  const reader = new MessagePackReader();
  const change = fc.tuple(fc.nat(), fc.nat(0xff));
  assertProperty(
    fc.property(relatedEntries(), fc.array(change, { maxLength: 40 }), (shapes, changes) => {
      for (const shape of shapes) {
        const message = mapOf(shape);
        reader.read(message);
        for (const [at, to] of changes) sameOutcome(reader, message.with(at % message.length, to));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("msgpack refuses __proto__ at any place of objects that came often", () => {
  const reader = new MessagePackReader();
  const entries: Entry[] = [["a", 1], ["__proto_", 2], ["__proto___", 3], ["constructor", 4]];
  const message = mapOf(entries);
  for (let time = 0; time < 100; time++) reader.read(message);
  for (let at = 0; at <= entries.length; at++) {
    const hostile = mapOf(entries.toSpliced(at, 0, ["__proto__", { x: 1 }]));
    for (let time = 0; time < 3; time++) {
      assert.throws(() => reader.read(hostile), /the key "__proto__" is not allowed/);
    }
  }
  assert.deepEqual(Object.entries(reader.read(message) as object), entries);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("msgpack writes objects of related shapes as others do, whatever came before", () => {
  const writer = new MessagePackWriter();
  assertProperty(
    fc.property(relatedEntries(), (shapes) => {
      const values = shapes.map((entries) => Object.fromEntries(entries));
      for (const value of [...values, ...values, { values }, { values, FILLER }]) {
        const written = new Uint8Array(writer.write(value));
        assert.deepEqual(written, new Uint8Array(new MessagePackWriter().write(value)));
        assert.deepEqual(written, referenceEncode(value, OPTIONS));
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("msgpack writes the same wherever its buffer grows", () => {
  const longest = "n".repeat(62);
  const last = { a: "n".repeat(31), [longest]: 0.5, n: 2 ** 40, x: [1, {}], y: 0.5 };
  for (let length = 3800; length < 4110; length++) {
    const value = [new Array(length).fill(1), last];
    const writer = new MessagePackWriter();
    for (const each of [value, [last], value]) {
      assert.deepStrictEqual(referenceDecode(writer.write(each)), each);
    }
    const named = new MessagePackWriter();
    named.write([last]);
    assert.deepStrictEqual(referenceDecode(named.write(value)), value);
  }
});

Deno.test("msgpack writes a message as long as the last one into a buffer that grew", () => {
  const writer = new MessagePackWriter();
  const { length } = writer.write(new Array(1500).fill(1));
  const text = "x".repeat(1500);
  const written = writer.write(text);
  assert.equal(written.length, length);
  assert.equal(referenceDecode(written), text);
});

Deno.test("msgpack reads and writes more shapes than are remembered", () => {
  const reader = new MessagePackReader();
  const writer = new MessagePackWriter();
  for (let index = 0; index < 3000; index++) {
    const inner = { [`inner ${index}`]: index, [`${index}`]: { x: [{ [`z${index}`]: 1 }] } };
    const value = { kind: index, [`outer ${index}`]: inner, last: null };
    const written = new Uint8Array(writer.write(value));
    assert.deepStrictEqual(reader.read(written), value);
    assert.deepStrictEqual(referenceDecode(written), value);
  }
});

/** Texts of each size: whole characters, their first and last bytes, and what is none. */
function* byteTexts(): Generator<number[]> {
  const trails = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  const leads = [0x61, 0x7f, 0x80, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef]
    .concat(0xf0, 0xf1, 0xf4, 0xf5, 0xff);
  for (const lead of leads) {
    yield [lead];
    for (const second of trails) {
      yield [lead, second];
      yield [0x61, lead, second, 0x62];
      for (const third of trails) {
        yield [lead, second, third];
        yield [lead, second, third, 0x80];
        if (lead >= 0xf0) yield [lead, second, third, 0x7f];
      }
    }
  }
}

Deno.test("msgpack reads short texts as the decoder of UTF-8 does", () => {
  const reader = new MessagePackReader();
  const check = (content: number[]) => {
    const text = reader.read(Uint8Array.from([0xd9, content.length, ...content]));
    assert.equal(text, decodeSurrogates(Uint8Array.from(content)));
  };
  for (const content of byteTexts()) check(content);
  for (let length = 0; length < 70; length++) check([..."x".repeat(length)].map(() => 0x78));
  const piece = fc.oneof(
    fc.integer({ min: 0, max: 0x7f }).map((code) => [code]),
    fc.integer({ min: 0, max: 0x10ffff }).map((code) => [...characterBytes(code)]),
  );
  assertProperty(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.option(fc.tuple(fc.nat(), fc.nat(0xff))),
      (pieces, change) => {
        const content = pieces.flat();
        if (change !== null && content.length > 0) content[change[0] % content.length] = change[1];
        check(content);
      },
    ),
    { numRuns: 1000 },
  );
});

/** A character in UTF-8; a lone surrogate in three bytes, as the codec writes it. */
function characterBytes(code: number): Uint8Array {
  const text = String.fromCodePoint(code);
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  return Uint8Array.of(0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f);
}
