/**
 * Looks ahead to the keys of requests that arrived together.
 *
 * @module
 */

import { Lookahead } from "../../store/lookahead.ts";
import type { ClientState } from "./client_state.ts";
import type { CommandInfo } from "./command_info.ts";
import type { CommandTable } from "./command_table.ts";

/** Loads what the next requests need. */
export class RequestLookahead {
  readonly #table: CommandTable;
  readonly #ahead = new Lookahead();

  constructor(table: CommandTable) {
    this.#table = table;
  }

  /** Loads the keys of requests, then the parts of their values. Nothing else happens. */
  load({ db }: ClientState, requests: readonly (readonly string[])[]): void {
    if (requests.length < 2) return;
    let hasParts = false;
    for (const words of requests) {
      const keys = this.#keysOf(words);
      if (keys === undefined) continue;
      db.lookAhead(this.#ahead, words[keys.first]);
      hasParts ||= keys.part !== undefined;
    }
    this.#ahead.load();
    if (hasParts) this.#loadParts(db, requests);
  }

  #loadParts(db: ClientState["db"], requests: readonly (readonly string[])[]): void {
    for (const words of requests) {
      const keys = this.#keysOf(words);
      if (keys?.part === undefined || keys.part >= words.length) continue;
      db.lookAheadToPart(this.#ahead, words[keys.first], words[keys.part]);
    }
    this.#ahead.load();
  }

  /** Where the keys of a request are, if the first one has a fixed place. */
  #keysOf(words: readonly string[]): CommandInfo["keys"] | undefined {
    const keys = this.#table.find(words[0])?.keys;
    const isFixed = keys !== undefined && keys.first > 0 && keys.first < words.length;
    return isFixed ? keys : undefined;
  }
}
