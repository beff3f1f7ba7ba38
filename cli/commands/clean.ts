/**
 * `ringbus clean`: what nobody uses goes.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { counted } from "../counted.ts";
import { removeStale } from "../../lib/registry.ts";

/** Cleans. */
export const command = defineCommand({
  usage: "",
  description: `Deletes the channels that nobody holds, and what dead processes left beside them.
Persistent channels and queues with messages are spared, unless they are asked for.`,
  options: {
    "dry-run": { type: "boolean", short: "n", help: "delete nothing, say what would be deleted" },
    persistent: { type: "boolean", help: "also delete channels that were made to persist" },
    "non-empty": { type: "boolean", help: "also delete queues with messages that nobody took" },
  },
  arity: [0, 0],
  // deno-lint-ignore require-await
  async run({ values, output }) {
    const dryRun = values["dry-run"] ?? false;
    const removed = removeStale({
      dryRun,
      includePersistent: values.persistent,
      includeNonEmpty: values["non-empty"],
    });
    if (output.isJson) {
      for (const name of removed) output.json({ name, deleted: !dryRun });
      return;
    }
    for (const name of removed) output.print(name);
    output.remark(`${counted(removed.length, "channel")} ${dryRun ? "to delete" : "deleted"}`);
  },
});
