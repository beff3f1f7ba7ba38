/**
 * The command line on a terminal.
 *
 * @module
 */

import { within } from "./deadline.ts";
import type { CommandResult } from "./command_line.ts";

/** What happens on the terminal. */
export interface TerminalOptions {
  /** Directory of the channels. */
  readonly dir: string;
  /** Columns of the terminal. */
  readonly columns?: number;
  /** Keys to press when it shows a text. */
  readonly keys?: readonly [awaited: string, keys: string];
}

/** Runs `ringbus` on a terminal. What it wrote, with any escape codes, is in `stdout`. */
export async function onTerminal(
  words: readonly string[],
  { dir, columns = 80, keys: [awaited, keys] = ["no such text", ""] }: TerminalOptions,
): Promise<CommandResult> {
  const program = [Deno.execPath(), "run", "-qA", "main.ts", ...words];
  const child = new Deno.Command("python3", {
    args: ["-I", "-B", "tests/support/interop/terminal.py", awaited, keys, ...program],
    env: { RINGBUS_DIR: dir, TERM: "xterm", NO_COLOR: "1", COLUMNS: `${columns}` },
  });
  const { code, stdout, stderr } = await within(child.output(), `ringbus ${words.join(" ")}`);
  const [shown, failed] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: shown, stderr: failed };
}
