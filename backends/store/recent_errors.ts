/**
 * The last errors that a server has replied with. Of bounded size: clients choose how many there are.
 *
 * @module
 */

import { detached } from "./text.ts";

/** Errors that are kept. */
const MAX_ERRORS = 50;
/** Characters that are kept of a text. */
const MAX_CHARACTERS = 200;

/** An error. */
export interface RecentError {
  /** Milliseconds of the Unix epoch. */
  readonly atMs: number;
  /** The call or the command that it is about, or the protocol. */
  readonly about: string;
  readonly text: string;
}

/** The last errors. */
export class RecentErrors {
  readonly #errors: RecentError[] = [];
  /** Where the next one goes. */
  #next = 0;

  add(about: string, text: string): void {
    this.#errors[this.#next] = { atMs: Date.now(), about: cut(about), text: cut(text) };
    this.#next = (this.#next + 1) % MAX_ERRORS;
  }

  /** The errors, the oldest first. */
  *[Symbol.iterator](): Generator<RecentError, void, void> {
    yield* this.#errors.slice(this.#next);
    yield* this.#errors.slice(0, this.#next);
  }
}

/** Keeps nothing else of a long text alive. */
function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : detached(text.slice(0, MAX_CHARACTERS));
}
