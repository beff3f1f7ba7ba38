// Values that tests send.

export { sleep } from "../../../lib/base/sleep.ts";

/** `count` numbers from `from` on. */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Bytes that identify their message and their offset in it. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const step = 1 + (seed % 7);
  for (let i = 0; i < length; i++) bytes[i] = seed + i * step;
  return bytes;
}

/** A buffer with packed messages, and their lengths. */
export function packed(messages: readonly Uint8Array[]): [Uint8Array, number[]] {
  const lengths = messages.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return [bytes, lengths];
}

/** True if both hold the same bytes; far faster than a deep comparison. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && indexOfDifference(a, b) < 0;
}

function indexOfDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
