/**
 * What tests ask of a peer, be it a child process or a worker.
 *
 * @module
 */

import type { Command } from "./programs/actions.ts";
import { DEADLINE_MS, within } from "./deadline.ts";

/** Another process or worker that uses the channels. */
export interface Peer {
  /** The process id of a child. A worker is in this process. */
  readonly pid?: number;
  /** Sends a command and waits for its result. */
  execute<T>(command: Command): Promise<T>;
  /** Sends a command and waits until it has begun; `result` returns its result. */
  start(command: Command): Promise<void>;
  /** The result of the command sent before. */
  result<T>(): Promise<T>;
}

type OpenCommand = Extract<Command, { do: "open" }>;

/** Opens a socket in a peer. Later commands name it by its id. */
export async function openSocket(
  peer: Peer,
  id: string,
  role: OpenCommand["role"],
  target: OpenCommand["target"],
  options: OpenCommand["options"],
): Promise<void> {
  await peer.execute({ do: "open", id, role, target, options });
}

/** A reply of a peer. */
export interface Line {
  event?: string;
  value?: unknown;
  error?: string;
  message?: string;
}

/** An error that a peer reported. */
export class PeerError extends Error {
  override name = "PeerError";
  /** Class name of the error in the peer. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The replies of a peer in their order. */
export class ReplyQueue {
  readonly #who: string;
  readonly #lines: Line[] = [];
  /** Describes the peer in the error of a wait that timed out. */
  readonly #describe: () => string;
  readonly #deadlineMs: number;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(who: string, explain: () => string = () => "", deadlineMs: number = DEADLINE_MS) {
    this.#who = who;
    this.#describe = explain;
    this.#deadlineMs = deadlineMs;
  }

  add(line: Line): void {
    this.#lines.push(line);
    this.#wake();
  }

  /** Marks the end: no more replies will arrive. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async #next(what: string): Promise<Line> {
    while (this.#lines.length === 0) {
      if (this.#isOver) throw new Error(`${this.#who} ended before ${what}: ${this.#describe()}`);
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      await within(woken, `${what} of ${this.#who} ${this.#describe()}`, this.#deadlineMs);
    }
    return this.#lines.shift()!;
  }

  async result<T>(): Promise<T> {
    let line = await this.#next("a result");
    while (line.event !== undefined) line = await this.#next("a result");
    if (line.error !== undefined) throw new PeerError(line.error, line.message!);
    return line.value as T;
  }

  async started(what: string): Promise<void> {
    const line = await this.#next(`the beginning of ${what}`);
    if (line.event === "started") return;
    throw new Error(`${this.#who} did not begin ${what}: ${JSON.stringify(line)}`);
  }
}
