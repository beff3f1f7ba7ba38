/**
 * The command line, `ringbus`: servers, views of channels, and messages from the shell.
 *
 * ```sh
 * deno run -A main.ts --help
 * ```
 *
 * @example
 * ```ts
 * import { main } from "@ringbus/ringbus/cli";
 *
 * const exitCode = await main(["--version"]);
 * console.log(exitCode); // 0
 * ```
 *
 * @module
 */

import { runCommandLine } from "./cli/run.ts";
import { isWorker, runWorker } from "./cli/benchmark/worker.ts";

/**
 * Runs a command line, as `ringbus ARGS` does.
 *
 * @param args the words after `ringbus`
 * @returns the exit code: 0 success, 1 failure, 2 wrong command line, 3 timeout
 *
 * @example
 * ```ts
 * import { main } from "@ringbus/ringbus/cli";
 *
 * console.log(await main(["ls", "--help"])); // 0
 * ```
 */
export function main(args: readonly string[]): Promise<number> {
  return runCommandLine(args, import.meta.url);
}

if (import.meta.main) {
  if (isWorker()) await runWorker();
  else Deno.exit(await main(Deno.args));
}
