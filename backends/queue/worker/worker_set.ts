/**
 * The workers of a queue.
 *
 * @module
 */

import type { ChannelWorker } from "./worker.ts";

/** Workers of which something is left to do. */
export class WorkerSet {
  readonly #open = new Set<ChannelWorker>();

  /** Number of workers. */
  get size(): number {
    return this.#open.size;
  }

  /** Adds a worker that has started. */
  add(worker: ChannelWorker): void {
    this.#open.add(worker);
  }

  /** Removes a worker of which nothing is left to do. */
  remove(worker: ChannelWorker): void {
    this.#open.delete(worker);
  }

  /** Closes all workers, each with its grace. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((worker) => worker.close()));
  }

  /** Waits until nothing is left to do for workers that have closed. */
  async allCleared(): Promise<void> {
    await Promise.all([...this.#open].map(({ cleared }) => cleared));
  }
}
