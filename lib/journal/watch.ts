/**
 * Applies the records of other members soon after they append them.
 *
 * @module
 */

import { logger } from "../base/log.ts";
import type { Waiter } from "../base/shared_memory.ts";
import { isTurnDue, takeTurn } from "../base/turn.ts";
import type { JournalRoot } from "./root.ts";

/** Records that are applied in one turn of the event loop. */
export const RECORDS_PER_TURN = 1000;

/** The member that watches. */
export interface WatchHost {
  readonly name: string;
  readonly root: JournalRoot;
  /** False while nothing may be applied. */
  canApply(): boolean;
  /** True while handlers have enough to do: they hold up the member, not its memory. */
  isBusy(): boolean;
  /** Applies one record; false if there is none. */
  applyNext(): boolean;
}

/** The watch of one member, which keeps the event loop alive. */
export class Watch {
  readonly #host: WatchHost;
  readonly #waiter: Waiter = { poll: () => this.#poll() };
  #isWatching = false;
  #isPollPending = false;

  constructor(host: WatchHost) {
    this.#host = host;
  }

  /** Begins to watch. */
  start(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#host.root.addWaiter(this.#waiter);
    this.#poll();
  }

  /** Ends watching. */
  stop(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    this.#host.root.removeWaiter(this.#waiter);
  }

  #poll(): void {
    try {
      this.#host.root.announceWait();
      if (this.#host.canApply() && this.#applySome()) return;
      this.#pollAgain();
    } catch (error) {
      this.stop();
      logger.error("cannot follow journal {journal}: {error}", {
        journal: this.#host.name,
        error,
      });
    }
  }

  #pollAgain(): void {
    if (this.#isPollPending) return;
    this.#isPollPending = true;
    takeTurn().then(() => {
      this.#isPollPending = false;
      if (this.#isWatching) this.#poll();
    });
  }

  /** Applies some records; false if there may be more. */
  #applySome(): boolean {
    for (let count = 0; count < RECORDS_PER_TURN && !isTurnDue(); count++) {
      if (this.#host.isBusy()) return false;
      if (!this.#host.applyNext()) return true;
    }
    return false;
  }
}
