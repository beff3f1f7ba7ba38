/**
 * Child processes that the tests talk to: a command in, a JSON line out.
 *
 * @module
 */

import { linesOf } from "../../lib/base/lines.ts";
import type { Command } from "./programs/actions.ts";
import { within } from "./deadline.ts";
import { type Peer, ReplyQueue } from "./peer.ts";

/** How to start a child. */
export interface ChildOptions {
  /** Exact permission flags, and flags of V8. Default: `--allow-ffi`. */
  flags?: string[];
  env?: Record<string, string>;
  /** Program in `tests/support/programs`. Default: `peer.ts`. */
  program?: string;
  /** Arguments of the program. */
  args?: string[];
  /** A command that runs the runtime, with its arguments. */
  under?: string[];
}

/** A running child process. */
export class Child implements Peer, AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #replies: ReplyQueue;
  readonly #streams: Promise<void>[];
  #stderr = "";
  #hasEnded = false;

  constructor(options: ChildOptions = {}) {
    const { program = "peer.ts", flags = ["--allow-ffi"], env, args = [], under = [] } = options;
    const url = new URL(program, new URL("./programs/", import.meta.url));
    const run = ["run", "--quiet", "--no-prompt", "--no-lock", ...flags, url.href, ...args];
    const [command, ...rest] = [...under, Deno.execPath(), ...run];
    this.#process = new Deno.Command(command, {
      args: rest,
      env: { NO_COLOR: "1", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#replies = new ReplyQueue(`child ${this.pid}`, () => this.#stderr);
    this.#stdin = this.#process.stdin.getWriter();
    this.#stdin.closed.catch(() => {});
    this.#streams = [this.#readOutput(), this.#readErrors()];
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it wrote to standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  async #readOutput(): Promise<void> {
    const lines = linesOf(this.#process.stdout, { completeOnly: true });
    for await (const line of lines) this.#replies.add(JSON.parse(line));
    this.#replies.end();
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
    }
  }

  /** Sends a command and does not wait for its result. */
  async sendCommand(command: Command): Promise<void> {
    const line = new TextEncoder().encode(JSON.stringify(command) + "\n");
    await within(this.#stdin.write(line), `taking the command ${command.do}`);
  }

  async execute<T>(command: Command): Promise<T> {
    await this.sendCommand(command);
    return await this.result<T>();
  }

  async start(command: Command): Promise<void> {
    await this.sendCommand(command);
    await this.#replies.started(command.do);
  }

  result<T>(): Promise<T> {
    return this.#replies.result<T>();
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for its end, and for what it said last. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await within(this.#process.status, `the end of child ${this.pid}`);
    await Promise.all(this.#streams);
    this.#hasEnded = true;
    return status;
  }

  /** Closes its input, upon which its program ends by itself, unless it has ended. */
  async finish(): Promise<void> {
    if (this.#hasEnded) return;
    await this.#stdin.close();
    const { success, code, signal } = await this.ended();
    if (!success) throw new Error(`a child ended with ${signal ?? code}: ${this.#stderr}`);
  }

  /** Ends it the hard way and reaps it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) {
      try {
        this.#process.kill("SIGKILL");
      } catch {
        // It is gone, and only to be reaped.
      }
      await this.ended();
    }
    await this.#stdin.abort().catch(() => {});
  }
}
