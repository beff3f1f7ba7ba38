/**
 * Checks received messages: each must be one that was sent, complete. A byte of a message that the fuzzer
 * has overwritten in the ring may arrive overwritten, since a payload has no checksum; every other byte
 * must be the sender's.
 *
 * @module
 */

/** Bytes of the smallest message: its id. */
export const MIN_BYTES = 4;

/** The message with an id. Each of its bytes depends on the key, the id and its position. */
export function makeMessage(key: number, id: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = Math.imul(key ^ (id + 1), 0x9e3779b1) | 1;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state >>> 11;
  }
  new DataView(bytes.buffer).setUint32(0, id, true);
  return bytes;
}

/** Keeps what was sent, and what was written over it. */
export class MessageVerifier {
  readonly #key: number;
  readonly #places: number;
  readonly #lengths: number[] = [];
  /** Values that were written over a place of the segment. */
  readonly #overwritten = new Map<number, Set<number>>();

  /**
   * Checks the messages of one key. Each is stored at so many places one after the other: in a ring, and with
   * acknowledgements in a block, once it was returned.
   */
  constructor(key: number, places = 1) {
    this.#key = key;
    this.#places = places;
  }

  /** A new message to send. */
  make(length: number): Uint8Array<ArrayBuffer> {
    const id = this.#lengths.push(length) - 1;
    return makeMessage(this.#key, id, length);
  }

  /** Records the next message, which another process has made. */
  expect(length: number): void {
    this.#lengths.push(length);
  }

  /** Records bytes that were written over a place of messages. */
  overwrite(offset: number, bytes: Uint8Array): void {
    for (const [at, byte] of bytes.entries()) {
      const values = this.#overwritten.get(offset + at);
      if (values) values.add(byte);
      else this.#overwritten.set(offset + at, new Set([byte]));
    }
  }

  /** What is wrong with a received message. Undefined if nothing is. */
  problemWith(bytes: Uint8Array): string | undefined {
    if (bytes.length >= MIN_BYTES) {
      const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (this.#lengths[id] === bytes.length && this.#isMessage(bytes, id)) return undefined;
    }
    for (const [id, length] of this.#lengths.entries()) {
      if (length === bytes.length && this.#isMessage(bytes, id)) return undefined;
    }
    return `${bytes.length} bytes arrived that were never a message: ${
      bytes.subarray(0, 48).toHex()
    }`;
  }

  /** True if all bytes are the message's, except those that were overwritten where it was stored. */
  #isMessage(bytes: Uint8Array, id: number): boolean {
    const sent = makeMessage(this.#key, id, bytes.length);
    const changed = bytes.keys().filter((at) => bytes[at] !== sent[at]).toArray();
    return this.#isExplained(bytes, changed, this.#places);
  }

  /** True if these bytes are what was written over at most `places` places of the message. */
  #isExplained(bytes: Uint8Array, changed: readonly number[], places: number): boolean {
    if (changed.length === 0) return true;
    if (places === 0) return false;
    const [first] = changed;
    for (const [place, values] of this.#overwritten) {
      if (!values.has(bytes[first])) continue;
      const begin = place - first;
      const left = changed.filter((at) => !this.#overwritten.get(begin + at)?.has(bytes[at]));
      if (this.#isExplained(bytes, left, places - 1)) return true;
    }
    return false;
  }
}
