/**
 * The keys of a store, as the dashboard shows them: plain data of bounded size, a page at a time.
 *
 * @module
 */

import { textOfBytes } from "../../store/byte_string.ts";
import type { Keyspace } from "../../store/keyspace.ts";
import type { Store } from "../../store/store.ts";

/** Keys of a page. */
const PAGE_KEYS = 50;
/** Characters of a key. */
const MAX_CHARACTERS = 500;

/** A key. */
export interface KeyRow {
  key: string;
  type: string;
  /** Whether only the first characters of the key are shown. */
  isCut: boolean;
  /** Bytes of key and value that count for `maxBytes`. */
  bytes: number;
  /** Seconds until it expires; null: never. */
  ttlSeconds: number | null;
}

/** A page of keys. */
export interface KeyPage {
  keys: KeyRow[];
  /** Where the next page begins; 0 if there is none. */
  cursor: number;
}

/** The keys of a database. */
export interface DatabaseRow {
  database: number;
  keys: number;
  expiring: number;
}

/** The databases that have keys. */
export function databasesOf({ databases }: Store): DatabaseRow[] {
  return databases.made
    .filter(({ size }) => size > 0)
    .map(({ index, size, expiringKeys }) => ({
      database: index,
      keys: size,
      expiring: expiringKeys,
    }));
}

/** The keys of a database from a cursor on, which is 0 for the first page. Undefined: no such database. */
export function keysOf(store: Store, database: number, cursor: number): KeyPage | undefined {
  store.sweep();
  const keys = store.databases.made.find(({ index }) => index === database);
  if (keys === undefined) return undefined;
  const { entries, cursor: next } = keys.scan(cursor, PAGE_KEYS);
  return { keys: entries.map((entry) => rowOf(keys, entry)), cursor: next };
}

type Entry = ReturnType<Keyspace["scan"]>["entries"][number];

function rowOf(keys: Keyspace, { key, kind, bytes, expiresAtMs }: Entry): KeyRow {
  return {
    key: textOfBytes(key.slice(0, MAX_CHARACTERS)),
    isCut: key.length > MAX_CHARACTERS,
    type: kind,
    bytes,
    ttlSeconds: expiresAtMs === Infinity ? null : Math.max(0, expiresAtMs - keys.nowMs) / 1000,
  };
}
