/**
 * Calls of one script that travel to the server as one command.
 *
 * @module
 */

import type { Argument } from "./connection.ts";

/** Calls of one script, the first one first. The script returns one reply for each call. */
export class ScriptBatch<Reply> {
  /** The arguments of all calls, one call after the other. */
  readonly args: Argument[] = [];
  readonly #calls: PromiseWithResolvers<Reply>[] = [];

  /** Number of calls. */
  get size(): number {
    return this.#calls.length;
  }

  /** Adds a call, and returns its reply. */
  add(args: readonly Argument[]): Promise<Reply> {
    this.args.push(...args);
    const call = Promise.withResolvers<Reply>();
    this.#calls.push(call);
    return call.promise;
  }

  /** Gives each call its reply. */
  resolve(replies: readonly Reply[]): void {
    for (const [i, call] of this.#calls.entries()) call.resolve(replies[i]);
  }

  /** Rejects all calls. */
  reject(error: unknown): void {
    for (const call of this.#calls) call.reject(error);
  }
}
