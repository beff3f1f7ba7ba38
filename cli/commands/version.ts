/**
 * `ringbus version`: the versions of what takes part.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { printFields } from "../observe/report.ts";
import { VERSION } from "../version.ts";
import { VERSION as LAYOUT_VERSION } from "../../wasm/layout.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Prints the version of Ringbus, that of Deno, the platform, and the version of the layout of
segments: processes share a channel only if they have the same layout.`,
  examples: [
    ["ringbus version", "print the versions"],
    ["ringbus version --json", "the same as JSON, for a report of a problem"],
  ],
  options: {},
  arity: [0, 0],
  // deno-lint-ignore require-await
  async run({ output }) {
    const { deno, v8, typescript } = Deno.version;
    const platform = Deno.build.target;
    if (output.isJson) {
      output.json({ version: VERSION, layout: LAYOUT_VERSION, platform, deno, v8, typescript });
      return;
    }
    printFields(output, [
      ["ringbus", VERSION],
      ["layout", `${LAYOUT_VERSION}`],
      ["platform", platform],
      ["deno", deno],
    ]);
  },
});
