/**
 * Messages of one priority in one topic, sorted by id and thus by the time in the id.
 *
 * @module
 */

import type { StoredMessage } from "./stored_message.ts";

/** Empty slots at the front before they are removed in bulk. */
const MAX_HOLE = 1024;

/** A sorted run. Adding at the end and removing at the front are the usual cases, and cheap. */
export class Run {
  #items: (StoredMessage | undefined)[] = [];
  /** Index of the first message. */
  #start = 0;

  get first(): StoredMessage | undefined {
    return this.#items[this.#start];
  }

  /** True if a message with this id or a larger one is in it. Most ids are larger than all before. */
  reaches(id: bigint): boolean {
    return this.#start < this.#items.length && this.#items[this.#items.length - 1]!.id >= id;
  }

  add(message: StoredMessage): void {
    const at = this.#firstWhere((other) => other.id > message.id);
    if (at === this.#items.length) this.#items.push(message);
    else this.#items.splice(at, 0, message);
  }

  remove(message: StoredMessage): void {
    if (message === this.first) return this.#removeFirst();
    // Several messages may have one id, each in a namespace of its own.
    const at = this.#firstWhere((other) =>
      other.id > message.id || other.id === message.id && other.order >= message.order
    );
    this.#items.splice(at, 1);
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

  /** At most `limit` messages, from the first that meets a condition. */
  from(condition: (message: StoredMessage) => boolean, limit: number): StoredMessage[] {
    const start = this.#firstWhere(condition);
    return this.#items.slice(start, start + limit) as StoredMessage[];
  }

  /** All messages. */
  all(): StoredMessage[] {
    return this.#items.slice(this.#start) as StoredMessage[];
  }

  /** Index of the first message that meets a condition; all after it must meet it too. */
  #firstWhere(condition: (message: StoredMessage) => boolean): number {
    let low = this.#start;
    let high = this.#items.length;
    // Most searches are for the end.
    if (low < high && !condition(this.#items[high - 1]!)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (condition(this.#items[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
