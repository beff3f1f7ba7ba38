/**
 * Loads entries into the caches of the processor before they are needed. With many keys, most of the time of
 * a command is waiting for memory: a slot of the index, a place, the entry, its key. Commands that are
 * executed one after the other wait one after the other. Here the same memory is read for several keys in
 * short loops, whose iterations the processor carries out side by side.
 *
 * @module
 */

import { textHash } from "../../lib/base/text_hash.ts";
import type { EntryTable, TableEntry } from "./entry_table.ts";

/** Most keys at once. */
export const MAX_AHEAD = 16;
/** Smaller tables stay in the caches. */
export const MIN_ENTRIES = 2000;

/** Some keys with their tables. */
export class Lookahead {
  readonly #tables: (EntryTable<TableEntry> | undefined)[] = new Array(MAX_AHEAD).fill(undefined);
  readonly #hashes = new Int32Array(MAX_AHEAD);
  readonly #entries: (TableEntry | undefined)[] = new Array(MAX_AHEAD).fill(undefined);
  #count = 0;
  /** What was read adds up here, because the engine leaves out reading what nobody uses. */
  #sum = 0;

  /** Adds a key that will be looked up in a table, if it pays. */
  add(table: EntryTable<TableEntry>, key: string): void {
    if (table.size < MIN_ENTRIES || this.#count === MAX_AHEAD) return;
    this.#tables[this.#count] = table;
    this.#hashes[this.#count++] = textHash(key);
  }

  /** Loads the entries of the keys that were added, and forgets these. */
  load(): void {
    const count = this.#count;
    if (count > 1) this.#load(count);
    for (let i = 0; i < count; i++) this.#tables[i] = this.#entries[i] = undefined;
    this.#count = 0;
  }

  #load(count: number): void {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.#tables[i]!.slotOfHash(this.#hashes[i]);
    for (let i = 0; i < count; i++) {
      this.#entries[i] = this.#tables[i]!.entryOfHash(this.#hashes[i]);
    }
    for (let i = 0; i < count; i++) sum += this.#entries[i]?.order ?? 0;
    for (let i = 0; i < count; i++) sum += this.#entries[i]?.key.length ?? 0;
    this.#sum = (this.#sum + sum) | 0;
  }
}
