/**
 * Sums of the first numbers of an array, each in a time by the logarithm of its length: a Fenwick tree.
 *
 * @module
 */

/** The sums of an array whose numbers change. */
export class PrefixSums {
  /** At place `i`, the sum of as many numbers as the lowest bit of `i` says, up to number `i - 1`. */
  readonly #sums: Float64Array;
  /** The largest power of 2 that is no larger than the number of numbers. */
  readonly #top: number;

  constructor(numbers: readonly number[]) {
    const { length } = numbers;
    const sums = this.#sums = new Float64Array(length + 1);
    this.#top = length === 0 ? 0 : 2 ** Math.floor(Math.log2(length));
    for (let place = 1; place <= length; place++) {
      sums[place] += numbers[place - 1];
      const parent = place + (place & -place);
      if (parent <= length) sums[parent] += sums[place];
    }
  }

  /** Adds to the number at an index. */
  add(index: number, change: number): void {
    for (let place = index + 1; place < this.#sums.length; place += place & -place) {
      this.#sums[place] += change;
    }
  }

  /** The sum of the numbers before an index. */
  before(index: number): number {
    let sum = 0;
    for (let place = index; place > 0; place -= place & -place) sum += this.#sums[place];
    return sum;
  }

  /** The first index up to which the sum exceeds a value, and what is left of the value before it. */
  find(value: number): { index: number; rest: number } {
    let [index, rest] = [0, value];
    for (let step = this.#top; step > 0; step >>>= 1) {
      const next = index + step;
      if (next >= this.#sums.length || this.#sums[next] > rest) continue;
      index = next;
      rest -= this.#sums[next];
    }
    return { index, rest };
  }
}
