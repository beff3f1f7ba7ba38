/**
 * One part of a run of tests: a process of `deno test`, and what it prints.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { TEST_FLAGS } from "./flags.ts";
import { isTestEnd } from "./progress.ts";

const PRELOADED = fileURLToPath(new URL("held.ts", import.meta.url));

const NEWLINE = 10;

/** A part that was started. */
export class Part {
  readonly #child: Deno.ChildProcess;
  readonly #outputs: Promise<void>[];
  /** Where what it prints goes. Kept until then. */
  #write: ((chunk: Uint8Array) => void) | undefined;
  readonly #kept: Uint8Array[] = [];
  #text = "";
  #ended = 0;
  #isAtLineStart = true;
  /** What waits for the end of a line. */
  #due: (() => void) | undefined;

  /** `isAlone`: it has the terminal. */
  constructor(args: readonly string[], env: Record<string, string>, isAlone: boolean) {
    const stdio = isAlone ? "inherit" : "piped";
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["test", ...TEST_FLAGS, `--preload=${PRELOADED}`, ...args],
      env,
      stdin: isAlone ? "inherit" : "null",
      stdout: stdio,
      stderr: stdio,
    }).spawn();
    this.#outputs = isAlone ? [] : [this.#read(this.#child.stdout), this.#read(this.#child.stderr)];
  }

  /** What it has printed, if it has not the terminal. */
  get output(): string {
    return this.#text;
  }

  /** Tests that have ended, if it has not the terminal. */
  get ended(): number {
    return this.#ended;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Prints what it prints from now on, after what it has printed. Returns its exit code. */
  async print(): Promise<number> {
    this.#write = (chunk) => this.#writeLines(chunk);
    for (const chunk of this.#kept.splice(0)) this.#write(chunk);
    await Promise.all(this.#outputs);
    return (await this.#child.status).code;
  }

  /** Calls a function when what was printed is whole lines: at once, or after the next one. */
  atLineStart(call: () => void): void {
    if (this.#isAtLineStart) call();
    else this.#due = call;
  }

  #writeLines(chunk: Uint8Array): void {
    const end = this.#due === undefined ? 0 : chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      Deno.stdout.writeSync(chunk.subarray(0, end));
      this.#due!();
      this.#due = undefined;
    }
    Deno.stdout.writeSync(chunk.subarray(end));
    this.#isAtLineStart = chunk.at(-1) === NEWLINE;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      this.#text += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.#ended += lines.filter(isTestEnd).length;
      if (this.#write) this.#write(chunk);
      else this.#kept.push(chunk);
    }
  }
}
