// The raw codec: bytes in and out.

import assert from "node:assert/strict";
import { bytes, raw } from "../../support/codecs.ts";

Deno.test("raw encodes bytes without change and decodes a copy", () => {
  const value = bytes(1, 2, 3, 4).subarray(1, 3);
  assert.equal(raw.encode(value), value);
  const scratch = bytes(5, 6, 7);
  const result = raw.decode(scratch.subarray(1)) as Uint8Array;
  scratch.fill(0);
  assert.deepStrictEqual(result, bytes(6, 7));
  assert.equal(result.buffer.byteLength, 2);
});

Deno.test("raw rejects everything except Uint8Array, and names it", () => {
  const rejected: [unknown, string][] = [
    ["text", '"text"'],
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [{}, "an object"],
    [[1], "an array"],
    [new ArrayBuffer(1), "an instance of ArrayBuffer"],
    [new Uint16Array(1), "an instance of Uint16Array"],
  ];
  for (const [value, name] of rejected) {
    assert.throws(() => raw.encode(value), {
      name: "TypeError",
      message: `raw cannot encode ${name}: send a Uint8Array, or use another codec`,
    });
  }
  const detached = new Uint8Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  assert.throws(() => raw.encode(detached), { name: "TypeError", message: /detached/ });
});
