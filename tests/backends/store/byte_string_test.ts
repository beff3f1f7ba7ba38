// Texts as byte strings, and back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOfText, textOfBytes } from "../../../backends/store/byte_string.ts";
import { latin1Bytes, readLatin1 } from "../../../backends/store/latin1.ts";
import { assertProperty } from "../../support/property.ts";

const byteStrings = fc.uint8Array({ maxLength: 100 }).map((bytes) => readLatin1(bytes));

Deno.test("a text is stored as its UTF-8", () => {
  assertProperty(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.deepEqual(latin1Bytes(bytesOfText(text)), new TextEncoder().encode(text));
    assert.equal(textOfBytes(bytesOfText(text)), text);
  }));
});

Deno.test("any bytes have a text, which is these bytes again", () => {
  assertProperty(fc.property(byteStrings, (bytes) => {
    assert.equal(bytesOfText(textOfBytes(bytes)), bytes);
  }));
  assert.equal(textOfBytes("a\xff\xc3\xa9\xe2\x82"), "a\udcffé\udce2\udc82");
});

Deno.test("bytes of every length are read and written", () => {
  for (const length of [0, 1, 15, 16, 17, 100, 5000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.deepEqual(latin1Bytes(readLatin1(bytes)), bytes);
  }
});
