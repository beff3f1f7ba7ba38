/**
 * Entries at random.
 *
 * @module
 */

import type { EntryTable, TableEntry } from "../../store/entry_table.ts";
import { err } from "../engine/errors.ts";

/** Most entries of a reply. */
const MAX_SAMPLES = 2 ** 20;
/** Above this part of the table, choosing what is left out takes less time. */
const LARGE_PART = 1 / 3;

/** As many different entries as `count`; if it is less than 0, entries of which some may be equal. */
export function sample<T extends TableEntry>(table: EntryTable<T>, count: number): T[] {
  if (count >= 0) return different(table, Math.min(count, table.size));
  if (-count > MAX_SAMPLES) throw err("value is out of range");
  return Array.from({ length: -count }, () => table.random());
}

function different<T extends TableEntry>(table: EntryTable<T>, count: number): T[] {
  if (count === table.size) return table.values().toArray();
  const isLarge = count > table.size * LARGE_PART;
  const chosen = new Set<T>();
  while (chosen.size < (isLarge ? table.size - count : count)) chosen.add(table.random());
  return isLarge ? table.values().filter((entry) => !chosen.has(entry)).toArray() : [...chosen];
}
