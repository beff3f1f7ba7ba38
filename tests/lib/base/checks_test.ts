// Checks of numbers, durations and texts, and their errors.

import assert from "node:assert/strict";
import {
  checkInteger,
  checkNoMore,
  checkSeconds,
  checkText,
  isTtl,
  MAX_TTL_SECONDS,
} from "../../../lib/base/checks.ts";

const RULES = { maxLength: 100, forbidden: /\0/, forbiddenName: "NUL" };

Deno.test("checkInteger returns whole numbers within its limits", () => {
  for (const value of [1, 2, 10]) assert.equal(checkInteger("n", value, 1, 10), value);
  assert.equal(checkInteger("n", 0, 0), 0);
});

Deno.test("checkInteger names the argument, its limits and the value", () => {
  for (const value of [0, 11, 1.5, NaN, Infinity, "5", null, undefined, 2 ** 60]) {
    assert.throws(() => checkInteger("n", value as number, 1, 10), {
      name: "RangeError",
      message: `n must be a whole number from 1 to 10, not ${
        typeof value === "string" ? JSON.stringify(value) : value
      }`,
    });
  }
  assert.throws(() => checkInteger("n", -1, 0), { message: /whole number, at least 0, not -1$/ });
});

Deno.test("checkSeconds returns milliseconds", () => {
  assert.equal(checkSeconds("ttl", 1.5), 1500);
  assert.equal(checkSeconds("ttl", 0.001), 1);
  assert.equal(checkSeconds("ttl", 2, 2000), 2000);
});

Deno.test("checkSeconds names the argument, its limits and the value", () => {
  for (const value of [0, -1, 0.0001, NaN, Infinity, "1", null, 3]) {
    assert.throws(() => checkSeconds("ttl", value as number, 2000), {
      name: "RangeError",
      message: /^ttl must be a number of seconds from 0\.001 to 2, not /,
    });
  }
});

Deno.test("isTtl is true for numbers of more than 0, up to 100 years", () => {
  for (const value of [1, 0.001, Number.MIN_VALUE, MAX_TTL_SECONDS]) {
    assert.equal(isTtl(value), true);
  }
  for (
    const value of [
      0,
      -1,
      NaN,
      Infinity,
      MAX_TTL_SECONDS + 1,
      Number.MAX_VALUE,
      "1",
      null,
      undefined,
      1n,
    ]
  ) {
    assert.equal(isTtl(value), false);
  }
});

Deno.test("checkText returns texts that follow the rules", () => {
  for (const text of ["a", "ä\n", "x".repeat(100)]) {
    assert.equal(checkText("name", text, RULES), text);
  }
});

Deno.test("checkText names the argument, its rules and the value, which it shortens", () => {
  for (const value of ["", "\0", "\ud800", 5, null, "x".repeat(101)]) {
    assert.throws(() => checkText("name", value as string, RULES), {
      name: "TypeError",
      message: /^name must be well-formed text of 1 to 100 characters without NUL, not /,
    });
  }
  assert.throws(() => checkText("name", "x".repeat(181), RULES), {
    message: /x{80}" and 101 more characters$/,
  });
});

Deno.test("an argument too many is rejected, with the call to use instead", () => {
  checkNoMore("send()", [1], 1);
  checkNoMore("send()", [1, undefined], 1);
  assert.throws(() => checkNoMore("send()", [1, { timeoutMs: 5 }], 1, "sendSync()"), {
    name: "TypeError",
    message: "send() does not take the further argument { timeoutMs }: omit it, or call sendSync()",
  });
  assert.throws(() => checkNoMore("drain()", [1, 50], 1), /further argument 50: omit it$/);
});
