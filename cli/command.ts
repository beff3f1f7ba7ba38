/**
 * What a subcommand is: a table of its options and a function. Help, parsing and the checks of
 * the arguments come from the table.
 *
 * @module
 */

import { RingbusError } from "../lib/base/errors.ts";
import type { parseArgs } from "node:util";
import type { Output } from "./output.ts";

/** One option of a subcommand. */
export interface OptionDescription {
  /** A flag, or one with a value. */
  readonly type: "boolean" | "string";
  /** One letter, for `-x`. */
  readonly short?: string;
  /** A flag that is on, and given as `--no-NAME` to turn it off. */
  readonly isOn?: boolean;
  /** May be given many times. */
  readonly multiple?: boolean;
  /** What stands for its value in the help, such as `MS`. */
  readonly value?: string;
  /** What it does. */
  readonly help: string;
}

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, OptionDescription>>;

/** What was given for the options of a table. */
export type Values<Options extends OptionTable> = ReturnType<
  typeof parseArgs<{ options: { -readonly [Name in keyof Options]: Mutable<Options[Name]> } }>
>["values"];

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A call of a subcommand. */
export interface Invocation<Options extends OptionTable = OptionTable> {
  /** What was given for the options. */
  readonly values: Values<Options>;
  /** What was given beside the options. */
  readonly arguments: readonly string[];
  /** What stands after `--`. */
  readonly rest: readonly string[];
  /** Where it prints. */
  readonly output: Output;
  /** Address of the program itself, for those who start it again. */
  readonly mainUrl: string;
  /** Aborts at SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** A subcommand. */
export interface Command<Options extends OptionTable = OptionTable> {
  /** What follows the name, such as `NAME [VALUE...]`. */
  readonly usage: string;
  /** What it does, in a few lines. */
  readonly description: string;
  /** Its own options; `--help` and `--json` are everybody's. */
  readonly options: Options;
  /** How many arguments it takes: at least, at most. */
  readonly arity: readonly [least: number, most: number];
  /** Takes a command after `--`. */
  readonly takesRest?: boolean;
  /** Does it; answers the exit code, if not 0. */
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
  /** Done. */
  DONE: 0,
  /** It could not be done; the reason is on the standard error stream. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** Nothing came, or no room appeared, in the time given. */
  TIMED_OUT: 3,
} as const;

/** The command line is wrong. */
export class UsageError extends RingbusError {
  /** The class name. */
  override name = "UsageError";
  /** Stable code of the class. */
  override readonly code: string = "cli-usage";
}
