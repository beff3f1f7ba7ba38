/**
 * `CONFIG`.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import { MapReply, OK, type Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";

const ADMIN = "admin noscript loading stale";

/** The row of the table. */
export const CONFIG_ROW: CommandRow = {
  ...row(
    "config",
    -2,
    "",
    NO_KEYS,
    "2.0.0",
    "Parameters of the server.",
    () => wrongArity("config"),
  ),
  subcommands: [
    row("config|get", -3, ADMIN, NO_KEYS, "2.0.0", "The parameters that match patterns.", get),
    helpRow("config|help", "5.0.0", () => CONFIG_ROW),
    row("config|resetstat", 2, ADMIN, NO_KEYS, "2.0.0", "Sets counters to 0.", resetstat),
    row(
      "config|rewrite",
      2,
      ADMIN,
      NO_KEYS,
      "2.8.0",
      "Replies with an error: there is no file.",
      rewrite,
    ),
    row("config|set", -4, ADMIN, NO_KEYS, "2.0.0", "Sets parameters.", set),
  ],
};

function get({ service }: Client, patterns: readonly string[]): Reply {
  const found = new Map(patterns.flatMap((pattern) => service.config.matching(pattern)));
  return new MapReply([...found].flat());
}

/** All parameters are checked before one is set. */
function set({ service: { config } }: Client, words: readonly string[]): Reply {
  if (words.length % 2 !== 0) throw wrongArity("config|set");
  const checked = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].toLowerCase();
    if (!config.has(name)) {
      throw err(`Unknown option or number of arguments for CONFIG SET - '${words[i]}'`);
    }
    if (checked.has(name)) throw failed(words[i], "duplicate parameter");
    const value = config.check(name, words[i + 1]);
    if (value === undefined) throw failed(words[i], "argument is not one that this server takes");
    checked.set(name, value);
  }
  for (const [name, value] of checked) config.set(name, value);
  return OK;
}

function failed(name: string, why: string) {
  return err(`CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
}

function resetstat({ service }: Client): Reply {
  service.stats.reset();
  return OK;
}

function rewrite(): Reply {
  throw err("The server is running without a config file");
}
