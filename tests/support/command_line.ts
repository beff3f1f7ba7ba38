/**
 * The command line as a shell runs it: words in, an exit code and two streams out.
 *
 * @module
 */

import { ROOT, Running } from "./program.ts";
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
  /** Its standard input. Default: empty. */
  readonly input?: string | undefined;
  /** Permissions of the program. Default: all. A compiled program has its own. */
  readonly permissions?: readonly string[] | undefined;
  /** Milliseconds that it may take; for one that starts many processes more than usual. */
  readonly deadlineMs?: number | undefined;
}

/** A shell with a segment directory of its own. */
export interface Shell {
  readonly scratch: Scratch;
  /** Runs `ringbus` with these words to its end. */
  run(words: readonly string[], input?: CommandInput): Promise<CommandResult>;
  /** Starts `ringbus` with these words; end it with `await using`. */
  start(words: readonly string[]): Running;
}

/** How `ringbus` is run. */
export interface ShellProgram {
  readonly command: string;
  /** Arguments before its words. */
  args(permissions: readonly string[]): string[];
  readonly cwd: string | URL;
  /** More variables of the environment. */
  readonly env?: Record<string, string>;
}

const FROM_SOURCE: ShellProgram = {
  command: Deno.execPath(),
  args: (permissions) => ["run", "--quiet", "--no-prompt", ...permissions, "main.ts"],
  cwd: ROOT,
};

/** Runs a test with a shell; nothing may be left in its segment directory but `expected`. */
export function inShell(
  test: (shell: Shell) => Promise<void>,
  expected?: string[],
  program: ShellProgram = FROM_SOURCE,
): Promise<void> {
  const { command, cwd } = program;
  return inScratch(async (scratch) => {
    const env = { ...program.env, RINGBUS_DIR: scratch.path };
    await test({
      scratch,
      run: (words, { input = "", permissions = ["-A"], deadlineMs } = {}) => {
        const args = [...program.args(permissions), ...words];
        return runCommand({ command, args, cwd, env, input, deadlineMs });
      },
      start: (words) =>
        new Running("ringbus", command, [...program.args(["-A"]), ...words], { env, cwd }),
    });
  }, expected);
}

async function runCommand({ command, args, cwd, env, input, deadlineMs }: {
  command: string;
  args: string[];
  cwd: string | URL;
  env: Record<string, string>;
  input: string;
  deadlineMs?: number | undefined;
}): Promise<CommandResult> {
  await using child = new Deno.Command(command, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const given = writer.write(new TextEncoder().encode(input)).then(() => writer.close())
    .catch(() => {}); // it need not read all
  const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.status, given]);
  const what = `the end of ringbus ${args.join(" ")}`;
  const [stdout, stderr, { code }] = await within(ended, what, deadlineMs);
  return { code, stdout, stderr };
}
