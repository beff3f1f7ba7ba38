/**
 * Values for which calls wait.
 *
 * @module
 */

import type { Kind, Kinds } from "../../store/keyspace.ts";
import type { Client } from "../engine/client.ts";

/**
 * The value of a key, or undefined. For a call that waits already, a value of another kind is none: the call
 * goes on to wait.
 *
 * @throws {WrongTypeError} if the value is of another kind
 */
export function awaited<K extends Kind>(
  { db, blocked }: Client,
  key: string,
  kind: K,
): Kinds[K] | undefined {
  if (blocked !== undefined && db.find(key)?.kind !== kind) return undefined;
  return db.get(key, kind);
}
