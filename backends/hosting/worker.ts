/**
 * A server in a worker of this process.
 *
 * @module
 */

import { logger } from "../../lib/base/log.ts";
import type { RunningServer, ServerKind } from "./mode.ts";
import { addressIn, type Report } from "./report.ts";

/** Starts a server in a worker. */
export async function startWorker<Options>(
  kind: ServerKind<Options>,
  options: Options,
): Promise<RunningServer> {
  const link = new Link(new Worker(kind.program, { type: "module" }));
  try {
    const address = addressIn(await link.ask<Report>(options));
    return { address, stop: () => link.end() };
  } catch (error) {
    link.terminate();
    throw error;
  }
}

/** A worker that answers one message with one message, until it fails. */
class Link {
  readonly #worker: Worker;
  readonly #failure = Promise.withResolvers<never>();
  #hasFailed = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#failure.promise.catch(() => {});
    worker.onerror = (event) => {
      event.preventDefault();
      this.#hasFailed = true;
      logger.error("a server's worker failed: {message}", { message: event.message });
      this.#failure.reject(new Error(`a server's worker failed: ${event.message}`));
    };
  }

  /** Sends a message and waits for the answer. */
  async ask<T>(message: unknown): Promise<T> {
    const answer = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => answer.resolve(data);
    this.#worker.postMessage(message);
    return await Promise.race([answer.promise, this.#failure.promise]);
  }

  /** Asks for the end, and waits for it. */
  async end(): Promise<void> {
    try {
      if (!this.#hasFailed) await this.ask(null);
    } finally {
      this.terminate();
    }
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
