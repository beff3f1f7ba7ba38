/**
 * The reply of `HELP` of a command with subcommands.
 *
 * @module
 */

import type { CommandRow } from "../engine/command.ts";
import { type Reply, Status } from "../protocol/reply.ts";

/** The subcommands of a row with what they do. */
export function helpOf({ name, subcommands = [] }: CommandRow): Reply {
  const command = name.toUpperCase();
  const lines = subcommands.flatMap(({ name, summary }) => [
    name.slice(command.length + 1).toUpperCase(),
    `    ${summary}`,
  ]);
  const first = `${command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`;
  return [first, ...lines].map((line) => new Status(line));
}
