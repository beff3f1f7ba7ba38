import assert from "node:assert/strict";
import {
  BufferWords,
  copyAligned,
  copyMessage,
  OwnMemory,
  WORDWISE_BYTES,
} from "../../../lib/channel/copy.ts";

Deno.test("a buffer's words are kept from its second use in a row", () => {
  const words = new BufferWords();
  const bytes = new Uint8Array(16);
  assert.equal(words.has(bytes, 16), false);
  assert.equal(words.has(bytes, 16), true);
  assert.equal(words.words64.buffer, bytes.buffer);
  assert.equal(words.has(new Uint8Array(16), 16), false);
  assert.equal(words.has(bytes, 16), false);
});

Deno.test("two views of one buffer are not mistaken for each other", () => {
  const words = new BufferWords();
  const { buffer } = new Uint8Array(32);
  const [low, high] = [new Uint8Array(buffer, 0, 16), new Uint8Array(buffer, 16, 16)];
  words.has(low, 16);
  assert.equal(words.has(low, 16), true);
  assert.equal(words.words64.byteOffset, 0);
  assert.equal(words.has(high, 16), false);
  assert.equal(words.has(high, 16), true);
  assert.equal(words.words64.byteOffset, 16);
});

Deno.test("bytes that are not aligned, or too many, have no words", () => {
  const words = new BufferWords();
  const unaligned = new Uint8Array(new ArrayBuffer(32), 4, 16);
  for (let round = 0; round < 3; round++) assert.equal(words.has(unaligned, 16), false);
  const long = new Uint8Array(WORDWISE_BYTES + 8);
  for (let round = 0; round < 3; round++) assert.equal(words.has(long, long.length), false);
});

Deno.test("a shorter message uses the words of a longer one, and a longer one gets more", () => {
  const words = new BufferWords();
  const bytes = new Uint8Array(64);
  words.has(bytes, 8);
  for (const [length, expected] of [[8, 1], [64, 8], [4, 8], [15, 8]]) {
    assert.equal(words.has(bytes, length), true);
    assert.equal(words.words64.length, expected);
  }
});

Deno.test("a buffer that shrinks and grows has the words that are there", () => {
  const words = new BufferWords();
  const buffer = new ArrayBuffer(32, { maxByteLength: 64 });
  const bytes = new Uint8Array(buffer);
  words.has(bytes, 32);
  for (const size of [32, 8, 64]) {
    buffer.resize(size);
    assert.equal(words.has(bytes, bytes.length), true);
    assert.equal(words.words64.length, size / 8);
  }
});

Deno.test("bytes of any length are copied to their place, and no further", () => {
  const from = new OwnMemory(WORDWISE_BYTES + 16);
  from.bytes.forEach((_, i) => from.bytes[i] = i + 1);
  for (let length = 0; length <= WORDWISE_BYTES; length++) {
    const to = new OwnMemory(WORDWISE_BYTES + 32);
    copyAligned(from, 8, to, 16, length);
    const expected = new Uint8Array(WORDWISE_BYTES + 32);
    expected.set(from.bytes.subarray(8, 8 + length), 16);
    assert.deepEqual(to.bytes, expected);
  }
});

Deno.test("every pattern of bits arrives as it was, also after the copy is compiled", () => {
  // Signalling NaNs of 64 and of 32 bits, which a copy of floats may change.
  const patterns = [0x7ff0000000000001n, -0x000fffffffffffffn, 0x7fa000017fa00001n, -1n, 0n];
  const from = new OwnMemory(64);
  const to = new OwnMemory(64);
  for (let round = 0; round < 20_000; round++) {
    from.words64.fill(patterns[round % patterns.length]);
    copyMessage(from, 0, to, 0, 64);
    assert.equal(to.words64[round & 7], patterns[round % patterns.length]);
  }
});

Deno.test("messages of any length and alignment are copied whole", () => {
  const from = new OwnMemory(1024);
  crypto.getRandomValues(from.bytes);
  for (const offset of [0, 4, 8, 12]) {
    for (const length of [0, 1, 3, 4, 7, 8, 9, 63, 64, 65, 255, 256, 257, 500]) {
      const to = new OwnMemory(1024);
      copyMessage(from, offset, to, 8, length);
      assert.deepEqual(
        to.bytes.subarray(8, 8 + length),
        from.bytes.subarray(offset, offset + length),
      );
    }
  }
});
