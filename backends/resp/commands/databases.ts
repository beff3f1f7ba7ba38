/**
 * The numbers of databases in the words of commands.
 *
 * @module
 */

import type { Keyspace } from "../../store/keyspace.ts";
import type { Client } from "../engine/client.ts";
import { err, NOT_AN_INTEGER } from "../engine/errors.ts";
import type { ErrorReply } from "../protocol/reply.ts";
import { toInteger } from "./numbers.ts";

/** The database with a number, or throws. */
export function databaseOf(
  client: Client,
  text: string,
  notANumber: ErrorReply = NOT_AN_INTEGER,
): Keyspace {
  const db = client.service.store.databases.get(toInteger(text, notANumber));
  if (db === undefined) throw err("DB index is out of range");
  return db;
}
