/**
 * The help texts, made from the tables.
 *
 * @module
 */

import type { Command, OptionDescription, OptionTable } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** The options that every subcommand has. */
export const COMMON_OPTIONS = {
  json: { type: "boolean", help: "print JSON, a line a record" },
  help: { type: "boolean", short: "h", help: "print this" },
} as const satisfies OptionTable;

/** What `ringbus --help` says. */
export function programHelp(): string {
  const named = Object.entries(COMMANDS).filter(([, { summary }]) => summary !== undefined);
  return [
    "Messages between workers, processes and machines.",
    "",
    "Usage: ringbus COMMAND [ARGUMENT...]",
    "",
    "Commands:",
    ...columns(named.map(([name, { summary }]) => [name, summary!])),
    "",
    "Options:",
    ...columns([["-h, --help", "print this"], ["-V, --version", "print the version"]]),
    "",
    "`ringbus COMMAND --help` tells more. Exit codes: 0 done, 1 failed, 2 wrong command line,",
    "3 nothing came in time. NO_COLOR turns colours off, RINGBUS_DIR says where channels are.",
  ].join("\n");
}

/** What `ringbus NAME --help` says. */
export function commandHelp(name: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  return [
    `Usage: ringbus ${name} ${command.usage}`.trimEnd(),
    "",
    command.description.trim(),
    "",
    "Options:",
    ...columns(
      options.map(([option, description]) => [usageOf(option, description), description.help]),
    ),
  ].join("\n");
}

function usageOf(name: string, { short, type, value, isOn }: OptionDescription): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  const long = isOn ? `--no-${name}` : `--${name}`;
  return `${letter}${long}${type === "string" ? ` ${value ?? "VALUE"}` : ""}`;
}

function columns(rows: string[][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
