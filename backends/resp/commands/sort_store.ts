/**
 * Stores what `SORT` has found.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { err } from "../engine/errors.ts";

/** Stores elements as a list, in place of what the key holds; returns their number. */
export function storeElements({ db }: Client, key: string, elements: readonly string[]): number {
  if (elements.length > 0) {
    throw err("SORT with STORE needs lists, which this server does not have");
  }
  db.delete(key);
  return elements.length;
}
