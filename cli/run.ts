/**
 * Runs a command line, and returns its exit code.
 *
 * @module
 */

import { RingbusError } from "../lib/base/errors.ts";
import { readArguments } from "./arguments/words.ts";
import { EXIT, UsageError } from "./command.ts";
import { type CommandEntry, type CommandGroup, COMMANDS } from "./commands.ts";
import { commandHelp, groupHelp, programHelp } from "./help.ts";
import { didYouMean } from "../lib/base/suggestions.ts";
import { Output, OutputClosedError } from "./output.ts";
import { withCommands } from "./remedies.ts";
import { withSignals } from "./signals.ts";
import { VERSION } from "./version.ts";
import { messageOf } from "../lib/base/thrown.ts";

/** Runs a command line. Returns the exit code. */
export async function runCommandLine(args: readonly string[], mainUrl: string): Promise<number> {
  const [name, ...others] = args;
  const output = new Output(others.includes("--json"));
  try {
    return await runNamed(name, others, output, mainUrl);
  } catch (error) {
    return codeOf(error, output, helpFor(name, others));
  } finally {
    await output.flushNotices();
  }
}

async function runNamed(
  name: string | undefined,
  others: readonly string[],
  output: Output,
  mainUrl: string,
): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const [topic, ...words] = name === "help" ? others : [];
    if (topic !== undefined) return await runCommand(topic, [...words, "--help"], output, mainUrl);
    await printText(output, programHelp(output.helpWidth));
    return name === undefined ? EXIT.USAGE : EXIT.DONE;
  }
  if (name === "--version" || name === "-V") {
    await printText(output, VERSION);
    return EXIT.DONE;
  }
  if (name === "complete" && others[0] === "--") {
    return await printCandidates(others.slice(1), output);
  }
  return await runCommand(name, others, output, mainUrl);
}

/** Prints the words that a shell offers, with their meanings: the scripts of `ringbus completion` call it. */
async function printCandidates(words: readonly string[], output: Output): Promise<number> {
  const { candidates } = await import("./completion/candidates.ts");
  for (const { word, meaning = "" } of await candidates(words)) output.print(`${word}\t${meaning}`);
  await output.flushEnd();
  return EXIT.DONE;
}

/** Prints a text, which the default action of a signal may cut off. */
async function printText(output: Output, text: string): Promise<void> {
  output.print(text);
  await output.flush(new AbortController().signal);
}

async function runCommand(
  name: string,
  args: readonly string[],
  output: Output,
  mainUrl: string,
): Promise<number> {
  const entry = entryOf(COMMANDS, name);
  if (!("commands" in entry)) return await runEntry(name, entry, args, output, mainUrl);
  const [word, ...others] = args;
  if (word === undefined || word === "--help" || word === "-h") {
    await printText(output, groupHelp(name, entry, output.helpWidth));
    return word === undefined ? EXIT.USAGE : EXIT.DONE;
  }
  const own = entryOf(entry.commands, word, `${name} `);
  return await runEntry(`${name} ${word}`, own, others, output, mainUrl);
}

/** @throws {UsageError} if there is no such command */
function entryOf<Entry extends CommandEntry | CommandGroup>(
  commands: Readonly<Record<string, Entry>>,
  name: string,
  group = "",
): Entry {
  if (Object.hasOwn(commands, name)) return commands[name];
  if (name.startsWith("-")) throw new UsageError(`give ${name} after a command, not before it`);
  const names = Object.keys(commands).filter((other) => commands[other].summary !== undefined);
  throw new UsageError(
    `there is no command ${JSON.stringify(group + name)}: use ${names.join(", ")}` +
      didYouMean(name, names),
  );
}

async function runEntry(
  name: string,
  entry: CommandEntry,
  args: readonly string[],
  output: Output,
  mainUrl: string,
): Promise<number> {
  const { command } = await entry.load();
  if (isHelpRequested(args)) {
    await printText(output, commandHelp(name, command, output.helpWidth));
    return EXIT.DONE;
  }
  const read = readArguments(name, command, args);
  return await withSignals(async (signal) => {
    try {
      return await command.run({ ...read, output, mainUrl, signal });
    } finally {
      if (!await output.flush(signal)) await output.flushEnd();
    }
  }) ?? EXIT.DONE;
}

function isHelpRequested(args: readonly string[]): boolean {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.includes("--help") || own.includes("-h");
}

/** The command line that prints the help for another one. */
function helpFor(name: string, [word]: readonly string[]): string {
  if (!Object.hasOwn(COMMANDS, name)) return "ringbus --help";
  const entry = COMMANDS[name];
  const isNamed = "commands" in entry && Object.hasOwn(entry.commands, word);
  return `ringbus ${name}${isNamed ? ` ${word}` : ""} --help`;
}

/** Prints an error. Returns the exit code. */
function codeOf(error: unknown, output: Output, help: string): number {
  if (error instanceof OutputClosedError) return EXIT.DONE;
  if (error instanceof UsageError) {
    output.notice(`ringbus: ${error.message}\nSee \`${help}\``);
    return EXIT.USAGE;
  }
  output.notice(`ringbus: ${withCommands(messageOf(error))}`);
  return isTimeout(error) ? EXIT.TIMED_OUT : EXIT.FAILED;
}

/** Codes of errors that end a command at a timeout. */
const TIMEOUTS: ReadonlySet<string> = new Set(["shm-timeout", "shm-buffer-full", "queue-timeout"]);

function isTimeout(error: unknown): boolean {
  return error instanceof RingbusError && TIMEOUTS.has(error.code);
}
