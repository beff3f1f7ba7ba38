/**
 * The help texts, derived from the tables.
 *
 * @module
 */

import type { Command, OptionDescription, OptionTable } from "./command.ts";
import { type CommandEntry, type CommandGroup, COMMANDS } from "./commands.ts";

/** The options that every subcommand has. */
export const COMMON_OPTIONS = {
  json: { type: "boolean", help: "print JSON, one line for each record" },
  help: { type: "boolean", short: "h", help: "print this help" },
} as const satisfies OptionTable;

/** The text of `ringbus --help`. */
export function programHelp(): string {
  return [
    "Messages between workers, processes and machines.",
    "",
    "Usage: ringbus COMMAND [ARGUMENT...]",
    "",
    "Commands:",
    ...summaries(COMMANDS),
    "",
    "Options:",
    ...columns([["-h, --help", "print this help"], ["-V, --version", "print the version"]]),
    "",
    "`ringbus COMMAND --help` describes a command. Exit codes: 0 success, 1 failure, 2 wrong command",
    "line, 3 timeout. NO_COLOR turns colours off. RINGBUS_DIR sets the directory of the channels.",
  ].join("\n");
}

/** The text of `ringbus NAME --help` for a group of subcommands. */
export function groupHelp(name: string, { summary, commands }: CommandGroup): string {
  return [
    `Usage: ringbus ${name} COMMAND [ARGUMENT...]`,
    "",
    `Commands to ${summary}:`,
    ...summaries(commands),
    "",
    `\`ringbus ${name} COMMAND --help\` describes a command.`,
  ].join("\n");
}

function summaries(commands: Readonly<Record<string, CommandEntry | CommandGroup>>): string[] {
  const named = Object.entries(commands).filter(([, { summary }]) => summary !== undefined);
  return columns(named.map(([name, { summary }]) => [name, summary!]));
}

/** The text of `ringbus NAME --help`. */
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
