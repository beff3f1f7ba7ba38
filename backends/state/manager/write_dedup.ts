/**
 * The replies to the last writes of a client, which repeats writes after it has lost its connection.
 *
 * @module
 */

import { InvalidInputError } from "../../store/errors.ts";

/** Most calls of a client without a reply. The server keeps the same number of replies. */
export const CALL_WINDOW = 1024;

/** The writes of one client, which are numbered from 1. */
export class WriteDedup {
  readonly #replies: { readonly number: number; readonly reply: string }[] = [];
  #last = 0;
  /** Number of open connections of the client. */
  connections = 0;
  /** When the last one was closed, by `performance.now()`. */
  disconnectedAtMs = 0;

  /** Carries out a write once, and returns its reply. A repeated call gets the same reply. */
  once(number: number, write: () => string): string {
    const slot = number % CALL_WINDOW;
    if (number > this.#last) {
      this.#replies[slot] = { number, reply: write() };
      this.#last = number;
    }
    const found = this.#replies[slot];
    if (found?.number === number) return found.reply;
    throw new InvalidInputError(`the reply to write ${number} is no longer kept`);
  }
}
