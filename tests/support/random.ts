/**
 * Random numbers from a seed, so that what failed once can be run again.
 *
 * @module
 */

/** A stream of random numbers; the same seeds give the same stream. */
export class Random {
  readonly #state: Uint32Array<ArrayBuffer>;

  /** Starts the stream that belongs to all seeds together. */
  constructor(...seeds: number[]) {
    this.#state = new Uint32Array([0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]);
    for (const seed of seeds) {
      this.#state[0] ^= seed;
      this.#state[1] ^= Math.floor(seed / 2 ** 32);
      for (let round = 0; round < 12; round++) this.word();
    }
  }

  /** 32 bits, by Chris Doty-Humphrey's "small fast counting" generator. */
  word(): number {
    const state = this.#state;
    const sum = (state[0] + state[1] + state[3]++) >>> 0;
    state[0] = state[1] ^ (state[1] >>> 9);
    state[1] = state[2] + (state[2] << 3);
    state[2] = ((state[2] << 21) | (state[2] >>> 11)) + sum;
    return sum;
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** A whole number from `from` to `to`. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.word() / 2 ** 32 < share;
  }

  /** One of the keys, as often as its weight demands. */
  weighted<K extends string>(weights: Record<K, number>): K {
    const keys = Object.keys(weights) as K[];
    let left = this.below(keys.reduce((sum, key) => sum + weights[key], 0));
    return keys.find((key) => (left -= weights[key]) < 0)!;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** A length: mostly small, at times almost `limit`. */
  length(limit: number): number {
    return Math.floor(limit ** (this.word() / 2 ** 32));
  }

  /** So many bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
