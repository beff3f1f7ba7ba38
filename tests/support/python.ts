/**
 * Python programs of `tests/interop`, which need nothing but the standard library.
 *
 * @module
 */

import { within } from "./deadline.ts";
import { ROOT } from "./program.ts";

function command(file: string, args: string[], stdin: "piped" | "null"): Deno.Command {
  return new Deno.Command("python3", {
    args: ["-I", "-B", `tests/support/interop/${file}`, ...args],
    cwd: ROOT,
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a program to its end, which must be a good one; what it printed. */
export async function runPython(file: string, args: string[]): Promise<string> {
  const child = command(file, args, "null").spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(late);
  if (!success) throw new Error(`${file} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** A program that starts a server for each line of its input, and prints its port or URL. */
export class PythonServers implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string, ...args: string[]) {
    this.#child = command(file, args, "piped").spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** One more server, with a store of its own; its port. Servers start one after the other. */
  open(): Promise<number> {
    const opening = this.#last.then(() => this.#open());
    this.#last = opening.catch(() => {});
    return opening;
  }

  async #open(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("\n"));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await within(this.#output.read(), "the port of a Python server");
      if (done) throw new Error(`a Python server ended: ${await this.#errors}`);
      line += value;
    }
    return Number(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.#child.status;
    clearTimeout(late);
    await this.#output.cancel();
    await this.#errors;
  }
}
