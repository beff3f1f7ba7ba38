/**
 * `ACL` and `MODULE`: users have passwords and no rules, and there are no modules.
 *
 * @module
 */

import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import type { Client } from "../engine/client.ts";
import { wrongArity } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";
import { helpRow } from "./help.ts";

const ADMIN = "admin noscript loading stale";

/** `ACL` */
export const ACL_ROW: CommandRow = {
  ...row("acl", -2, "", NO_KEYS, "6.0.0", "Users.", () => wrongArity("acl")),
  subcommands: [
    helpRow("acl|help", "6.0.0", () => ACL_ROW),
    row("acl|list", 2, ADMIN, NO_KEYS, "6.0.0", "The users, who may do everything.", list),
    row(
      "acl|users",
      2,
      ADMIN,
      NO_KEYS,
      "6.0.0",
      "The names of the users.",
      ({ service }) => [...service.users],
    ),
    row(
      "acl|whoami",
      2,
      "noscript loading stale",
      NO_KEYS,
      "6.0.0",
      "The user of the connection.",
      ({ user }) => user,
    ),
  ],
};

function list({ service }: Client): Reply {
  const secret = service.isPassword === undefined ? "nopass" : "#hidden";
  return service.users.map((user) => `user ${user} on ${secret} ~* &* +@all`);
}

/** `MODULE` */
export const MODULE_ROW: CommandRow = {
  ...row(
    "module",
    -2,
    "",
    NO_KEYS,
    "4.0.0",
    "Modules, of which there are none.",
    () => wrongArity("module"),
  ),
  subcommands: [
    helpRow("module|help", "5.0.0", () => MODULE_ROW),
    row("module|list", 2, "admin noscript", NO_KEYS, "4.0.0", "An empty list.", () => []),
  ],
};
