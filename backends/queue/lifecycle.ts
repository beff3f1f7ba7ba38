/**
 * The life of a queue: opened once, closed once.
 *
 * @module
 */

import { QueueNotInitializedError } from "./errors.ts";
import type { InitializeOptions } from "./types.ts";

/** What happens when a queue is opened and closed. */
export interface LifecycleSteps {
  /** Opens the queue. After a failure it may be opened again. */
  open(options?: InitializeOptions): Promise<void>;
  /** What a queue does first that is to be closed, and while its calls still work. Undefined: nothing. */
  drain(): Promise<void> | undefined;
  /** Closes the queue. `opening` settles when an `open` that was called before has ended. */
  close(opening: Promise<void>): Promise<void>;
}

/** Opens and closes a queue, and checks that it is open. */
export class QueueLifecycle {
  readonly #steps: LifecycleSteps;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isOpen = false;

  constructor(steps: LifecycleSteps) {
    this.#steps = steps;
  }

  /** Opens the queue. A second call does nothing. */
  open(options?: InitializeOptions): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(this.#notOpen("initialize"));
    return this.#opening ??= this.#open(options);
  }

  async #open(options: InitializeOptions | undefined): Promise<void> {
    try {
      await this.#steps.open(options);
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#isOpen = this.#closing === undefined;
  }

  /** Closes the queue. A second call does nothing. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const draining = this.#isOpen ? this.#steps.drain() : undefined;
    if (draining !== undefined) await draining;
    this.#isOpen = false;
    const opening = this.#opening?.catch(() => {}) ?? Promise.resolve();
    await this.#steps.close(opening);
  }

  /** Throws `QueueNotInitializedError` unless the queue is open. */
  check(action: string): void {
    if (!this.#isOpen) throw this.#notOpen(action);
  }

  /** As `check`, for what takes messages: also from the call of `close` on. */
  checkTaking(action: string): void {
    if (this.#closing !== undefined) throw this.#notOpen(action);
    this.check(action);
  }

  /** The error of an action that the end of the queue has ended. */
  closedError(action: string): QueueNotInitializedError {
    return this.#notOpen(action);
  }

  #notOpen(action: string): QueueNotInitializedError {
    return new QueueNotInitializedError(
      this.#closing === undefined
        ? `cannot ${action}: the queue is not initialized; call initialize() and await it first`
        : `cannot ${action}: the queue is closed; make a new one`,
    );
  }
}
