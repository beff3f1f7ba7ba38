/**
 * All messages of a store in the order of insertion: the first is evicted first.
 *
 * @module
 */

import type { StoredMessage } from "./stored_message.ts";

/** A linked list through the messages. */
export class InsertionOrder {
  #first: StoredMessage | undefined = undefined;
  #last: StoredMessage | undefined = undefined;
  #added = 0;

  /** The message that was inserted first. */
  get first(): StoredMessage | undefined {
    return this.#first;
  }

  /** All messages in their order. */
  *[Symbol.iterator](): Iterator<StoredMessage> {
    for (let next = this.#first; next !== undefined; next = next.next) yield next;
  }

  /** The messages that were inserted after an order, in their order. */
  after(order: number): StoredMessage[] {
    const found: StoredMessage[] = [];
    let message = this.#last;
    for (; message !== undefined && message.order > order; message = message.previous) {
      found.push(message);
    }
    return found.reverse();
  }

  add(message: StoredMessage): void {
    message.order = ++this.#added;
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
    // The queue of a subscriber may keep this message alive, which must not keep its neighbours.
    message.previous = message.next = undefined;
  }
}
