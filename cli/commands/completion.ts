/**
 * `ringbus completion`: completion of command lines in a shell.
 *
 * @module
 */

import { SCRIPTS } from "../completion/scripts.ts";
import { defineCommand, UsageError } from "../command.ts";

const SHELLS = Object.keys(SCRIPTS);

/** The subcommand. */
export const command = defineCommand({
  usage: "SHELL",
  description: `Prints a script with which SHELL (${
    SHELLS.join(", ")
  }) completes commands, options, some of
their values, and the names of channels. The shell runs ringbus when one presses Tab, so that the
command must be on the PATH.`,
  examples: [
    [
      "ringbus completion bash > ~/.ringbus-completion.bash",
      "write a script that ~/.bashrc can source",
    ],
    [
      "ringbus completion fish > ~/.config/fish/completions/ringbus.fish",
      "the same for fish",
    ],
    [`ringbus completion zsh > "\${fpath[1]}/_ringbus"`, "the same for zsh"],
  ],
  options: {},
  arity: [1, 1],
  // deno-lint-ignore require-await
  async run({ arguments: [shell], output }) {
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new UsageError(
        `ringbus completion takes ${SHELLS.join(", ")}, not ${JSON.stringify(shell)}`,
      );
    }
    output.print(SCRIPTS[shell].trimEnd());
  },
});
