/**
 * What is known of a command besides what it does: errors about the number of arguments, `COMMAND`, the
 * positions of keys and the page of documentation follow from it.
 *
 * @module
 */

/** A group of commands, as in the documentation of Redis. */
export type CommandGroup =
  | "bitmap"
  | "cluster"
  | "connection"
  | "generic"
  | "geo"
  | "hash"
  | "hyperloglog"
  | "list"
  | "pubsub"
  | "scripting"
  | "server"
  | "set"
  | "sorted-set"
  | "stream"
  | "string"
  | "transactions";

/** What a command does, and when it is allowed, in the words of Redis. */
export type CommandFlag =
  | "write"
  | "readonly"
  /** It may need more memory, and is refused when there is none. */
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  /** It is allowed before `AUTH`. */
  | "no_auth"
  | "may_replicate"
  /** It is refused between `MULTI` and `EXEC`. */
  | "no_multi"
  | "no_async_loading"
  | "allow_busy"
  | "movablekeys"
  /** It may be called without keys. */
  | "no_mandatory_keys";

/** Where the keys are among the words of a command, of which word 0 is its name. */
export interface KeyPositions {
  /** Position of the first key. 0: it has none. */
  readonly first: number;
  /** Position of the last one; less than 0: counted from the end. */
  readonly last: number;
  /** Distance between two keys. */
  readonly step: number;
  /** Position of the word that names a part of the value of the first key: a field or a member. */
  readonly part?: number;
  /** Finds them among the words of a command that has them in changing places. */
  readonly find?: (words: readonly string[]) => readonly number[];
}

/** One row of the table of commands. */
export interface CommandInfo {
  /** In small letters; a subcommand has that of its command and a bar before it: `client|id`. */
  readonly name: string;
  /** Words of its name: 2 for a subcommand. */
  readonly nameLength: number;
  /** Number of words, those of its name included; less than 0: at least so many. */
  readonly arity: number;
  readonly flags: ReadonlySet<CommandFlag>;
  readonly keys: KeyPositions;
  /** Version of Redis that has it first. */
  readonly since: string;
  readonly group: CommandGroup;
  readonly summary: string;
  readonly subcommands?: readonly CommandInfo[];
}

/** True if a command accepts this number of words. */
export function acceptsWords({ arity }: CommandInfo, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}

/** The positions of the keys among the words of a call. */
export function keyPositions({ keys }: CommandInfo, words: readonly string[]): readonly number[] {
  if (keys.find !== undefined) return keys.find(words);
  if (keys.first === 0) return [];
  const last = keys.last < 0 ? words.length + keys.last : keys.last;
  const positions: number[] = [];
  for (let at = keys.first; at <= last && at < words.length; at += keys.step) positions.push(at);
  return positions;
}
