/**
 * The tables of the commands of RESP in the pages, made from the table that the server has.
 *
 * @module
 */

import { COMMANDS } from "../../backends/resp/commands/mod.ts";
import type { CommandGroup, CommandInfo } from "../../backends/resp/engine/command_info.ts";
import { markdownTable } from "./markdown_table.ts";

/** The groups with their headings, in the order of the page. */
const GROUPS: Readonly<Record<CommandGroup, string>> = {
  connection: "Connections",
  server: "The server",
  generic: "Keys",
  string: "Strings",
  bitmap: "Bits",
  hash: "Hashes",
  list: "Lists",
  set: "Sets",
  "sorted-set": "Sorted sets",
  geo: "Positions",
  hyperloglog: "HyperLogLogs",
  stream: "Streams",
  pubsub: "Messages",
  transactions: "Transactions",
  scripting: "Scripts",
  cluster: "Clusters",
};

/** A table for each group. */
export function commandTables(): string {
  const byGroup = Map.groupBy(COMMANDS, ({ group }) => group);
  return Object.entries(GROUPS).flatMap(([group, heading]) => {
    const commands = byGroup.get(group as CommandGroup);
    return commands === undefined ? [] : [`### ${heading}\n\n${tableOf(commands)}`];
  }).join("\n\n");
}

function tableOf(commands: readonly CommandInfo[]): string {
  const rows = commands.toSorted((a, b) => a.name < b.name ? -1 : 1).flatMap((command) =>
    [command, ...command.subcommands ?? []].map(({ name, since, summary }) => [
      `\`${name.toUpperCase().replace("|", " ")}\``,
      since,
      summary.replaceAll("|", "\\|"),
    ])
  );
  return markdownTable([["command", "since", "what it does"], ...rows]);
}
