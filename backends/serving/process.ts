/**
 * A server in a process of its own, which lives as long as the pipe to its input: the kernel closes that
 * when the owner ends, also when it is killed.
 *
 * @module
 */

import type { RunningServer, ServerKind } from "./mode.ts";
import { addressIn } from "./report.ts";

/** Milliseconds for a server to stop by itself. */
const STOP_MS = 5000;

/** Starts a server in a process. */
export async function startProcess<Options>(
  { program, permissions }: ServerKind<Options>,
  options: Options,
): Promise<RunningServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-lock", ...permissions, program.href],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const stop = () => end(child, input);
  try {
    const line = new TextEncoder().encode(JSON.stringify(options) + "\n");
    const [report] = await Promise.all([firstLine(child.stdout), input.write(line)]);
    return { address: addressIn(JSON.parse(report)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  // Leaving the loop closes the stream: nothing else is said there.
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) return text;
  }
  throw new Error("the server's process ended before it had started: see its standard error");
}

async function end(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  // Fails if the process is gone.
  await input.close().catch(() => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await child.status;
  clearTimeout(timer);
}
