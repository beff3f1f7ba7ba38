/**
 * The commands of a server, by name.
 *
 * @module
 */

import { mapKey } from "../../../lib/base/text_map.ts";
import type { Command } from "./command.ts";
import { isSince } from "./version.ts";

/** Characters of an unknown word that are searched for. */
const MAX_WORD_LENGTH = 64;

/** The table, which has the commands of one version of Redis. */
export class CommandTable {
  readonly commands: readonly Command[];
  readonly #byName = new Map<string, Command>();
  readonly #subcommands = new Map<Command, Map<string, Command>>();

  constructor(commands: readonly Command[], version: string) {
    const known = (all: readonly Command[]): Command[] =>
      all.filter(({ since }) => isSince(since, version)).map((each) =>
        each.subcommands === undefined ? each : { ...each, subcommands: known(each.subcommands) }
      );
    this.commands = known(commands);
    for (const command of this.commands) {
      this.#byName.set(command.name, command);
      this.#byName.set(command.name.toUpperCase(), command);
      if (command.subcommands === undefined) continue;
      const prefix = command.name.length + 1;
      const rows = command.subcommands.map((each) => [each.name.slice(prefix), each] as const);
      this.#subcommands.set(command, new Map(rows));
    }
  }

  /** The command with a name, in letters of any size. */
  find(word: string): Command | undefined {
    return this.#byName.get(mapKey(word)) ?? this.#byName.get(folded(word));
  }

  /** The subcommand with a name, in letters of any size. */
  findSubcommand(command: Command, word: string): Command | undefined {
    return this.#subcommands.get(command)?.get(folded(word));
  }
}

function folded(word: string): string {
  return mapKey(word.slice(0, MAX_WORD_LENGTH + 1).toLowerCase());
}
