/**
 * Commands of keys of any kind.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { ALL_KEYS, commandGroup, row } from "../engine/command.ts";
import type { Reply } from "../protocol/reply.ts";

/** Commands of keys. */
export const GENERIC_COMMANDS = commandGroup("generic", [
  row("del", -2, "write", ALL_KEYS, "1.0.0", "Deletes keys; returns their number.", del),
]);

function del({ db }: Client, keys: readonly string[]): Reply {
  return keys.filter((key) => db.delete(key)).length;
}
