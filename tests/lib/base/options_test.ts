// Options that several calls share, and values in error messages.

import assert from "node:assert/strict";
import { checkTimeout, formatValue } from "../../../lib/base/options.ts";

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

Deno.test("values of different types look different in errors", () => {
  assert.equal(formatValue("5"), '"5"');
  assert.equal(formatValue(5n), "5n");
  assert.equal(formatValue(5), "5");
  assert.equal(formatValue(null), "null");
  assert.equal(formatValue(undefined), "undefined");
  assert.equal(formatValue(new Map()), "Map");
  assert.equal(formatValue(Object.create(null)), "an object");
});
