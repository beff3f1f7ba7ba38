// Checks of the values of options, and their errors.

import assert from "node:assert/strict";
import {
  anyValue,
  checkTimeout,
  directoryPath,
  instanceOf,
  nullable,
  object,
  objectWith,
  oneOf,
  positiveMs,
  seconds,
  wholeNumber,
} from "../../../lib/base/option_checks.ts";
import type { OptionCheck } from "../../../lib/base/option_rules.ts";

function accepts<V>(check: OptionCheck<V>, ...values: V[]): void {
  for (const value of values) assert.equal(check("x", value), value);
}

function rejects<V>(check: OptionCheck<V>, message: RegExp, ...values: unknown[]): void {
  for (const value of values) {
    const isMisuse = (error: unknown) =>
      (error instanceof TypeError || error instanceof RangeError) && message.test(error.message);
    assert.throws(() => check("x", value), isMisuse);
  }
}

Deno.test("a timeout is a finite number, at least 0; the default is no limit", () => {
  assert.equal(checkTimeout(undefined), Infinity);
  assert.equal(checkTimeout({}), Infinity);
  assert.equal(checkTimeout({ timeoutMs: undefined }), Infinity);
  assert.equal(checkTimeout({ timeoutMs: 0 }), 0);
  assert.equal(checkTimeout({ timeoutMs: 0.5 }), 0.5);
  for (const timeoutMs of [-1, -0.001, NaN, Infinity, -Infinity, "1", null, 1n]) {
    assert.throws(() => checkTimeout({ timeoutMs: timeoutMs as number }), {
      name: "RangeError",
      message: /timeoutMs must be a finite number of milliseconds, at least 0, not /,
    });
  }
});

Deno.test("numbers are accepted within their limits", () => {
  accepts(positiveMs, 0.5, 1);
  rejects(positiveMs, /^x must be a finite number of milliseconds, more than 0, not /, 0, -1, "1");
  accepts(wholeNumber(1, 3), 1, 2, 3);
  rejects(wholeNumber(1, 3), /^x must be a whole number from 1 to 3, not /, 0, 4, 1.5, "2", 2n);
  accepts(seconds(5000), 0.001, 5);
  rejects(seconds(5000), /^x must be a number of seconds from 0\.001 to 5, not /, 0, 6, "1", null);
});

Deno.test("strings are accepted from a list, and as paths", () => {
  accepts(oneOf("a", "b"), "a", "b");
  rejects(oneOf("a", "b"), /^x must be "a" or "b", not "c"$/, "c");
  rejects(oneOf("a", "b", "c"), /^x must be one of "a", "b", "c", not null$/, null);
  accepts(directoryPath, "/tmp", ".");
  rejects(directoryPath, /^x must be the path of a directory, not /, "", "a\0b", 5, null);
});

Deno.test("objects are accepted by their methods, their class, or as they are", () => {
  const clock = { now: () => 0 };
  accepts(objectWith<typeof clock>("now"), clock);
  rejects(objectWith<typeof clock>("now"), /^x must be an object with now\(\), not /, {}, null, 5);
  accepts(instanceOf(() => Map), new Map());
  rejects(instanceOf(() => Map), /^x must be a Map, not /, {}, null);
  rejects(instanceOf(() => AbortSignal), /^x must be an AbortSignal, not Object$/, {});
  accepts<object>(object, {}, Object.create(null), new (class Data {})());
  rejects(object, /^x must be an object, not /, [], null, "x", new Map(), new Date(), () => {});
});

Deno.test("null and any value are accepted where they are allowed", () => {
  accepts(nullable(wholeNumber(1)), null, 1);
  rejects(nullable(wholeNumber(1)), /^x must be a whole number, at least 1, not 0$/, 0);
  accepts<unknown>(anyValue, null, Symbol("any"), 5n);
});
