/**
 * The ends of lists in the words of commands.
 *
 * @module
 */

import type { ListEnd, ListValue } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";
import { SYNTAX_ERROR } from "../engine/errors.ts";

/** The end that a word names. */
export function toListEnd(word: string): ListEnd {
  const name = word.toLowerCase();
  if (name === "left" || name === "right") return name;
  throw SYNTAX_ERROR;
}

/** Names of the changes at an end, as `KeyspaceObserver` hears them. */
export const PUSH_EVENTS = { left: "lpush", right: "rpush" } as const;
/** The same for what is removed. */
export const POP_EVENTS = { left: "lpop", right: "rpop" } as const;

/** Removes elements at an end of the list of a key. */
export function popFrom(
  { db }: Client,
  key: string,
  list: ListValue,
  end: ListEnd,
  count: number,
): string[] {
  const elements: string[] = [];
  for (let left = Math.min(count, list.size); left > 0; left--) elements.push(list.pop(end));
  db.changed(key, POP_EVENTS[end]);
  return elements;
}
