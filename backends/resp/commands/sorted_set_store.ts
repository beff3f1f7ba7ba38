/**
 * Stores the results of commands as sorted sets.
 *
 * @module
 */

import { SortedSetValue } from "../../store/sorted_set_value.ts";
import type { Client } from "../engine/client.ts";

/** A member with its score. */
export interface Scored {
  readonly key: string;
  readonly score: number;
}

/** Stores members in place of what the key holds; returns their number. */
export function storeMembers(
  { db }: Client,
  key: string,
  members: readonly Scored[],
  event: string,
): number {
  if (members.length === 0) {
    db.delete(key);
    return 0;
  }
  const set = new SortedSetValue();
  for (const member of members) set.set(member.key, member.score);
  db.reserve(set.bytes, set.entries);
  db.set(key, "zset", set, event);
  return members.length;
}
