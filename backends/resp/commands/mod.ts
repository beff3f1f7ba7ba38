/**
 * All commands: the table from which dispatch, `COMMAND`, errors and documentation follow.
 *
 * @module
 */

import type { Command } from "../engine/command.ts";
import { CONNECTION_COMMANDS } from "./connection.ts";
import { GENERIC_COMMANDS } from "./generic.ts";
import { STRING_COMMANDS } from "./strings.ts";

/** All commands, by group. */
export const COMMANDS: readonly Command[] = [
  ...CONNECTION_COMMANDS,
  ...GENERIC_COMMANDS,
  ...STRING_COMMANDS,
];
