import assert from "node:assert/strict";
import { BufferWords, copyWords } from "../../../lib/channel/copy.ts";

Deno.test("a buffer's words are kept from its second use in a row", () => {
  const words = new BufferWords();
  const bytes = new Uint8Array(16);
  assert.equal(words.of(bytes, 16), undefined);
  assert.equal(words.of(bytes, 16)?.buffer, bytes.buffer);
  assert.equal(words.of(new Uint8Array(16), 16), undefined);
  assert.equal(words.of(bytes, 16), undefined);
});

Deno.test("two views of one buffer are not mistaken for each other", () => {
  const words = new BufferWords();
  const { buffer } = new Uint8Array(32);
  const [low, high] = [new Uint8Array(buffer, 0, 16), new Uint8Array(buffer, 16, 16)];
  words.of(low, 16);
  assert.equal(words.of(low, 16)?.byteOffset, 0);
  assert.equal(words.of(high, 16), undefined);
  assert.equal(words.of(high, 16)?.byteOffset, 16);
});

Deno.test("bytes that are no whole words, or not aligned, have none", () => {
  const words = new BufferWords();
  const bytes = new Uint8Array(16);
  const crooked = new Uint8Array(new ArrayBuffer(16), 1, 8);
  for (let round = 0; round < 3; round++) assert.equal(words.of(bytes, 7), undefined);
  for (let round = 0; round < 3; round++) assert.equal(words.of(crooked, 8), undefined);
});

Deno.test("a shorter message uses the words of a longer one, and a longer one gets more", () => {
  const words = new BufferWords();
  const bytes = new Uint8Array(64);
  words.of(bytes, 8);
  assert.equal(words.of(bytes, 8)?.length, 2);
  assert.equal(words.of(bytes, 64)?.length, 16);
  assert.equal(words.of(bytes, 4)?.length, 16);
});

Deno.test("a buffer that shrinks and grows has the words that are there", () => {
  const words = new BufferWords();
  const buffer = new ArrayBuffer(32, { maxByteLength: 64 });
  const bytes = new Uint8Array(buffer);
  words.of(bytes, 32);
  assert.equal(words.of(bytes, 32)?.length, 8);
  buffer.resize(8);
  assert.equal(words.of(bytes, bytes.length)?.length, 2);
  buffer.resize(64);
  assert.equal(words.of(bytes, bytes.length)?.length, 16);
});

Deno.test("words are copied from and to their places, and no further", () => {
  const target = new Int32Array(6);
  copyWords(Int32Array.of(1, 2, 3, 4), 1, target, 2, 2);
  assert.deepEqual([...target], [0, 0, 2, 3, 0, 0]);
});
