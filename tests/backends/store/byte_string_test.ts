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
  for (const length of [0, 1, 7, 8, 9, 12, 13, 63, 64, 65, 100, 4095, 4096, 4097, 9000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.deepEqual(latin1Bytes(readLatin1(bytes)), bytes);
    const text = "a".repeat(length);
    assert.equal(readLatin1(latin1Bytes(text)), text);
    assert.equal(readLatin1(latin1Bytes(`${text}\xff`)), `${text}\xff`);
  }
});

/** Bytes at the limits of what UTF-8 allows. */
const nearUtf8 = fc.array(
  fc.constantFrom(
    0x41,
    0xc0,
    0xc3,
    0xe0,
    0xe2,
    0xed,
    0xf0,
    0xf4,
    0xf5,
    0x80,
    0x8f,
    0x90,
    0xa0,
    0xbf,
  ),
  { maxLength: 6 },
);

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

Deno.test("bytes beyond UTF-8 are found, and no others", () => {
  assertProperty(fc.property(nearUtf8, (bytes) => {
    const text = textOfBytes(String.fromCharCode(...bytes));
    const expected = decoded(Uint8Array.from(bytes));
    if (expected === undefined) assert.match(text, /[\udc80-\udcff]/);
    else assert.equal(text, expected);
  }));
});

Deno.test("many bytes beyond UTF-8 are read at once", () => {
  assert.equal(textOfBytes("\xff".repeat(1_000_000)), "\udcff".repeat(1_000_000));
});
