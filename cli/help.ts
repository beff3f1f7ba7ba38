/**
 * The help texts, derived from the tables, in lines of a width.
 *
 * @module
 */

import type { Command, Example, OptionDescription, OptionTable } from "./command.ts";
import { type CommandEntry, type CommandGroup, COMMANDS } from "./commands.ts";
import { indented, pairLines, wrapped } from "./wrap.ts";

/** The options that every subcommand has. */
export const COMMON_OPTIONS = {
  json: { type: "boolean", help: "print JSON, one line for each record" },
  help: { type: "boolean", short: "h", help: "print this help" },
} as const satisfies OptionTable;

/** The text of `ringbus --help`. */
export function programHelp(width: number): string {
  return [
    "Messages between workers, processes and machines.",
    "",
    "Usage: ringbus COMMAND [ARGUMENT...]",
    "",
    "Commands:",
    ...summaries(COMMANDS, width),
    "",
    "Options:",
    ...pairLines(
      [["-h, --help", "print this help"], ["-V, --version", "print the version"]],
      width,
    ),
    "",
    "Examples:",
    ...examples([
      ["ringbus sub robot.pose", "print what is published to a channel"],
      ["ringbus help queue ls", "describe a command"],
    ], width),
    "",
    ...wrapped(
      "`ringbus COMMAND --help` describes a command. Exit codes: 0 success, 1 failure, 2 wrong " +
        "command line, 3 timeout. NO_COLOR turns colours off. RINGBUS_DIR sets the directory of " +
        "the channels.",
      width,
    ),
  ].join("\n");
}

/** The text of `ringbus NAME --help` for a group of subcommands. */
export function groupHelp(
  name: string,
  { summary, commands }: CommandGroup,
  width: number,
): string {
  return [
    `Usage: ringbus ${name} COMMAND [ARGUMENT...]`,
    "",
    `Commands to ${summary}:`,
    ...summaries(commands, width),
    "",
    `\`ringbus ${name} COMMAND --help\` describes a command.`,
  ].join("\n");
}

function summaries(
  commands: Readonly<Record<string, CommandEntry | CommandGroup>>,
  width: number,
): string[] {
  const named = Object.entries(commands).filter(([, { summary }]) => summary !== undefined);
  return pairLines(named.map(([name, { summary }]) => [name, summary!]), width);
}

/** The text of `ringbus NAME --help`. */
export function commandHelp(name: string, command: Command, width: number): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  return [
    `Usage: ringbus ${name} ${command.usage}`.trimEnd(),
    "",
    ...wrapped(command.description, width),
    "",
    "Options:",
    ...pairLines(
      options.map(([option, description]) => [usageOf(option, description), description.help]),
      width,
    ),
    ...command.examples.length === 0 ? [] : ["", "Examples:", ...examples(command.examples, width)],
  ].join("\n");
}

function examples(all: readonly Example[], width: number): string[] {
  return all.flatMap(([commandLine, effect]) => [
    `  ${commandLine}`,
    ...indented(effect, 6, width),
  ]);
}

function usageOf(name: string, { short, type, value, isOn }: OptionDescription): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  const long = isOn ? `--no-${name}` : `--${name}`;
  return `${letter}${long}${type === "string" ? ` ${value ?? "VALUE"}` : ""}`;
}
