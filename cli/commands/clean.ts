/**
 * `ringbus clean`: deletes what no process uses.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import type { Output } from "../output.ts";
import { directoryText } from "../observe/open.ts";
import { missingDirectory } from "../../lib/platform/directory.ts";
import { removeStale } from "../../lib/observe/registry.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description: `Deletes the channels without a live participant, and other files of dead processes.
Keeps persistent channels and queues with messages, unless an option says otherwise.`,
  examples: [["ringbus clean --dry-run", "print what would be deleted"], [
    "ringbus clean --persistent --non-empty",
    "delete all channels that no process uses",
  ]],
  options: {
    "dry-run": { type: "boolean", short: "n", help: "delete nothing, print what would be deleted" },
    persistent: { type: "boolean", help: "also delete persistent channels" },
    "non-empty": { type: "boolean", help: "also delete queues with messages" },
  },
  arity: [0, 0],
  // deno-lint-ignore require-await
  async run({ values, output }) {
    const dryRun = values["dry-run"] ?? false;
    if (missingDirectory() !== undefined) {
      return output.notice(`there is nothing to delete in ${directoryText()}`);
    }
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
    const done = `${pluralize(removed.length, "channel")} ${dryRun ? "to delete" : "deleted"}`;
    output.notice(done);
    printKept(output, removed);
  },
});

/** Prints the unused channels that were kept. */
function printKept(output: Output, removed: readonly string[]): void {
  const unused = removeStale({ dryRun: true, includePersistent: true, includeNonEmpty: true });
  const kept = unused.filter((name) => !removed.includes(name));
  if (kept.length === 0) return;
  output.notice(
    `kept, since they have messages or are persistent: ${kept.join(", ")}; ` +
      "--non-empty and --persistent delete them",
  );
}
