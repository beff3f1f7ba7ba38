// Properties of the codecs: random values, random bytes and damaged messages.

import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveCodec } from "../../../lib/codecs/builtin.ts";
import type { Codec } from "../../../lib/codecs/codec.ts";
import { clone, json, msgpack, raw, roundTrip } from "../../support/codecs.ts";
import { assertProperty } from "../../support/property.ts";

/** Texts of any UTF-16 code units, lone surrogates included. */
function wildText(): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 90 })
    .map((units) => String.fromCharCode(...units));
}

/** Texts that msgpack keeps: without lone surrogates and without a leading byte order mark. */
function plainText(): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", maxLength: 300 })
    .filter((text) => text.isWellFormed() && !text.startsWith("\ufeff") && text !== "__proto__");
}

/** Values that msgpack and clone keep, made of some numbers and texts. */
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

/** Checks that `decode` returns a value or throws an error of the codec. */
function decodesOrThrows(codec: Codec, input: Uint8Array): void {
  try {
    codec.decode(input);
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof TypeError);
    assert.match(error.message, new RegExp(`^${codec.id} cannot decode \\d+ bytes?: .`));
  }
}

for (const codec of [msgpack, json, raw, clone]) {
  Deno.test(`${codec.id} returns a value or throws for random bytes`, () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => decodesOrThrows(codec, input)),
      { numRuns: 2000 },
    );
  });
}

for (const [codec, anyValue] of [[msgpack, MSGPACK_VALUE], [clone, CLONE_VALUE]] as const) {
  Deno.test(`${codec.id} returns a value or throws for messages with changed bytes`, () => {
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

Deno.test("json does not confuse keys with escapes with keys decoded before", () => {
  const { encode, decode } = resolveCodec("json");
  for (const value of [{ x: { y: 1, "\\": 2 } }, { x: { y: 1, '"': 2 } }, { x: { y: 2 ** 60 } }]) {
    assert.deepEqual(decode(encode(value)), value);
  }
});
