/**
 * Words that commands are made of. There are few of each kind, so that commands meet.
 *
 * @module
 */

import fc from "fast-check";

const pick = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

/** Keys. */
export const key = pick("a", "b", "c", "d", "e\xff", "{h}1");
/** Fields of hashes. */
export const field = pick("f1", "f2", "f3", "42", "", "f\x00");
/** Members of sets. */
export const member = pick("m1", "m2", "m3", "1", "2", "-7", "");
/** Small whole numbers. */
export const small = pick("0", "1", "2", "3", "5", "-1", "-2", "-3", "10", "-10");
/** Whole numbers, some of which are none. */
export const integer = fc.oneof(
  { weight: 6, arbitrary: small },
  {
    weight: 2,
    arbitrary: pick("100", "9223372036854775807", "-9223372036854775808", "9223372036854775806"),
  },
  {
    weight: 1,
    arbitrary: pick("", "x", "1.5", "+1", " 1", "01", "9223372036854775808", "1e3", "-0"),
  },
);
/** Numbers, some of which are none. */
export const float = fc.oneof(
  {
    weight: 6,
    arbitrary: pick("0", "1", "1.5", "-2.25", "3.1", "0.1", "1e3", "1.5e-3", "-0.001", "100000.7"),
  },
  {
    weight: 1,
    arbitrary: pick("", "x", "1.5x", "nan", "inf", "-inf", "+inf", " 1", "1e400", ".5"),
  },
);
/** Values. */
export const value = fc.oneof(
  { weight: 4, arbitrary: pick("v", "hello", "", "x".repeat(70), "\xff\x00\xfe\r\n", "abcabc") },
  { weight: 3, arbitrary: integer },
  { weight: 1, arbitrary: float },
);
/** Times to live in seconds that no run reaches, or that have passed. */
export const seconds = pick(
  "1000",
  "2000",
  "3000",
  "100000",
  "-1",
  "0",
  "x",
  "9223372036854775807",
);
/** Times of the Unix epoch in seconds. */
export const epochSeconds = pick("4000000000", "5000000000", "1", "0", "-1", "x");
/** The same in milliseconds. */
export const epochMs = pick("4000000000000", "5000000000000", "1", "0", "-1", "x");
/** Patterns of keys. */
export const pattern = pick(
  "*",
  "a*",
  "?",
  "[ab]",
  "[^a]",
  "m?",
  "f*",
  "\\a",
  "*1",
  "{h}*",
  "[a-c]",
);
/** Words that do not belong. */
export const junk = pick("", "x", "0", "-1", "NX", "LIMIT", "COUNT", "1.5", "\xff", "MATCH");
