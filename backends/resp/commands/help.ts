/**
 * `HELP` of a command with subcommands.
 *
 * @module
 */

import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { type Reply, Status } from "../protocol/reply.ts";

/** The row of a subcommand such as `acl|help`. `command` returns the row that it is in. */
export function helpRow(name: string, since: string, command: () => CommandRow): CommandRow {
  const summary = "Lists the subcommands.";
  return row(name, 2, "loading stale", NO_KEYS, since, summary, () => helpOf(command()));
}

/** The subcommands of a row with what they do. */
function helpOf({ name, subcommands = [] }: CommandRow): Reply {
  const command = name.toUpperCase();
  const lines = subcommands.flatMap(({ name, summary }) => [
    name.slice(command.length + 1).toUpperCase(),
    `    ${summary}`,
  ]);
  const first = `${command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`;
  return [first, ...lines].map((line) => new Status(line));
}
