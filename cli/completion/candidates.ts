/**
 * What can stand in a place of a command line.
 *
 * @module
 */

import type { Command, OptionDescription } from "../command.ts";
import { type CommandEntry, type CommandGroup, COMMANDS } from "../commands.ts";
import { COMMON_OPTIONS } from "../help.ts";
import { namesOfChannels } from "../observe/open.ts";

/** A word, and what it means, if that is not clear. */
export interface Candidate {
  readonly word: string;
  readonly meaning?: string;
}

/** Commands whose first arguments are names of channels, by how the help writes the arguments. */
const TAKES_CHANNEL = /^\[?(?:NAME|PATTERN)\b/;
const TAKES_CHANNELS = /^\[?(?:NAME|PATTERN)\.\.\./;

/**
 * The words that can stand in the place of the last one, which may be incomplete or empty. Words that bash
 * has cut off at `=` are put together.
 */
export async function candidates(words: readonly string[]): Promise<Candidate[]> {
  const current = words.at(-1) === "=" ? "" : words.at(-1) ?? "";
  const before = words.slice(0, -1).filter((word) => word !== "=");
  const all = await allCandidates(before, current);
  return all.filter(({ word }) => word.startsWith(current));
}

async function allCandidates(before: readonly string[], current: string): Promise<Candidate[]> {
  const [first, ...rest] = before;
  if (first === "help") return await allCandidates(rest, current);
  if (first === undefined) return [...named(COMMANDS), ...PROGRAM_OPTIONS];
  if (!Object.hasOwn(COMMANDS, first)) return [];
  const entry = COMMANDS[first];
  if (!("commands" in entry)) return ofCommand((await entry.load()).command, rest, current, true);
  const [second, ...others] = rest;
  if (second === undefined) return named(entry.commands);
  if (!Object.hasOwn(entry.commands, second)) return [];
  return ofCommand((await entry.commands[second].load()).command, others, current, false);
}

const PROGRAM_OPTIONS: readonly Candidate[] = [
  { word: "help", meaning: "print the help of a command" },
  { word: "--help", meaning: "print the help" },
  { word: "--version", meaning: "print the version" },
];

function named(entries: Readonly<Record<string, CommandEntry | CommandGroup>>): Candidate[] {
  return Object.entries(entries).flatMap(([word, { summary }]) =>
    summary === undefined ? [] : [{ word, meaning: summary }]
  );
}

function ofCommand(
  command: Command,
  before: readonly string[],
  current: string,
  mayTakeChannels: boolean,
): Candidate[] {
  if (before.includes("--")) return [];
  const options = Object.entries<OptionDescription>({ ...command.options, ...COMMON_OPTIONS });
  const valued = options.filter(([, { type }]) => type === "string");
  const isOption = (word: string, [name, { short }]: typeof options[number]) =>
    word === `--${name}` || short !== undefined && word === `-${short}`;
  const open = valued.find((option) => isOption(before.at(-1) ?? "", option));
  if (open !== undefined) return valuesOf(open[1]);
  if (current.startsWith("-")) return optionWords(options, current);
  const places =
    before.filter((word, at) =>
      !word.startsWith("-") && !valued.some((option) => isOption(before[at - 1] ?? "", option))
    ).length;
  const hasChannel = places === 0
    ? TAKES_CHANNEL.test(command.usage)
    : TAKES_CHANNELS.test(command.usage);
  return mayTakeChannels && hasChannel ? namesOfChannels().map((word) => ({ word })) : [];
}

function valuesOf({ choices = [] }: OptionDescription, prefix = ""): Candidate[] {
  return choices.map((choice) => ({ word: prefix + choice }));
}

/** The options, or the values of the one that is followed by `=`. */
function optionWords(
  options: readonly (readonly [string, OptionDescription])[],
  current: string,
): Candidate[] {
  const [name, value] = current.split("=", 2);
  if (value !== undefined) {
    const option = options.find(([each]) => `--${each}` === name);
    return option === undefined ? [] : valuesOf(option[1], `${name}=`);
  }
  return options.map(([each, { isOn, help }]) => ({
    word: isOn ? `--no-${each}` : `--${each}`,
    meaning: help,
  }));
}
