/**
 * The command line as a shell runs it: words in, an exit code and two streams out.
 *
 * @module
 */

import { Program, ROOT } from "./program.ts";
import { inScratch, type Scratch } from "./scratch.ts";
import { within } from "./deadline.ts";

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command gets besides its words. */
export interface CommandInput {
  /** Its standard input; empty when left out. */
  readonly input?: string;
  /** Permissions of the program; all when left out. */
  readonly permissions?: readonly string[];
}

/** A shell with a segment directory of its own. */
export interface Shell {
  readonly scratch: Scratch;
  /** Runs `ringbus` with these words to its end. */
  run(words: readonly string[], input?: CommandInput): Promise<CommandResult>;
  /** Starts `ringbus` with these words; end it with `await using`. */
  start(words: readonly string[]): Program;
}

/** Runs a test with a shell; nothing may be left in its segment directory but `expected`. */
export function inShell(test: (shell: Shell) => Promise<void>, expected?: string[]): Promise<void> {
  return inScratch(async (scratch) => {
    const RINGBUS_DIR = scratch.path;
    await test({
      scratch,
      run: (words, input) => runCommand(words, { RINGBUS_DIR }, input),
      start: (words) => new Program(["-A", "main.ts", ...words], { RINGBUS_DIR }),
    });
  }, expected);
}

async function runCommand(
  words: readonly string[],
  env: Record<string, string>,
  { input = "", permissions = ["-A"] }: CommandInput = {},
): Promise<CommandResult> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, "main.ts", ...words],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const given = writer.write(new TextEncoder().encode(input)).then(() => writer.close())
    .catch(() => {}); // it need not read all
  const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.status, given]);
  const [stdout, stderr, { code }] = await within(ended, `the end of ringbus ${words.join(" ")}`);
  return { code, stdout, stderr };
}
