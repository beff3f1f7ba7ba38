/**
 * Processes that end with the thread that started them, also when it is killed.
 *
 * @module
 */

import { withTimer } from "../lib/base/timer.ts";
import { NotInstalledError } from "./not_installed.ts";

/**
 * The kernel kills the program when its parent ends. A parent that ended before that was arranged
 * is noticed by the number of the parent, which is then another.
 */
const GUARD = 'test "$PPID" = "$1" || exit 1; log=$2; shift 2; exec "$@" >>"$log" 2>&1';

/** Exit code of a shell for a program that does not exist. */
const NOT_FOUND = 127;

/** A program to start. */
export interface OwnedProgram {
  /** Name of the program on the path, and its arguments. */
  command: string[];
  /** Working directory. */
  cwd: string;
  /** File to which its output is appended. */
  logPath: string;
  /** Command that installs it. */
  install: string;
}

/** A running program, or one that has ended. */
export class OwnedProcess {
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<void>;
  #status: Deno.CommandStatus | undefined;
  readonly #program: OwnedProgram;

  /** Starts the program. */
  constructor(program: OwnedProgram) {
    this.#program = program;
    this.#child = spawn(program);
    this.#ended = this.#child.status.then((status) => {
      this.#status = status;
    });
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** True if it runs. Throws `NotInstalledError` if it could not start. */
  get isRunning(): boolean {
    if (this.#status?.code === NOT_FOUND) {
      throw new NotInstalledError(this.#program.command[0], this.#program.install);
    }
    return this.#status === undefined;
  }

  /** Sends a signal, and waits for the end of the process. Kills it after `deadlineMs`. */
  async end(signal: Deno.Signal, deadlineMs: number): Promise<void> {
    this.#signal(signal);
    await withTimer(this.#ended, deadlineMs, () => this.#signal("SIGKILL"));
  }

  #signal(signal: Deno.Signal): void {
    if (this.#status) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // Thrown for a process that has ended a moment ago.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function spawn({ command, cwd, logPath }: OwnedProgram): Deno.ChildProcess {
  const guard = ["sh", "-c", GUARD, "sh", String(Deno.pid), logPath, ...command];
  const setpriv = new Deno.Command("setpriv", {
    args: ["--pdeathsig", "KILL", ...guard],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  try {
    return setpriv.spawn();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const install = "apt-get install -y util-linux (Linux only; it ends the server with its owner)";
    throw new NotInstalledError("setpriv", install, { cause });
  }
}
