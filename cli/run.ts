/**
 * Runs a command line, and returns its exit code.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RingbusError } from "../lib/base/errors.ts";
import { type Command, EXIT, type Invocation, type OptionTable, UsageError } from "./command.ts";
import { type CommandEntry, type CommandGroup, COMMANDS } from "./commands.ts";
import { pluralize } from "../lib/base/pluralize.ts";
import { commandHelp, COMMON_OPTIONS, groupHelp, programHelp } from "./help.ts";
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
    await printText(output, programHelp());
    return name === undefined ? EXIT.USAGE : EXIT.DONE;
  }
  if (name === "--version" || name === "-V") {
    await printText(output, VERSION);
    return EXIT.DONE;
  }
  return await runCommand(name, others, output, mainUrl);
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
    await printText(output, groupHelp(name, entry));
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
    await printText(output, commandHelp(name, command));
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

type Read = Pick<Invocation, "values" | "arguments" | "rest">;

function readArguments(name: string, command: Command, args: readonly string[]): Read {
  const end = command.takesRest && args.includes("--") ? args.indexOf("--") : args.length;
  const { values, positionals } = parsed(command, args.slice(0, end));
  const [min, max] = command.arity;
  if (positionals.length < min || positionals.length > max) {
    const expected = command.usage === "" ? "options alone" : command.usage;
    const given = pluralize(positionals.length, "argument");
    throw new UsageError(`ringbus ${name} takes ${expected}, not ${given}`);
  }
  return { values, arguments: positionals, rest: args.slice(end + 1) };
}

function parsed(command: Command, args: string[]) {
  const options = { ...command.options, ...COMMON_OPTIONS };
  try {
    return parseArgs({ args, options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(optionProblem(error, options), { cause: error });
  }
}

/** Describes what is wrong with the options, in one line. */
function optionProblem(error: TypeError & { code?: string }, options: OptionTable): string {
  const given = /'(-.+?)'/.exec(error.message)?.[1];
  if (error.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION" || given === undefined) return error.message;
  const names = Object.entries(options).map(([name, { isOn }]) => `--${isOn ? "no-" : ""}${name}`);
  const hint = optionsLike(given, names) || didYouMean(given, names) ||
    "; put a value that begins with - after --";
  return `there is no option ${given}${hint}`;
}

/** The options of which the given one is the last word: `--port` is `--http-port` or `--tcp-port`. */
function optionsLike(given: string, names: readonly string[]): string {
  if (!given.startsWith("--")) return "";
  const meant = names.filter((name) => name.endsWith(given.slice(1)));
  return meant.length === 0 ? "" : `; did you mean ${meant.join(" or ")}?`;
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
