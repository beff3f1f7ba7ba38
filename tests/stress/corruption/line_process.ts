/**
 * Child processes that reply in lines of JSON, within a generous time.
 *
 * @module
 */

import { linesOf } from "../../../lib/base/lines.ts";

/** A line takes milliseconds. Only a process that hangs takes this long. */
const WATCHDOG_MS = 30_000;

/** A child process. */
export class LineProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #errors: Promise<string>;

  /** Starts `deno run` with these arguments. */
  constructor(args: string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-lock", ...args],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#process.stdin.getWriter();
    this.#stdin.closed.catch(() => {});
    this.#lines = linesOf(this.#process.stdout, { completeOnly: true });
    this.#errors = new Response(this.#process.stderr).text();
  }

  /** Sends a line. */
  async writeLine(value: unknown): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(JSON.stringify(value) + "\n")).catch(() => {});
  }

  /** The next line, or a text with the reason why there is none. */
  async next<T>(): Promise<T | string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), WATCHDOG_MS);
    });
    try {
      const line = await Promise.race([this.#lines.next(), late]);
      if (line === undefined) return await this.#kill(`no reply within ${WATCHDOG_MS} ms`);
      return line.done ? await this.#kill("") : JSON.parse(line.value);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills it. Returns how it ended, if it ended by itself. */
  async #kill(why: string): Promise<string> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    const { code, signal } = await this.#process.status;
    return why || `the process ended with ${signal ?? code}: ${await this.#errors}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill("disposed");
    await this.#lines.return?.();
    await this.#errors;
    await this.#stdin.abort().catch(() => {});
  }
}
