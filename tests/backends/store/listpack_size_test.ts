// Bytes of elements in the packed form of Redis.

import assert from "node:assert/strict";
import { countSize, numberSize, textSize } from "../../../backends/store/listpack_size.ts";

/** Whole numbers with the bytes of their content; one byte more says how long that is. */
const NUMBERS: readonly (readonly [value: bigint, bytes: number])[] = [
  ...[0n, 127n].map((value) => [value, 1] as const),
  ...[-1n, 128n, 4095n, -4096n].map((value) => [value, 2] as const),
  ...[4096n, -4097n, 32_767n, -32_768n].map((value) => [value, 3] as const),
  ...[32_768n, -32_769n, 2n ** 23n - 1n, -(2n ** 23n)].map((value) => [value, 4] as const),
  ...[2n ** 23n, -(2n ** 23n) - 1n, 2n ** 31n - 1n, -(2n ** 31n)].map((v) => [v, 5] as const),
  ...[2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)].map((v) => [v, 9] as const),
];

Deno.test("whole numbers of 64 bits take the bytes of their size, as texts as well", () => {
  for (const [value, bytes] of NUMBERS) {
    assert.deepEqual([value, numberSize(value)], [value, bytes + 1]);
    assert.deepEqual([value, textSize(String(value))], [value, bytes + 1]);
    if (value >= 0n && value < 2n ** 31n) assert.equal(countSize(Number(value)), bytes + 1);
  }
});

Deno.test("other texts take their length, and bytes for it", () => {
  for (const text of ["", "01", "-0", "1.5", String(2n ** 63n), "x".repeat(62)]) {
    assert.deepEqual([text, textSize(text)], [text, text.length + 2]);
  }
});
