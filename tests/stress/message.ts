/**
 * Messages that identify their sender and prove to be complete: stream, sequence, length, a check over
 * these, and a payload of which every word is derived from them.
 *
 * @module
 */

import { Random } from "../support/random.ts";

const HEADER_WORDS = 5;
/** Bytes of the smallest message. */
export const MIN_BYTES = HEADER_WORDS * 4;
const COMMITTED = 0x54524f4b;
const ABORTED = 0x54524f21;
const LARGE_BYTES = 192 * 1024;
const HUGE_BYTES = 1024 * 1024;

/** The identity of a message. */
export interface Label {
  stream: number;
  sequence: number;
}

/** The size of a message: mostly small, sometimes larger than the ring. */
export function sizeOf({ stream, sequence }: Label, capacityBytes: number): number {
  const random = new Random(stream, sequence);
  const most = random.weighted({
    [String(64)]: 500,
    [String(1024)]: 320,
    [String(Math.min(capacityBytes / 2, 16_384))]: 150,
    [String(Math.min(capacityBytes * 2, LARGE_BYTES))]: 28,
    [String(HUGE_BYTES)]: 2,
  });
  return random.between(MIN_BYTES, Number(most));
}

/** Writes a message over all of `target`. */
export function fill(target: Uint8Array, label: Label): void {
  write(target, label, COMMITTED);
}

/** Writes a message that no process may receive. */
export function fillAborted(target: Uint8Array, label: Label): void {
  write(target, label, ABORTED);
}

/** Makes a message. */
export function make(label: Label, capacityBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(label, capacityBytes));
  fill(bytes, label);
  return bytes;
}

function write(target: Uint8Array, { stream, sequence }: Label, kind: number): void {
  const words = wordsOf(target);
  words[0] = kind;
  words[1] = stream;
  words[2] = sequence;
  words[3] = target.length;
  const key = keyOf({ stream, sequence }, target.length);
  words[4] = key;
  for (let i = HEADER_WORDS; i < words.length; i++) words[i] = wordAt(key, i);
  for (let i = words.length * 4; i < target.length; i++) target[i] = key + i;
}

function keyOf({ stream, sequence }: Label, length: number): number {
  return new Random(stream, sequence, length).word() | 0;
}

function wordAt(key: number, index: number): number {
  return Math.imul(key + index, 0x9e3779b1);
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

/**
 * Reads a message and checks every byte of it.
 *
 * @throws {Error} if it is torn, was never committed, or has the wrong size
 */
export function verify(bytes: Uint8Array, capacityBytes: number): Label {
  const fail = (what: string) =>
    new Error(`${what}: ${bytes.length} bytes, ${[...wordsOf(bytes).subarray(0, 8)]}`);
  if (bytes.length < MIN_BYTES) throw fail("a message is shorter than the shortest one");
  const words = wordsOf(bytes);
  const label = { stream: words[1], sequence: words[2] };
  const key = keyOf(label, bytes.length);
  if (words[0] === ABORTED) throw fail("an aborted loan was delivered");
  if (words[0] !== COMMITTED || words[3] !== bytes.length || words[4] !== key) {
    throw fail("a message is torn at its beginning");
  }
  if (bytes.length !== sizeOf(label, capacityBytes)) throw fail("a message has the wrong size");
  for (let i = HEADER_WORDS; i < words.length; i++) {
    if (words[i] !== wordAt(key, i)) throw fail(`a message is torn at word ${i}`);
  }
  for (let i = words.length * 4; i < bytes.length; i++) {
    if (bytes[i] !== ((key + i) & 0xff)) throw fail(`a message is torn at byte ${i}`);
  }
  return label;
}
