/**
 * Values by stream id, in the order of the ids. Most are added at the end, and many are removed at the
 * begin; both take constant time.
 *
 * @module
 */

import type { StreamId } from "./stream_id.ts";

/** Removed places at which the table begins to look whether it should close the gaps. */
const MIN_GAPS = 16;

/** The values. None of them may be undefined. */
export class IdTable<T> {
  #ids: StreamId[] = [];
  /** The values, with gaps where some were removed. The first place from `#head` on and the last one are none. */
  #values: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  /** The first id, or undefined. */
  get firstId(): StreamId | undefined {
    return this.#ids[this.#head];
  }

  /** The last id, or undefined. */
  get lastId(): StreamId | undefined {
    return this.#ids.at(-1);
  }

  /** The first place whose id is at least one. */
  #placeOf(id: StreamId): number {
    const last = this.#ids.at(-1);
    if (last === undefined || last.compare(id) < 0) return this.#ids.length;
    if (this.#ids[this.#head].compare(id) >= 0) return this.#head;
    let [low, high] = [this.#head, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle].compare(id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of an id, which may be a gap; -1 if there is none. */
  #find(id: StreamId): number {
    const place = this.#placeOf(id);
    return place < this.#ids.length && this.#ids[place].compare(id) === 0 ? place : -1;
  }

  /** The value of an id, or undefined. */
  get(id: StreamId): T | undefined {
    const place = this.#find(id);
    return place === -1 ? undefined : this.#values[place];
  }

  /** Sets the value of an id. */
  set(id: StreamId, value: T): void {
    const place = this.#placeOf(id);
    if (place === this.#ids.length) {
      this.#ids.push(id);
      this.#values.push(value);
      this.#size++;
    } else if (this.#ids[place].compare(id) === 0) {
      if (this.#values[place] === undefined) this.#size++;
      this.#values[place] = value;
    } else {
      this.#ids.splice(place, 0, id);
      this.#values.splice(place, 0, value);
      this.#size++;
    }
  }

  /** Removes the value of an id; undefined if it has none. */
  delete(id: StreamId): T | undefined {
    const place = this.#find(id);
    const value = place === -1 ? undefined : this.#values[place];
    if (value === undefined) return undefined;
    this.#values[place] = undefined;
    this.#size--;
    this.#dropGaps();
    return value;
  }

  /** Keeps the promise about the first place and the last one. */
  #dropGaps(): void {
    while (this.#ids.length > this.#head && this.#values.at(-1) === undefined) {
      this.#ids.pop();
      this.#values.pop();
    }
    while (this.#head < this.#ids.length && this.#values[this.#head] === undefined) this.#head++;
    const gaps = this.#ids.length - this.#size;
    if (this.#size > 0 && (gaps < MIN_GAPS || gaps <= this.#size)) return;
    this.#ids = this.#ids.filter((_, place) => this.#values[place] !== undefined);
    this.#values = this.#values.filter((value) => value !== undefined);
    this.#head = 0;
  }

  /** The values from one id through another one. The table must not change meanwhile. */
  *range(from: StreamId, to: StreamId): Generator<[StreamId, T]> {
    for (let place = this.#placeOf(from); place < this.#ids.length; place++) {
      if (this.#ids[place].compare(to) > 0) return;
      const value = this.#values[place];
      if (value !== undefined) yield [this.#ids[place], value];
    }
  }

  /** The same, the last one first. */
  *reversed(from: StreamId, to: StreamId): Generator<[StreamId, T]> {
    const after = to.next();
    const end = after === undefined ? this.#ids.length : this.#placeOf(after);
    for (let place = end - 1; place >= this.#head; place--) {
      if (this.#ids[place].compare(from) < 0) return;
      const value = this.#values[place];
      if (value !== undefined) yield [this.#ids[place], value];
    }
  }

  /** All values with their ids. */
  *entries(): Generator<[StreamId, T]> {
    for (let place = this.#head; place < this.#ids.length; place++) {
      const value = this.#values[place];
      if (value !== undefined) yield [this.#ids[place], value];
    }
  }
}
