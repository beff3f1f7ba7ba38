/**
 * Workers that the tests talk to.
 *
 * @module
 */

import type { Command } from "./programs/actions.ts";
import { type Peer, ReplyQueue } from "./peer.ts";

const WORKER_URL = new URL("./programs/worker.ts", import.meta.url).href;

/** A running worker. */
export class WorkerPeer implements Peer, Disposable {
  readonly #worker: Worker;
  readonly #replies: ReplyQueue;

  /** `deadlineMs`: how long each reply may take. */
  constructor(url: string = WORKER_URL, deadlineMs?: number) {
    this.#replies = new ReplyQueue("a worker", undefined, deadlineMs);
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#replies.add(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#replies.add({ error: "uncaught", message: event.message });
    };
  }

  /** Sends a command that has no reply. */
  sendCommand(command: Command): void {
    this.#worker.postMessage(command);
  }

  async execute<T>(command: Command): Promise<T> {
    this.#worker.postMessage(command);
    return await this.result<T>();
  }

  async start(command: Command): Promise<void> {
    this.#worker.postMessage(command);
    await this.#replies.started(command.do);
  }

  result<T>(): Promise<T> {
    return this.#replies.result<T>();
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** To check the types of the first worker's module takes a busy machine long. */
const CHECKED_MS = 600_000;

/** The first worker's module is checked and compiled once, and not by four workers at a time. */
async function warmUp(): Promise<void> {
  using worker = new WorkerPeer(WORKER_URL, CHECKED_MS);
  await worker.execute({ do: "close" });
}

await warmUp();
