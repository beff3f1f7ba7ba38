/**
 * A list: elements in an order, which both ends give and take.
 *
 * @module
 */

import type { Collection } from "./collection.ts";
import { ENTRY_BYTES } from "./memory_quota.ts";

/** Places of an empty list. The number of places is always a power of 2. */
const MIN_PLACES = 4;
/** Most bytes of a list in the packed form of Redis. */
const MAX_PACKED_BYTES = 8192;
/** What an element needs in that form besides its bytes. */
const PACKED_OVERHEAD = 2;

/** An end of a list: the left one is its head. */
export type ListEnd = "left" | "right";

/** The elements of a key, in a buffer whose last place is followed by its first one. */
export class ListValue implements Collection {
  bytes = 0;
  #places: (string | undefined)[] = new Array(MIN_PLACES);
  /** Place of the first element. */
  #head = 0;
  #size = 0;

  constructor(elements: Iterable<string> = []) {
    for (const element of elements) this.push("right", element);
  }

  /** Number of elements. */
  get size(): number {
    return this.#size;
  }

  get entries(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get encoding(): string {
    const packedBytes = this.bytes - this.#size * (ENTRY_BYTES - PACKED_OVERHEAD);
    return packedBytes <= MAX_PACKED_BYTES ? "listpack" : "quicklist";
  }

  clone(): this {
    return new ListValue(this.values()) as this;
  }

  /** The elements, the first one first. */
  *values(): Generator<string> {
    for (let index = 0; index < this.#size; index++) yield this.at(index)!;
  }

  /** The element at an index, or undefined. */
  at(index: number): string | undefined {
    return index < this.#size ? this.#places[this.#placeOf(index)] : undefined;
  }

  #placeOf(index: number): number {
    return (this.#head + index) & (this.#places.length - 1);
  }

  /** Adds an element at an end. */
  push(end: ListEnd, element: string): void {
    if (this.#size === this.#places.length) this.#resize(this.#size * 2);
    if (end === "left") this.#head = this.#placeOf(-1);
    this.#places[end === "left" ? this.#head : this.#placeOf(this.#size)] = element;
    this.#size++;
    this.bytes += element.length + ENTRY_BYTES;
  }

  /** Removes the element at an end, of which there must be one. */
  pop(end: ListEnd): string {
    const place = end === "left" ? this.#head : this.#placeOf(this.#size - 1);
    const element = this.#places[place]!;
    this.#places[place] = undefined;
    if (end === "left") this.#head = this.#placeOf(1);
    this.#size--;
    this.bytes -= element.length + ENTRY_BYTES;
    if (this.#places.length > MIN_PLACES && this.#size * 4 <= this.#places.length) {
      this.#resize(this.#places.length / 2);
    }
    return element;
  }

  #resize(length: number): void {
    const elements: (string | undefined)[] = this.slice(0, this.#size);
    elements.length = length;
    this.#places = elements;
    this.#head = 0;
  }

  /** Replaces the element at an index, which must exist. */
  set(index: number, element: string): void {
    const place = this.#placeOf(index);
    this.bytes += element.length - this.#places[place]!.length;
    this.#places[place] = element;
  }

  /** Inserts an element before an index: those after it move. */
  insert(index: number, element: string): void {
    this.push("right", element);
    for (let at = this.#size - 1; at > index; at--) {
      this.#places[this.#placeOf(at)] = this.#places[this.#placeOf(at - 1)];
    }
    this.#places[this.#placeOf(index)] = element;
  }

  /** The index of the first element with these bytes; -1 if there is none. */
  indexOf(element: string): number {
    for (let index = 0; index < this.#size; index++) {
      if (this.at(index) === element) return index;
    }
    return -1;
  }

  /** The elements from one index up to another one, which is not among them. */
  slice(start: number, end: number): string[] {
    const elements: string[] = [];
    for (let index = start; index < end; index++) elements.push(this.at(index)!);
    return elements;
  }

  /** Removes all elements but those from one index up to another one. */
  keep(start: number, end: number): void {
    while (this.#size > Math.max(end, 0)) this.pop("right");
    for (let left = Math.min(start, this.#size); left > 0; left--) this.pop("left");
  }

  /** Removes equal elements, at most `most`, and begins at an end; returns their number. */
  removeEqual(element: string, most: number, from: ListEnd): number {
    const kept: string[] = [];
    let removed = 0;
    for (let i = 0; i < this.#size; i++) {
      const each = this.at(from === "left" ? i : this.#size - 1 - i)!;
      if (removed < most && each === element) removed++;
      else kept.push(each);
    }
    if (removed > 0) this.#replace(from === "left" ? kept : kept.reverse());
    return removed;
  }

  #replace(elements: readonly string[]): void {
    this.#places = new Array(MIN_PLACES);
    this.#head = this.#size = this.bytes = 0;
    for (const element of elements) this.push("right", element);
  }
}
