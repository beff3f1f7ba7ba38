/**
 * `ringbus clean`: what nobody uses goes.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { pluralize } from "../pluralize.ts";
import type { Output } from "../output.ts";
import { removeStale } from "../../lib/observe/registry.ts";

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
    const selection = {
      includePersistent: values.persistent,
      includeNonEmpty: values["non-empty"],
    };
    const removed = removeStale({ ...selection, dryRun });
    if (output.isJson) {
      for (const name of removed) output.json({ name, deleted: !dryRun });
      return;
    }
    for (const name of removed) output.print(name);
    output.notice(`${pluralize(removed.length, "channel")} ${dryRun ? "to delete" : "deleted"}`);
    printKept(output, removed);
  },
});

/** Says which other channels nobody holds. */
function printKept(output: Output, removed: readonly string[]): void {
  const unused = removeStale({ dryRun: true, includePersistent: true, includeNonEmpty: true });
  const kept = unused.filter((name) => !removed.includes(name));
  if (kept.length === 0) return;
  output.notice(
    `spared, since they hold messages or persist: ${kept.join(", ")}; ` +
      "--non-empty and --persistent delete them",
  );
}
