/**
 * Calls that need a journal which is far ahead of its member. They wait until the member has caught up,
 * which gives the event loop its turns, and then run in their order.
 *
 * @module
 */

import { inTurn } from "../base/turn.ts";

/** The calls of one member that wait. */
export class CatchUp {
  readonly #catchUp: () => Promise<void>;
  #waiting = 0;
  #running: Promise<void> | undefined;

  /** @param catchUp applies what is there, and fails as the calls then fail */
  constructor(catchUp: () => Promise<void>) {
    this.#catchUp = catchUp;
  }

  /** True if calls wait: a later one must wait as well. */
  get hasWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** Makes a call after catching up. */
  async before<T>(call: () => T): Promise<T> {
    this.#waiting++;
    try {
      await (this.#running ??= this.#run());
    } finally {
      this.#waiting--;
    }
    return await inTurn(call);
  }

  async #run(): Promise<void> {
    try {
      await this.#catchUp();
    } finally {
      this.#running = undefined;
    }
  }
}
