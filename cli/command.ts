/**
 * A subcommand: a table of its options, and a function. Help, parsing and the checks of arguments
 * are derived from the table.
 *
 * @module
 */

import { RingbusError } from "../lib/base/errors.ts";
import type { parseArgs } from "node:util";
import type { Output } from "./output.ts";

/** One option of a subcommand. */
export interface OptionDescription {
  /** A flag, or an option with a value. */
  readonly type: "boolean" | "string";
  /** One letter, for `-x`. */
  readonly short?: string;
  /** True for a flag that is on by default. `--no-NAME` turns it off. */
  readonly isOn?: boolean;
  /** True if it may be given many times. */
  readonly multiple?: boolean;
  /** Placeholder for its value in the help, such as `MS`. */
  readonly value?: string;
  /** The values that it takes, if they are few words. */
  readonly choices?: readonly string[];
  /** Help text. */
  readonly help: string;
}

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, OptionDescription>>;

/** Values of the options of a table. */
export type Values<Options extends OptionTable> = ReturnType<
  typeof parseArgs<{ options: { -readonly [Name in keyof Options]: Mutable<Options[Name]> } }>
>["values"];

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A call of a subcommand. */
export interface Invocation<Options extends OptionTable = OptionTable> {
  /** Values of the options. */
  readonly values: Values<Options>;
  /** Arguments that are not options. */
  readonly arguments: readonly string[];
  /** Arguments after `--`. */
  readonly rest: readonly string[];
  /** Prints the results. */
  readonly output: Output;
  /** URL of the main module, for a command that starts the program again. */
  readonly mainUrl: string;
  /** Aborts at SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
}

/** A command line, as one types it in a shell, and what it does. */
export type Example = readonly [commandLine: string, effect: string];

/** A subcommand. */
export interface Command<Options extends OptionTable = OptionTable> {
  /** Arguments after the name, such as `NAME [VALUE...]`. */
  readonly usage: string;
  /** Describes it in a few sentences, which the help wraps. */
  readonly description: string;
  /** How it is used: two examples or more, unless it is for the program's own use. */
  readonly examples: readonly Example[];
  /** Its own options. `--help` and `--json` exist for every command. */
  readonly options: Options;
  /** How many arguments it takes: minimum, maximum. */
  readonly arity: readonly [least: number, most: number];
  /** True if it takes a command after `--`. */
  readonly takesRest?: boolean;
  /** Runs it. Returns the exit code, if not 0. */
  run(invocation: Invocation<Options>): Promise<number | void>;
}

/** Infers the types of a subcommand's options from their table. */
export function defineCommand<const Options extends OptionTable>(
  command: Command<Options>,
): Command {
  return command as unknown as Command;
}

/** Exit codes. */
export const EXIT = {
  /** Success. */
  DONE: 0,
  /** Failure. The reason is on the standard error stream. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** No message arrived, or no space became free, in time. */
  TIMED_OUT: 3,
} as const;

/** The command line is wrong. */
export class UsageError extends RingbusError {
  /** The class name. */
  override name = "UsageError";
  /** Stable code of the class. */
  override readonly code: string = "cli-usage";
}
