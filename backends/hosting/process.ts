/**
 * A server in a process of its own. It ends when the pipe to its input is closed. The kernel closes the
 * pipe when the owner ends, also when the owner is killed. A detached server ends by itself.
 *
 * @module
 */

import { linesOf } from "../../lib/base/lines.ts";
import type { RunningServer, ServerKind, ServerProgram } from "./mode.ts";
import { programCommand } from "./program_command.ts";
import { addressFrom } from "./report.ts";
import { endsWithin, graceMsOf, type StopOptions } from "./stop.ts";

/** Milliseconds for a server to end by itself, besides those for clients. */
const END_MS = 2000;

/** Starts a server in a process. */
export async function startProcess<Options>(
  kind: ServerKind<Options>,
  options: Options,
): Promise<RunningServer> {
  const child = spawn(kind, { stderr: "inherit", compiledRemedy: `use serverMode "inline"` });
  const input = child.stdin.getWriter();
  let ended: Promise<void> | undefined;
  const stop = async (stopOptions?: StopOptions) => {
    const graceMs = graceMsOf(stopOptions);
    await (ended ??= end(child, input, graceMs));
  };
  try {
    const address = await begin(child, input, options);
    return { address, unref: () => child.unref(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Starts a server that outlives its owner and ends by itself. It has a process group of its own, and
 * none of the owner's streams. It does not keep this process alive, unless `wait` is called.
 */
export async function startDetached<Options>(
  program: ServerProgram,
  options: Options,
  compiledRemedy: string,
): Promise<DetachedServer> {
  const child = spawn(program, { stderr: "null", detached: true, compiledRemedy });
  const input = child.stdin.getWriter();
  try {
    await begin(child, input, options);
  } catch (error) {
    await end(child, input, 0);
    throw error;
  }
  await input.close();
  child.unref();
  return {
    ended: child.status,
    async wait() {
      child.ref();
      await child.status;
    },
  };
}

/** A server that ends by itself. */
export interface DetachedServer {
  /** Resolves when the server has ended. */
  readonly ended: Promise<unknown>;
  /** Waits for the end of the server, and keeps this process alive. */
  wait(): Promise<void>;
}

/** Options of a new process besides its pipes. */
interface SpawnOptions extends Pick<Deno.CommandOptions, "stderr" | "detached"> {
  /** What to do instead in a program that was made by `deno compile`. */
  readonly compiledRemedy: string;
}

function spawn(
  { program, permissions }: ServerProgram,
  { compiledRemedy, ...options }: SpawnOptions,
): Deno.ChildProcess {
  return programCommand({
    module: program.href,
    permissions,
    whenCompiled: { remedy: compiledRemedy },
    stdin: "piped",
    stdout: "piped",
    ...options,
  }).spawn();
}

/** Sends the options to the process, and returns the address where the server listens. */
async function begin<Options>(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
  options: Options,
): Promise<string> {
  const [report] = await Promise.all([firstLine(child.stdout), input.write(lineOf(options))]);
  return addressFrom(JSON.parse(report));
}

async function firstLine(output: Deno.ChildProcess["stdout"]): Promise<string> {
  // The end of the loop closes the stream: there is only one line.
  for await (const line of linesOf(output, { completeOnly: true })) return line;
  throw new Error(
    "the server's process ended before the server had started: see its standard error",
  );
}

function lineOf(message: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}

/** Requests the end of the process, and kills it if it does not end in time. */
async function end(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
  graceMs: number,
): Promise<void> {
  child.ref();
  // Both reject if the process has ended.
  input.write(lineOf({ graceMs })).catch(() => {});
  input.close().catch(() => {});
  if (!await endsWithin(child.status, graceMs + END_MS)) kill(child);
  await child.status;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}
