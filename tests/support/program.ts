/**
 * Whole programs as a user starts them: a file, its permissions, and the lines it prints.
 *
 * @module
 */

import { within } from "./deadline.ts";

/** Where the repository begins. */
export const ROOT = new URL("../../", import.meta.url);

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #file: string;
  readonly #finished: Promise<Deno.CommandStatus>;
  readonly #heard = new Set<() => void>();
  #output = "";
  #hasEnded = false;

  /** Starts `deno run` with these arguments: flags, a file of the repository, and its arguments. */
  constructor(args: string[], env: Record<string, string> = {}) {
    this.#file = args.find((arg) => arg.endsWith(".ts"))!;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#finished = this.#finish();
  }

  async #finish(): Promise<Deno.CommandStatus> {
    const { stdout, stderr, status } = this.#process;
    await Promise.all([this.#read(stdout), this.#read(stderr)]);
    this.#hasEnded = true;
    this.#tell();
    return await status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#tell();
    }
  }

  #tell(): void {
    for (const hear of this.#heard) hear();
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed a text. */
  async prints(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const hear = () => {
      if (this.#output.includes(text)) resolve();
      else if (this.#hasEnded) reject(new Error(`${this.#file} ended with:\n${this.#output}`));
    };
    this.#heard.add(hear);
    hear();
    await within(promise, `${this.#file} printing ${JSON.stringify(text)}`);
    this.#heard.delete(hear);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Deno.CommandStatus> {
    try {
      return await within(this.#finished, `the end of ${this.#file}`);
    } catch (cause) {
      throw new Error(`${(cause as Error).message}; it printed:\n${this.#output}`, { cause });
    }
  }

  /** Waits for its end, which must be a good one, and answers the lines it printed. */
  async lines(): Promise<string[]> {
    const { success, code, signal } = await this.ended();
    if (!success) throw new Error(`${this.#file} ended with ${signal ?? code}:\n${this.#output}`);
    return this.#output.trimEnd().split("\n");
  }

  /** Ends it the hard way, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await this.ended();
  }
}
