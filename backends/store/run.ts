/**
 * Messages of one priority in one topic, sorted by id, and so by the time in the id.
 *
 * @module
 */

import type { StoredMessage } from "./stored_message.ts";

/** Space at the front that is given back in bulk. */
const MAX_HOLE = 1024;

/** A sorted run. Adding at its end and removing at its front, the usual cases, cost next to nothing. */
export class Run {
  #items: (StoredMessage | undefined)[] = [];
  /** Where the first message is; before it there is none. */
  #start = 0;

  get first(): StoredMessage | undefined {
    return this.#items[this.#start];
  }

  add(message: StoredMessage): void {
    const at = this.#firstWhere((other) => other.id > message.id);
    if (at === this.#items.length) this.#items.push(message);
    else this.#items.splice(at, 0, message);
  }

  remove(message: StoredMessage): void {
    let at = this.#firstWhere((other) => other.id >= message.id);
    // Of one id there may be several, of a namespace each.
    while (this.#items[at] !== message) at++;
    if (at !== this.#start) this.#items.splice(at, 1);
    else this.#removeFirst();
  }

  #removeFirst(): void {
    this.#items[this.#start++] = undefined;
    if (this.#start < MAX_HOLE && this.#start < this.#items.length) return;
    if (this.#start * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  /** A message with this id. */
  find(id: bigint): StoredMessage | undefined {
    const found = this.#items[this.#firstWhere((other) => other.id >= id)];
    return found?.id === id ? found : undefined;
  }

  /** The messages from the first that fulfils a condition on, at most `limit`. */
  from(condition: (message: StoredMessage) => boolean, limit: number): StoredMessage[] {
    const start = this.#firstWhere(condition);
    return this.#items.slice(start, start + limit) as StoredMessage[];
  }

  /** All messages. */
  all(): StoredMessage[] {
    return this.#items.slice(this.#start) as StoredMessage[];
  }

  /** Place of the first message that fulfils a condition, which all after it fulfil as well. */
  #firstWhere(condition: (message: StoredMessage) => boolean): number {
    let low = this.#start;
    let high = this.#items.length;
    // Mostly it is asked for the end.
    if (low < high && !condition(this.#items[high - 1]!)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (condition(this.#items[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
