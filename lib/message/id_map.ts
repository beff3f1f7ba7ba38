/**
 * A map from message ids, which others choose.
 *
 * The engine hashes a bigint by its value, with no secret: a client that chooses ids fills one bucket of a `Map`,
 * and each call walks through all of it. This map permutes the 64 bits of an id by tables of random
 * numbers first, so that no other process knows which ids share a bucket.
 *
 * @module
 */

const BYTE_VALUES = 256;
const HALF_BYTES = 4;
/** One table for each byte of both halves. */
const TABLES: Uint32Array = crypto.getRandomValues(
  new Uint32Array(2 * HALF_BYTES * BYTE_VALUES),
);

const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);

/** Permutes ids: two rounds of a Feistel network, each with four random tables. */
function permuted(id: bigint): bigint {
  whole[0] = id;
  halves[0] ^= mixed(halves[1], 0);
  halves[1] ^= mixed(halves[0], HALF_BYTES * BYTE_VALUES);
  return whole[0];
}

function mixed(half: number, at: number): number {
  return TABLES[at + (half & 0xff)] ^ TABLES[at + 0x100 + (half >>> 8 & 0xff)] ^
    TABLES[at + 0x200 + (half >>> 16 & 0xff)] ^ TABLES[at + 0x300 + (half >>> 24)];
}

/** Values by message id. */
export class IdMap<V> {
  readonly #items = new Map<bigint, V>();

  /** Number of ids. */
  get size(): number {
    return this.#items.size;
  }

  /** The value of an id, or undefined. */
  get(id: bigint): V | undefined {
    return this.#items.get(permuted(id));
  }

  /** Sets the value of an id. */
  set(id: bigint, value: V): void {
    this.#items.set(permuted(id), value);
  }

  /** Sets the value of an id that has none, and returns undefined; or returns the value that it has. */
  getOrSet(id: bigint, value: V): V | undefined {
    const key = permuted(id);
    const found = this.#items.get(key);
    if (found === undefined) this.#items.set(key, value);
    return found;
  }

  /** Removes an id. */
  delete(id: bigint): void {
    this.#items.delete(permuted(id));
  }
}
