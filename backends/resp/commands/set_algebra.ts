/**
 * Differences, intersections and unions of sets.
 *
 * @module
 */

import { identityOf, SetValue } from "../../store/set_value.ts";
import { byteStringOf, type StoredText } from "../../store/value.ts";
import type { Client } from "../engine/client.ts";

/** The members of a set as byte strings. */
export function textsOf(set: SetValue | undefined): string[] {
  return set?.members.values().map(({ value }) => byteStringOf(value)).toArray() ?? [];
}

/** The members of the result. A key that does not exist is an empty set. */
export function combined(
  { db }: Client,
  keys: readonly string[],
  operation: "diff" | "inter" | "union",
): StoredText[] {
  const sets = keys.map((key) => db.get(key, "set"));
  if (operation === "union") return union(sets);
  if (operation === "diff") return difference(sets);
  return sets.includes(undefined) ? [] : intersection(sets as SetValue[]);
}

function union(sets: readonly (SetValue | undefined)[]): StoredText[] {
  const all = new SetValue();
  for (const set of sets) for (const { value } of set?.members.values() ?? []) all.add(value);
  return valuesOf(all);
}

function difference([first, ...others]: readonly (SetValue | undefined)[]): StoredText[] {
  if (first === undefined) return [];
  return valuesOf(first).filter((value) => !others.some((set) => set?.has(identityOf(value))));
}

/** Goes through the smallest set. */
function intersection(sets: readonly SetValue[]): StoredText[] {
  const [smallest, ...others] = sets.toSorted((a, b) => a.members.size - b.members.size);
  return valuesOf(smallest).filter((value) => others.every((set) => set.has(identityOf(value))));
}

function valuesOf({ members }: SetValue): StoredText[] {
  return members.values().map(({ value }) => value).toArray();
}

/** Stores members as a set, in place of what the key holds; returns their number. */
export function storeSet(
  { db }: Client,
  key: string,
  members: readonly StoredText[],
  event: string,
): number {
  if (members.length === 0) {
    db.delete(key);
    return 0;
  }
  const set = new SetValue();
  for (const member of members) set.add(member);
  db.set(key, "set", set, event);
  return members.length;
}
