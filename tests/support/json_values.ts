/**
 * Random JSON with integers of every size, ids, and messages made of them.
 *
 * @module
 */

import fc from "fast-check";
import type { JsonObject } from "../../mod.ts";

/** Message ids over the whole 64 bits. */
export const ids: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** Integers that no number holds exactly. */
const bigIntegers = fc.oneof(
  ids.filter((id) => id > BigInt(Number.MAX_SAFE_INTEGER)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
  fc.bigInt({ min: -(2n ** 200n), max: -(2n ** 53n) }),
);

const keys = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "toString", "id", "1", "", '"', "\\", 'a\\"'),
);

/** Any JSON value as the API has it: bigints wherever a number would lose digits. */
export const jsonValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    bigIntegers,
    fc.constantFrom(null, true, false, "", "9737962806006804483", '"9737962806006804483', "\ud800"),
    fc.maxSafeInteger().map((value) => value === 0 ? 0 : value),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) =>
      !Object.is(value, -0) && Number.isSafeInteger(value) === Number.isInteger(value)
    ),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(keys, tie("value")), { maxLength: 4 }).map(Object.fromEntries),
})).value;

/** Any JSON object. */
export const jsonObjects: fc.Arbitrary<JsonObject> = fc.array(fc.tuple(keys, jsonValues), {
  maxLength: 4,
}).map(Object.fromEntries);
