/**
 * A command that handles requests.
 *
 * @module
 */

import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { fromJsonForm, toJsonForm } from "../arguments/json_form.ts";
import { messageOf } from "../../lib/base/thrown.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a command is run. */
export interface ResponseOptions {
  /** Milliseconds until the command is killed. Undefined: never. */
  readonly timeoutMs: number | undefined;
  /** True if requests and replies are bytes. */
  readonly isRaw: boolean;
}

/**
 * Runs a command with a request on its standard input. Resolves with what it prints.
 *
 * @throws {Error} if it cannot be started or fails, with what it wrote to its error stream
 */
export async function responseOf(
  [program, ...args]: readonly string[],
  request: unknown,
  { timeoutMs, isRaw }: ResponseOptions,
): Promise<unknown> {
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const child = start(program, args, deadline);
  const [{ success, code, signal, stdout, stderr }] = await Promise.all([
    child.output(),
    writeInput(child.stdin, isRaw ? request as Uint8Array : encoder.encode(lineOf(request))),
  ]);
  if (deadline?.aborted) throw new Error(`${program} did not reply within ${timeoutMs} ms`);
  if (!success) {
    const errorText = decoder.decode(stderr).trim();
    throw new Error(
      errorText === "" ? `${program} ended with ${signal ?? `code ${code}`}` : errorText,
    );
  }
  return isRaw ? stdout : replyOf(decoder.decode(stdout));
}

function start(
  program: string,
  args: string[],
  signal: AbortSignal | undefined,
): Deno.ChildProcess {
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  try {
    return new Deno.Command(program, { args, ...signal && { signal }, ...pipes }).spawn();
  } catch (cause) {
    const reason = messageOf(cause);
    throw new Error(`cannot run ${program}: ${reason}`, { cause });
  }
}

function lineOf(request: unknown): string {
  return `${JSON.stringify(toJsonForm(request))}\n`;
}

/** A command may ignore its input. */
async function writeInput(stdin: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function replyOf(printed: string): unknown {
  const text = printed.replace(/\r?\n$/, "");
  let form: unknown;
  try {
    form = parsePlainJson(text);
  } catch {
    return text;
  }
  return fromJsonForm(form);
}
