/**
 * A command with its handler.
 *
 * @module
 */

import type { Reply } from "../protocol/reply.ts";
import type { Client } from "./client.ts";
import type { CommandFlag, CommandGroup, CommandInfo, KeyPositions } from "./command_info.ts";

/** Executes a command. `args` are its words after its name, and after that of a subcommand. */
export type Handler = (client: Client, args: readonly string[]) => Reply;

/** A row of the table, with its handler. */
export interface Command extends CommandInfo {
  readonly handle: Handler;
  /** Loads what the handler needs. Undefined when it is there; the promise is never rejected. */
  readonly load?: () => Promise<void> | undefined;
  readonly subcommands?: readonly Command[];
}

/** A row before it has its group. */
export type CommandRow = Omit<Command, "group" | "nameLength" | "subcommands"> & {
  readonly subcommands?: readonly CommandRow[];
};

/** No keys. */
export const NO_KEYS: KeyPositions = { first: 0, last: 0, step: 0 };
/** The first argument is the key. */
export const ONE_KEY: KeyPositions = { first: 1, last: 1, step: 1 };
/** The first argument is the key, and the next one names a field or a member. */
export const KEY_AND_PART: KeyPositions = { ...ONE_KEY, part: 2 };
/** The same with another word between the two. */
export const KEY_AND_LATER_PART: KeyPositions = { ...ONE_KEY, part: 3 };
/** The first two arguments are keys. */
export const TWO_KEYS: KeyPositions = { first: 1, last: 2, step: 1 };
/** All arguments are keys. */
export const ALL_KEYS: KeyPositions = { first: 1, last: -1, step: 1 };
/** All arguments but the last are keys. */
export const ALL_BUT_LAST: KeyPositions = { first: 1, last: -2, step: 1 };
/** Keys and values take turns. */
export const EVERY_OTHER: KeyPositions = { first: 1, last: -1, step: 2 };

/** The keys follow their number, which is at a position. Those of `more` come before. */
export function countedKeys(at: number, more: readonly number[] = []): KeyPositions {
  const find = (words: readonly string[]) => {
    const count = Math.min(Number(words[at]) || 0, words.length - at - 1);
    return [...more, ...Array.from({ length: Math.max(0, count) }, (_, i) => at + 1 + i)];
  };
  return { first: more.length > 0 ? more[0] : 0, last: more.at(-1) ?? 0, step: more.length, find };
}

/**
 * A row of the table: name, number of words, flags, positions of keys, first version, summary, handler.
 * Flags are separated by spaces.
 */
export function row(
  name: string,
  arity: number,
  flags: string,
  keys: KeyPositions,
  since: string,
  summary: string,
  handle: Handler,
): CommandRow {
  const set = new Set(flags.split(" ").filter(Boolean) as CommandFlag[]);
  return { name, arity, flags: set, keys, since, summary, handle };
}

/** The rows of a file, all of one group. */
export function commandGroup(group: CommandGroup, rows: readonly CommandRow[]): Command[] {
  return rows.map(({ subcommands, ...rest }) => ({
    ...rest,
    nameLength: rest.name.includes("|") ? 2 : 1,
    group,
    ...(subcommands === undefined ? {} : { subcommands: commandGroup(group, subcommands) }),
  }));
}
