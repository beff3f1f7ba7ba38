// Values in error messages.

import assert from "node:assert/strict";
import { formatValue } from "../../../lib/base/options.ts";

Deno.test("values of different types look different in errors", () => {
  assert.equal(formatValue("5"), '"5"');
  assert.equal(formatValue(5n), "5n");
  assert.equal(formatValue(5), "5");
  assert.equal(formatValue(null), "null");
  assert.equal(formatValue(undefined), "undefined");
  assert.equal(formatValue(() => {}), "a function");
  assert.equal(formatValue(parseInt), "function parseInt");
  assert.equal(formatValue(new Map()), "Map");
  assert.equal(formatValue(Object.create(null)), "an object");
});
