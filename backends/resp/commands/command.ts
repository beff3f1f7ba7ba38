/**
 * `COMMAND`: the table of commands itself.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { acceptsWords, type CommandInfo, keyPositions } from "../engine/command_info.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { MapReply, type Reply, SetReply, Status } from "../protocol/reply.ts";
import { categoriesOf } from "./categories.ts";
import { helpRow } from "./help.ts";
import { globOf } from "./scan.ts";

const READ = "loading stale";

/** The row of the table. */
export const COMMAND_ROW: CommandRow = {
  ...row(
    "command",
    -1,
    READ,
    NO_KEYS,
    "2.8.13",
    "What is known of all commands.",
    ({ service }) => service.commands.map(infoOf),
  ),
  subcommands: [
    row(
      "command|count",
      2,
      READ,
      NO_KEYS,
      "2.8.13",
      "The number of commands.",
      ({ service }) => service.commands.length,
    ),
    row("command|docs", -2, READ, NO_KEYS, "7.0.0", "The documentation of commands.", docs),
    row(
      "command|getkeys",
      -4,
      READ,
      NO_KEYS,
      "2.8.13",
      "The keys among the words of a command.",
      getkeys,
    ),
    row(
      "command|getkeysandflags",
      -4,
      READ,
      NO_KEYS,
      "7.0.0",
      "The keys, and what is done with them.",
      getkeysandflags,
    ),
    helpRow("command|help", "5.0.0", () => COMMAND_ROW),
    row("command|info", -2, READ, NO_KEYS, "2.8.13", "What is known of commands.", info),
    row("command|list", -2, READ, NO_KEYS, "7.0.0", "The names of commands.", list),
  ],
};

function withSubcommands(commands: readonly CommandInfo[]): CommandInfo[] {
  return commands.flatMap((each) => [each, ...each.subcommands ?? []]);
}

/** The command with a name, or that of a subcommand after a bar. */
function found({ service }: Client, name: string): CommandInfo | undefined {
  const word = name.toLowerCase();
  return withSubcommands(service.commands).find((each) => each.name === word);
}

function infoOf(command: CommandInfo): Reply {
  const { name, arity, flags, keys, subcommands = [] } = command;
  const categories = [...categoriesOf(command)].map((category) => new Status(`@${category}`));
  return [
    name,
    arity,
    new SetReply([...flags].map((flag) => new Status(flag))),
    keys.first,
    keys.last,
    keys.step,
    new SetReply(categories),
    new SetReply([]),
    new SetReply(keySpecs(command)),
    subcommands.map(infoOf),
  ];
}

/** Where a client of a cluster finds the keys. */
function keySpecs({ keys, flags }: CommandInfo): Reply[] {
  if (keys.first === 0) return [];
  const access = flags.has("write") ? "RW" : "RO";
  return [
    new MapReply([
      "flags",
      new SetReply([new Status(access), new Status("access")]),
      "begin_search",
      new MapReply(["type", "index", "spec", new MapReply(["index", keys.first])]),
      "find_keys",
      new MapReply([
        "type",
        "range",
        "spec",
        new MapReply([
          "lastkey",
          keys.last < 0 ? keys.last : keys.last - keys.first,
          "keystep",
          keys.step,
          "limit",
          0,
        ]),
      ]),
    ]),
  ];
}

function info(client: Client, names: readonly string[]): Reply {
  if (names.length === 0) return client.service.commands.map(infoOf);
  return names.map((name) => {
    const command = found(client, name);
    return command === undefined ? null : infoOf(command);
  });
}

function docs(client: Client, names: readonly string[]): Reply {
  const chosen = names.length === 0
    ? client.service.commands
    : names.map((name) => found(client, name)).filter((each) => each !== undefined);
  return new MapReply(chosen.flatMap((command) => [command.name, docOf(command)]));
}

function docOf({ summary, since, group, subcommands = [] }: CommandInfo): Reply {
  const below = subcommands.flatMap((each) => [each.name, docOf(each)]);
  return new MapReply([
    "summary",
    summary,
    "since",
    since,
    "group",
    group,
    ...below.length === 0 ? [] : ["subcommands", new MapReply(below)],
  ]);
}

function list({ service }: Client, words: readonly string[]): Reply {
  const commands = withSubcommands(service.commands);
  const names = commands.map(({ name }) => name);
  if (words.length === 0) return names;
  const [filterBy, kind, value] = words.map((word) => word.toUpperCase());
  if (filterBy !== "FILTERBY" || words.length !== 3) throw SYNTAX_ERROR;
  if (kind === "PATTERN") return names.filter(globOf(value.toLowerCase()));
  if (kind === "MODULE") return [];
  if (kind === "ACLCAT") return namesOfCategory(commands, value.toLowerCase());
  throw SYNTAX_ERROR;
}

function namesOfCategory(commands: readonly CommandInfo[], category: string): string[] {
  const found = commands.filter((command) => categoriesOf(command).has(category));
  return found.map(({ name }) => name);
}

/** The command of some words, or throws. */
function commandOf(client: Client, words: readonly string[]): CommandInfo {
  const first = found(client, words[0]);
  const command = first?.subcommands === undefined
    ? first
    : found(client, `${words[0]}|${words[1] ?? ""}`) ?? first;
  if (command === undefined) throw err("Invalid command specified");
  if (!acceptsWords(command, words.length)) {
    throw err("Invalid number of arguments specified for command");
  }
  if (command.keys.first === 0 && command.keys.find === undefined) {
    throw err("The command has no key arguments");
  }
  return command;
}

function keysOf(client: Client, words: readonly string[]): [CommandInfo, string[]] {
  const command = commandOf(client, words);
  return [command, keyPositions(command, words).map((at) => words[at])];
}

function getkeys(client: Client, words: readonly string[]): Reply {
  const [, keys] = keysOf(client, words);
  if (keys.length === 0) throw err("Invalid arguments specified for command");
  return keys;
}

function getkeysandflags(client: Client, words: readonly string[]): Reply {
  const [{ flags }, keys] = keysOf(client, words);
  const access = flags.has("write") ? ["RW", "access"] : ["RO", "access"];
  return keys.map((key) => [key, new SetReply(access.map((flag) => new Status(flag)))]);
}
