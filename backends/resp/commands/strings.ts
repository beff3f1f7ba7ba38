/**
 * Commands of strings.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { commandGroup, ONE_KEY, row } from "../engine/command.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { JsonText } from "../../store/value.ts";
import { bytesOfText } from "../../store/byte_string.ts";

/** Commands of strings. */
export const STRING_COMMANDS = commandGroup("string", [
  row("get", 2, "readonly fast", ONE_KEY, "1.0.0", "The value of a string.", get),
  row("set", -3, "write denyoom", ONE_KEY, "1.0.0", "Sets a key to a string.", set),
]);

function get({ db }: Client, [key]: readonly string[]): Reply {
  const value = db.get(key, "string");
  if (value === undefined) return null;
  return value instanceof JsonText ? bytesOfText(value.text) : value;
}

function set({ db }: Client, [key, value]: readonly string[]): Reply {
  db.set(key, "string", value, "set");
  return OK;
}
