/**
 * Commands of clusters: they reply as a server does that is part of none.
 *
 * @module
 */

import { type Command, commandGroup, NO_KEYS, row } from "../engine/command.ts";
import { err } from "../engine/errors.ts";
import type { Reply } from "../protocol/reply.ts";

const ABOUT = "Replies with an error: the server is part of no cluster.";

/** Commands of clusters. */
export const CLUSTER_COMMANDS: readonly Command[] = commandGroup("cluster", [
  row("asking", 1, "fast", NO_KEYS, "3.0.0", ABOUT, noCluster),
  row("cluster", -2, "", NO_KEYS, "3.0.0", ABOUT, noCluster),
  row("readonly", 1, "loading stale fast", NO_KEYS, "3.0.0", ABOUT, noCluster),
  row("readwrite", 1, "loading stale fast", NO_KEYS, "3.0.0", ABOUT, noCluster),
]);

function noCluster(): Reply {
  throw err("This instance has cluster support disabled");
}
