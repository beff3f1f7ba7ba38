/**
 * A server in a worker of this process.
 *
 * @module
 */

import { logger } from "../../lib/base/log.ts";
import type { ShownRecord } from "../../lib/base/log_output.ts";
import type { RunningServer, ServerKind } from "./mode.ts";
import { addressFrom, type Report } from "./report.ts";
import { endsWithin, graceMsOf, type StopOptions } from "./stop.ts";

/** Milliseconds for the worker to end, besides those for clients. */
const END_MS = 2000;

/** Starts a server in a worker. */
export async function startWorker<Options>(
  kind: ServerKind<Options>,
  options: Options,
): Promise<RunningServer> {
  const connection = new WorkerConnection(new Worker(kind.program, { type: "module" }));
  try {
    const address = addressFrom(await connection.request<Report>(options));
    // Deno has no call that lets a program end while its worker runs.
    return { address, unref() {}, stop: (options) => connection.end(options) };
  } catch (error) {
    connection.terminate();
    throw error;
  }
}

/** What the worker has logged. */
interface Shown {
  readonly shown: ShownRecord;
}

function isShown(data: unknown): data is Shown {
  return typeof data === "object" && data !== null && "shown" in data;
}

function log({ level, text }: ShownRecord): void {
  if (level === "warning") logger.warn("{text}", { text });
  else logger.error("{text}", { text });
}

/** What a worker has failed with. The modules of workers are not found when a program is put into one file. */
function withRemedy(message: string): string {
  if (!message.includes("Module not found")) return message;
  return `${message}; a bundle, or a program that deno compile made, does not have this module: ` +
    `choose serverMode "inline"`;
}

/** A worker that replies to each message with one message. */
class WorkerConnection {
  readonly #worker: Worker;
  readonly #failure = Promise.withResolvers<never>();
  #hasFailed = false;
  #ended: Promise<void> | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#failure.promise.catch(() => {});
    worker.onerror = (event) => {
      event.preventDefault();
      this.#hasFailed = true;
      const message = withRemedy(event.message);
      logger.error("a server's worker failed: {message}", { message });
      this.#failure.reject(new Error(`a server's worker failed: ${message}`));
    };
  }

  /** Sends a message, and returns the reply. */
  async request<T>(message: unknown): Promise<T> {
    const response = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => {
      if (isShown(data)) log(data.shown);
      else response.resolve(data);
    };
    this.#worker.postMessage(message);
    return await Promise.race([response.promise, this.#failure.promise]);
  }

  /** Requests the end of the server, waits for it, and terminates the worker. */
  async end(options?: StopOptions): Promise<void> {
    const graceMs = graceMsOf(options);
    await (this.#ended ??= this.#end(graceMs));
  }

  async #end(graceMs: number): Promise<void> {
    if (!this.#hasFailed) await endsWithin(this.request({ graceMs }), graceMs + END_MS);
    this.terminate();
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
