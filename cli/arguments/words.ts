/**
 * The words of a command line, checked against the table of a subcommand.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Command, type Invocation, type OptionTable, UsageError } from "../command.ts";
import { COMMON_OPTIONS } from "../help.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { didYouMean } from "../../lib/base/suggestions.ts";

/** What a command line consists of. */
export type Words = Pick<Invocation, "values" | "arguments" | "rest">;

/**
 * Reads the words after the name of a subcommand.
 *
 * @throws {UsageError} if they are not what it takes
 */
export function readArguments(name: string, command: Command, args: readonly string[]): Words {
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
