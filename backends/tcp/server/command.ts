/**
 * What a command of the line protocol is.
 *
 * @module
 */

import type { LineSession } from "./session.ts";

/** What a command does to the store, and when it is allowed. */
export type CommandFlag =
  /** It changes the store. */
  | "write"
  /** It reads the store. */
  | "read"
  /** It is about subscriptions and what goes to them. */
  | "pubsub"
  /** It is about shared state: it needs the authkey in place of the token. */
  | "state"
  /** It is allowed before `AUTH`. */
  | "open";

/** One row of the table of commands: dispatch, errors, statistics and documentation come from it. */
export interface Command {
  /** In capital letters. */
  readonly name: string;
  /** Names of its arguments; one in brackets may be left out. */
  readonly parameters: readonly string[];
  /** How many of them may not be left out. */
  readonly required: number;
  readonly flags: readonly CommandFlag[];
  /** Its answer, as the documentation shows it. */
  readonly reply: string;
  readonly summary: string;
  /** Carries it out; the answer, without the end of the line. */
  handle(session: LineSession, args: readonly string[]): string;
}

/** Its name and its arguments. */
export function usage({ name, parameters }: Command): string {
  return [name, ...parameters].join(" ");
}

/** True if a command may come with so many arguments. */
export function acceptsCount({ parameters, required }: Command, count: number): boolean {
  return count >= required && count <= parameters.length;
}

/** A row of the table, with what follows from the rest of it. */
export function command(row: Omit<Command, "required">): Command {
  const required = row.parameters.filter((parameter) => !parameter.startsWith("[")).length;
  return { ...row, required };
}
