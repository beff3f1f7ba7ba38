/**
 * All messages of a store in the order in which they came: the first is evicted first.
 *
 * @module
 */

import type { StoredMessage } from "./stored_message.ts";

/** A list through the messages themselves. */
export class InsertionOrder {
  #first: StoredMessage | undefined = undefined;
  #last: StoredMessage | undefined = undefined;

  /** The one that came first. */
  get first(): StoredMessage | undefined {
    return this.#first;
  }

  /** All, in their order. */
  *[Symbol.iterator](): Iterator<StoredMessage> {
    for (let next = this.#first; next !== undefined; next = next.next) yield next;
  }

  add(message: StoredMessage): void {
    message.previous = this.#last;
    if (this.#last === undefined) this.#first = message;
    else this.#last.next = message;
    this.#last = message;
  }

  remove(message: StoredMessage): void {
    const { previous, next } = message;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // A subscriber's queue may hold it for long, which must not hold others.
    message.previous = message.next = undefined;
  }
}
