/**
 * One part of a run of tests: a process of `deno test`, and what it prints.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { TEST_FLAGS } from "./flags.ts";

const PRELOADED = fileURLToPath(new URL("held.ts", import.meta.url));

/** A part that was started. */
export class Part {
  readonly #child: Deno.ChildProcess;
  readonly #outputs: Promise<void>[];
  /** Where what it prints goes. Kept until then. */
  #write: ((chunk: Uint8Array) => void) | undefined;
  readonly #kept: Uint8Array[] = [];
  #text = "";

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

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Prints what it prints from now on, after what it has printed. Returns its exit code. */
  async print(): Promise<number> {
    this.#write = (chunk) => Deno.stdout.writeSync(chunk);
    for (const chunk of this.#kept.splice(0)) this.#write(chunk);
    await Promise.all(this.#outputs);
    return (await this.#child.status).code;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#text += decoder.decode(chunk, { stream: true });
      if (this.#write) this.#write(chunk);
      else this.#kept.push(chunk);
    }
  }
}
