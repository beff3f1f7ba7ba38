/**
 * One part of a run of tests: a process of `deno test`, which starts when it is told, and what it prints.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { TEST_FLAGS } from "./flags.ts";
import { isTestEnd, type ReportedPart } from "./progress.ts";
import type { ScheduledPart } from "./schedule.ts";

const PRELOADED = ["held.ts", "ports.ts"].map((name) =>
  `--preload=${fileURLToPath(new URL(name, import.meta.url))}`
);

const NEWLINE = 10;

/** The exit code of a part that was skipped. */
const NOT_RUN = 1;

/** A part. */
export class Part implements ReportedPart, ScheduledPart {
  readonly #command: Deno.Command;
  readonly #isAlone: boolean;
  #child: Deno.ChildProcess | undefined;
  #isSkipped = false;
  readonly #ending = Promise.withResolvers<number>();
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
    this.#isAlone = isAlone;
    this.#command = new Deno.Command(Deno.execPath(), {
      args: ["test", ...TEST_FLAGS, ...PRELOADED, ...args],
      env,
      stdin: isAlone ? "inherit" : "null",
      stdout: stdio,
      stderr: stdio,
    });
  }

  /** Starts it unless it is skipped, and waits for its end. Returns its exit code. */
  async run(): Promise<number> {
    const code = this.#isSkipped ? NOT_RUN : await this.#runCommand();
    this.#ending.resolve(code);
    return code;
  }

  async #runCommand(): Promise<number> {
    this.#child = this.#command.spawn();
    if (!this.#isAlone) {
      await Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
    }
    const { code } = await this.#child.status;
    this.#child = undefined;
    return code;
  }

  /** What it has printed, if it has not the terminal. */
  get output(): string {
    return this.#text;
  }

  /** Tests that have ended, if it has not the terminal. */
  get ended(): number {
    return this.#ended;
  }

  /** Sends it a signal if it runs. Otherwise it does not start any more. */
  kill(signal: Deno.Signal): void {
    this.skip();
    this.#child?.kill(signal);
  }

  /** Does not start it, if it has not started. */
  skip(): void {
    this.#isSkipped = true;
  }

  /** Prints what it prints from now on, after what it has printed. Returns its exit code. */
  print(): Promise<number> {
    this.#write = (chunk) => this.#writeLines(chunk);
    for (const chunk of this.#kept.splice(0)) this.#write(chunk);
    return this.#ending.promise;
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
