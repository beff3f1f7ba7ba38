/**
 * The categories of commands in `COMMAND`, as rules of ACL name them. Most follow from the group and the flags.
 *
 * @module
 */

import type { CommandGroup, CommandInfo } from "../engine/command_info.ts";

/** Those of a group, if they do not have its name. */
const OF_GROUP: Partial<Record<CommandGroup, readonly string[]>> = {
  cluster: ["connection"],
  generic: ["keyspace"],
  server: [],
  "sorted-set": ["sortedset"],
  transactions: ["transaction"],
};
/** Those of commands that have others than their group. */
const OF_COMMAND: Readonly<Record<string, readonly string[]>> = {
  cluster: [],
  dbsize: ["keyspace"],
  flushall: ["keyspace", "dangerous"],
  flushdb: ["keyspace", "dangerous"],
  info: ["dangerous"],
  keys: ["keyspace", "dangerous"],
  lastsave: ["admin", "dangerous"],
  restore: ["keyspace", "dangerous"],
  role: ["admin", "dangerous"],
  sort: ["set", "sortedset", "list", "dangerous"],
  sort_ro: ["set", "sortedset", "list", "dangerous"],
  swapdb: ["keyspace", "dangerous"],
  wait: ["connection"],
  "pubsub|help": [],
};

/** The categories of a command. */
export function categoriesOf(command: CommandInfo): Set<string> {
  return new Set([...ownCategories(command), ...impliedCategories(command)]);
}

function ownCategories({ name, group, subcommands }: CommandInfo): readonly string[] {
  if (name === "command" || name.startsWith("command|")) return ["connection"];
  if (subcommands !== undefined) return [];
  return OF_COMMAND[name] ?? OF_GROUP[group] ?? [group];
}

/** Those that follow from the flags. */
function* impliedCategories({ flags, group }: CommandInfo): Generator<string> {
  if (flags.has("write")) yield "write";
  if (flags.has("readonly") && group !== "scripting") yield "read";
  if (flags.has("admin")) yield* ["admin", "dangerous"];
  if (flags.has("pubsub")) yield "pubsub";
  yield flags.has("fast") ? "fast" : "slow";
  if (flags.has("blocking")) yield "blocking";
}
