/**
 * Stores what `SORT` has found.
 *
 * @module
 */

import { ListValue } from "../../store/list_value.ts";
import type { Client } from "../engine/client.ts";

/** Stores elements as a list, in place of what the key holds; returns their number. */
export function storeElements({ db }: Client, key: string, elements: readonly string[]): number {
  if (elements.length === 0) db.delete(key);
  else {
    const list = new ListValue(elements);
    db.reserve(list.bytes, list.entries);
    db.set(key, "list", list, "sortstore");
  }
  return elements.length;
}
