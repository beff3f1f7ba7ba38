/**
 * A server in a process of its own. It ends when the pipe to its input is closed. The kernel closes the
 * pipe when the owner ends, also when the owner is killed. A detached server ends by itself.
 *
 * @module
 */

import { withTimer } from "../../lib/base/timer.ts";
import type { RunningServer, ServerKind, ServerProgram } from "./mode.ts";
import { programCommand } from "./program_command.ts";
import { addressFrom } from "./report.ts";

/** Milliseconds for a server to stop by itself. */
const STOP_MS = 5000;

/** Starts a server in a process. */
export async function startProcess<Options>(
  kind: ServerKind<Options>,
  options: Options,
): Promise<RunningServer> {
  const child = spawn(kind, { stderr: "inherit", compiledRemedy: `use serverMode "inline"` });
  const input = child.stdin.getWriter();
  let ended: Promise<void> | undefined;
  const stop = () => ended ??= end(child, input);
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
    await end(child, input);
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
  const line = new TextEncoder().encode(JSON.stringify(options) + "\n");
  const [report] = await Promise.all([firstLine(child.stdout), input.write(line)]);
  return addressFrom(JSON.parse(report));
}

async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  // The end of the loop closes the stream: there is only one line.
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) return text;
  }
  throw new Error(
    "the server's process ended before the server had started: see its standard error",
  );
}

async function end(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  child.ref();
  // Rejects if the process has ended.
  await input.close().catch(() => {});
  await withTimer(child.status, STOP_MS, () => child.kill("SIGKILL"));
}
