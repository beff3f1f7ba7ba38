/**
 * Stores the results of commands as sorted sets.
 *
 * @module
 */

import type { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";

/** Stores a sorted set in place of what the key holds; returns the number of its members. */
export function storeSortedSet(
  { db }: Client,
  key: string,
  set: SortedSetValue,
  event: string,
): number {
  if (set.isEmpty) db.delete(key);
  else {
    db.reserve(set.bytes, set.entries);
    db.set(key, "zset", set, event);
  }
  return set.size;
}
