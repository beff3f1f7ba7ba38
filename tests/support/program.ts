/**
 * Whole programs as a user starts them, and the lines they print.
 *
 * @module
 */

import { DEADLINE_MS, within } from "./deadline.ts";

/** Where the repository begins. */
export const ROOT = new URL("../../", import.meta.url);

/** How a command is run. */
export interface RunOptions {
  /** More variables of the environment. */
  readonly env?: Record<string, string> | undefined;
  /** The folder it runs in. Default: the repository. */
  readonly cwd?: string | URL | undefined;
  /** Signals go to all that it starts as well, as those of a terminal do. */
  readonly isGroup?: boolean | undefined;
  /** How long each wait for it may take. */
  readonly deadlineMs?: number | undefined;
}

/** A running command. */
export class Running implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #name: string;
  readonly #isGroup: boolean;
  readonly #deadlineMs: number;
  readonly #finished: Promise<Deno.CommandStatus>;
  readonly #listeners = new Set<() => void>();
  #output = "";
  #hasEnded = false;

  /** Starts a command; `name` is what errors call it. */
  constructor(
    name: string,
    command: string,
    args: string[],
    { env, cwd = ROOT, isGroup = false, deadlineMs = DEADLINE_MS }: RunOptions = {},
  ) {
    this.#name = name;
    this.#isGroup = isGroup;
    this.#deadlineMs = deadlineMs;
    this.#process = new Deno.Command(command, {
      args,
      cwd,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: isGroup,
    }).spawn();
    this.#finished = this.#finish();
  }

  async #finish(): Promise<Deno.CommandStatus> {
    const { stdout, stderr, status } = this.#process;
    await Promise.all([this.#read(stdout), this.#read(stderr)]);
    this.#hasEnded = true;
    this.#notify();
    return await status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#notify();
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed a text, or something that matches. */
  async prints(text: string | RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const pattern = typeof text === "string" ? new RegExp(RegExp.escape(text)) : text;
    const listener = () => {
      if (this.#output.search(pattern) >= 0) resolve();
      else if (this.#hasEnded) reject(new Error(`${this.#name} ended with:\n${this.#output}`));
    };
    this.#listeners.add(listener);
    listener();
    await within(promise, `${this.#name} printing ${pattern}`, this.#deadlineMs);
    this.#listeners.delete(listener);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    if (this.#isGroup) Deno.kill(-this.#process.pid, signal);
    else this.#process.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Deno.CommandStatus> {
    try {
      return await within(this.#finished, `the end of ${this.#name}`, this.#deadlineMs);
    } catch (cause) {
      throw new Error(`${(cause as Error).message}; it printed:\n${this.#output}`, { cause });
    }
  }

  /** Waits for its successful end, and returns the lines it printed. */
  async lines(): Promise<string[]> {
    const { success, code, signal } = await this.ended();
    if (!success) throw new Error(`${this.#name} ended with ${signal ?? code}:\n${this.#output}`);
    return this.#output.trimEnd().split("\n");
  }

  /** Ends it the hard way, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.kill("SIGKILL");
    await this.ended();
  }
}

/** A program of the repository. */
export class Program extends Running {
  /** Starts `deno run` with these arguments: flags, a file, and its arguments. */
  constructor(args: string[], env: Record<string, string> = {}, cwd?: string | URL) {
    const file = args.find((arg) => arg.endsWith(".ts"))!;
    super(file, Deno.execPath(), ["run", "--quiet", "--no-prompt", ...args], { env, cwd });
  }
}
