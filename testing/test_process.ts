/**
 * The processes of a test: modules of the program under test, with what they print.
 *
 * @module
 */

import { mayStartPrograms, programCommand } from "../backends/hosting/program_command.ts";
import { checkNoMore } from "../lib/base/checks.ts";
import { durationMs, text } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import { withTimer } from "../lib/base/timer.ts";

/** Milliseconds of a wait, unless its caller names others. A busy machine starts a process slowly. */
export const DEADLINE_MS = 60_000;

/** Options of `channels.process`. */
export interface TestProcessOptions {
  /** Arguments of the program. Default: none. */
  args?: readonly string[] | undefined;
  /** More variables of the environment. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Flags of `deno run`, such as permissions or `--config=deno.json`. Default: `-A`. */
  flags?: readonly string[] | undefined;
  /** Working directory. Default: that of the test. */
  cwd?: string | URL | undefined;
}

/** How long a call waits. */
export interface DeadlineOptions {
  /** Milliseconds, at least 0. Default: 60,000. */
  timeoutMs?: number | undefined;
}

const PRINTS_OPTIONS = new OptionRules<DeadlineOptions>("prints()", { timeoutMs: durationMs });
const ENDED_OPTIONS = new OptionRules<DeadlineOptions>("ended()", { timeoutMs: durationMs });

/** Texts, and nothing else. */
function texts(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new TypeError(`${name} must be an array of texts, not ${formatValue(value)}`);
}

function variables(name: string, value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object of texts, not ${formatValue(value)}`);
  }
  for (const [key, each] of Object.entries(value)) text(`${name}.${key}`, each);
  return value as Record<string, string>;
}

function directory(name: string, value: unknown): string | URL {
  return value instanceof URL ? value : text(name, value);
}

export const PROCESS_OPTIONS = new OptionRules<TestProcessOptions>("process()", {
  args: texts,
  env: variables,
  flags: texts,
  cwd: directory,
});

/** A running program of a test, or one that has ended. `channels.process` starts it. */
export class TestProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #finished: Promise<Deno.CommandStatus>;
  readonly #listeners = new Set<() => void>();
  readonly #module: string;
  #output = "";
  #hasEnded = false;

  /** Starts a module. */
  constructor(module: string, options: TestProcessOptions, dir: string) {
    this.#module = module;
    const { args = [], env, flags = ["-A"], cwd } = options;
    this.#child = programCommand({
      module,
      permissions: flags,
      args,
      under: withOwner(),
      whenCompiled: { remedy: "run the test with deno test" },
      env: { NO_COLOR: "1", RINGBUS_DIR: dir, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    this.#finished = this.#finish();
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** All that it has printed, errors included. */
  get output(): string {
    return this.#output;
  }

  /** False once it has ended, and everything that it printed was read. */
  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  async #finish(): Promise<Deno.CommandStatus> {
    const { stdout, stderr, status } = this.#child;
    await Promise.all([this.#read(stdout), this.#read(stderr)]);
    const ended = await status;
    this.#hasEnded = true;
    this.#notify();
    return ended;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += part;
      this.#notify();
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Waits until it has printed a text, or something that matches. Resolves at once if it has.
   *
   * @throws {Error} if it ends before, or takes longer than `timeoutMs`; with what it has printed
   */
  async prints(expected: string | RegExp, options?: DeadlineOptions): Promise<void> {
    checkNoMore("prints()", arguments, 2);
    PRINTS_OPTIONS.check(options);
    if (typeof expected !== "string" && !(expected instanceof RegExp)) {
      throw new TypeError(`expected must be a text or a RegExp, not ${formatValue(expected)}`);
    }
    const isText = typeof expected === "string";
    const pattern = isText ? new RegExp(RegExp.escape(expected)) : expected;
    const shown = isText ? JSON.stringify(expected) : String(expected);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const listener = () => {
      if (this.#output.search(pattern) >= 0) resolve();
      else if (this.#hasEnded) {
        reject(
          new Error(`${this.#module} ended before it printed ${shown}; its output: ${this.#shown}`),
        );
      }
    };
    this.#listeners.add(listener);
    try {
      listener();
      const timeoutMs = options?.timeoutMs ?? DEADLINE_MS;
      await withTimer(
        promise,
        timeoutMs,
        () =>
          reject(
            new Error(
              `${this.#module} did not print ${shown} within ${timeoutMs} ms; its output: ${this.#shown}`,
            ),
          ),
      );
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Its output, in lines of their own. */
  get #shown(): string {
    return `\n${this.#output}`;
  }

  /** Sends a signal. Does nothing if the process has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    checkNoMore("kill()", arguments, 1);
    text("signal", signal);
    if (this.#hasEnded) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // Thrown for a process that has ended a moment ago.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /**
   * Waits for its end, and returns how it ended. A failure is no error: the status has it.
   *
   * @throws {Error} if it takes longer than `timeoutMs`; with what it has printed
   */
  async ended(options?: DeadlineOptions): Promise<Deno.CommandStatus> {
    checkNoMore("ended()", arguments, 1);
    ENDED_OPTIONS.check(options);
    const timeoutMs = options?.timeoutMs ?? DEADLINE_MS;
    const { promise, resolve, reject } = Promise.withResolvers<Deno.CommandStatus>();
    void this.#finished.then(resolve, reject);
    return await withTimer(
      promise,
      timeoutMs,
      () =>
        reject(
          new Error(
            `${this.#module} did not end within ${timeoutMs} ms; its output: ${this.#shown}`,
          ),
        ),
    );
  }

  /** Ends it the hard way, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#finished;
  }
}

/** What ends a process with the thread that started it, if it is installed. */
function withOwner(): string[] {
  if (!mayStartPrograms() || !hasSetpriv()) return [];
  return ["setpriv", "--pdeathsig", "KILL"];
}

let isSetprivThere: boolean | undefined;

function hasSetpriv(): boolean {
  return isSetprivThere ??= findSetpriv();
}

function findSetpriv(): boolean {
  const { state } = Deno.permissions.querySync({ name: "run", command: "setpriv" });
  if (Deno.build.os !== "linux" || state !== "granted") return false;
  try {
    return new Deno.Command("setpriv", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}
