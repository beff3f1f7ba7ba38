/**
 * The commands of one server, by name.
 *
 * @module
 */

import { mapKey } from "../../../lib/base/text_map.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { CommandService } from "./service.ts";

/** Characters of an unknown word that are searched for. */
export const MAX_WORD_LENGTH = 64;

/** The commands of a server: those that every server has, and those of its service. */
export class CommandTable {
  readonly commands: readonly Command[];
  readonly #byName: ReadonlyMap<string, Command>;

  constructor(service: CommandService | undefined) {
    this.commands = [...COMMANDS, ...service?.commands ?? []];
    this.#byName = new Map(this.commands.map((command) => [command.name, command]));
  }

  /** The command with a name, in capital letters or not. */
  find(word: string): Command | undefined {
    return this.#byName.get(mapKey(word)) ??
      this.#byName.get(mapKey(word.slice(0, MAX_WORD_LENGTH).toUpperCase()));
  }
}
