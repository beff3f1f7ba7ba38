/**
 * All commands: the table from which dispatch, `COMMAND`, errors and documentation follow.
 *
 * @module
 */

import type { Command } from "../engine/command.ts";
import { BIT_COMMANDS } from "./bits.ts";
import { CLUSTER_COMMANDS } from "./cluster.ts";
import { CONNECTION_COMMANDS } from "./connection.ts";
import { GENERIC_COMMANDS } from "./generic.ts";
import { GEO_COMMANDS } from "./geo.ts";
import { HASH_COMMANDS } from "./hashes.ts";
import { HYPERLOGLOG_COMMANDS } from "./hyperloglog.ts";
import { LIST_COMMANDS } from "./lists.ts";
import { PUBSUB_COMMANDS } from "./pubsub.ts";
import { SCRIPTING_COMMANDS } from "./scripting.ts";
import { SERVER_COMMANDS } from "./server.ts";
import { SET_COMMANDS } from "./sets.ts";
import { SORTED_SET_COMMANDS } from "./sorted_sets.ts";
import { STREAM_COMMANDS } from "./streams.ts";
import { STRING_COMMANDS } from "./strings.ts";
import { TRANSACTION_COMMANDS } from "./transactions.ts";

/** All commands, by group. */
export const COMMANDS: readonly Command[] = [
  ...BIT_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...GENERIC_COMMANDS,
  ...GEO_COMMANDS,
  ...HASH_COMMANDS,
  ...HYPERLOGLOG_COMMANDS,
  ...LIST_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...SCRIPTING_COMMANDS,
  ...SERVER_COMMANDS,
  ...SET_COMMANDS,
  ...SORTED_SET_COMMANDS,
  ...STREAM_COMMANDS,
  ...STRING_COMMANDS,
  ...TRANSACTION_COMMANDS,
];
