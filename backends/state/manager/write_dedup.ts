/**
 * What a client's last writes answered, for one that sends them again since it lost its connection.
 *
 * @module
 */

import { InvalidInputError } from "../../store/errors.ts";

/** Most calls of a client that wait for their answers: so many answers the server remembers. */
export const CALL_WINDOW = 1024;

/** The writes of one client, which numbers them from 1 on. */
export class WriteDedup {
  readonly #replies: { readonly number: number; readonly reply: string }[] = [];
  #last = 0;
  /** Connections that the client has, or had and that are not known to be lost. */
  connections = 0;
  /** When the last of them was lost, by `performance.now()`. */
  disconnectedAtMs = 0;

  /** Carries a write out, unless that was done: then it answers the same again. */
  once(number: number, write: () => string): string {
    const slot = number % CALL_WINDOW;
    if (number > this.#last) {
      this.#replies[slot] = { number, reply: write() };
      this.#last = number;
    }
    const found = this.#replies[slot];
    if (found?.number === number) return found.reply;
    throw new InvalidInputError(`write ${number} was answered too long ago`);
  }
}
