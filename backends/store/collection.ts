/**
 * What all values of keys have in common that consist of parts: hashes, sets, lists, sorted sets, streams.
 *
 * @module
 */

import type { EntryTable, TableEntry } from "./entry_table.ts";

/** The value of a key that consists of parts. It counts its size while it is changed. */
export interface Collection {
  /** Approximate bytes in memory: `ENTRY_BYTES` for each part, and its texts. */
  readonly bytes: number;
  /** Entries that the engine keeps for it. */
  readonly entries: number;
  /** True if its key is removed, because nothing is left. */
  readonly isEmpty: boolean;
  /** Its parts by name, if it has such a table. */
  readonly table?: EntryTable<TableEntry>;
  /** How Redis would keep it in memory, such as `"listpack"`: what `OBJECT ENCODING` says. */
  readonly encoding: string;
  /** An equal value that changes by itself. */
  clone(): this;
}
