/**
 * `ringbus rm`: deletes channels.
 *
 * @module
 */

import { defineCommand, EXIT, UsageError } from "../command.ts";
import { lossOf, usersOf } from "../observe/losses.ts";
import { openChannel } from "../observe/open.ts";
import { sample } from "../observe/sample.ts";
import type { Output } from "../output.ts";
import { isConfirmed } from "../question.ts";
import { ShmConnectionError } from "../../lib/base/errors.ts";
import { removeChannel } from "../../lib/observe/remove.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME...",
  description:
    `Deletes the channels of these names, whatever they hold, and says what is lost. On a terminal
it asks before that; elsewhere it needs --yes. A channel that a process uses stays, unless --force is
given: its sockets then fail with an error that says so, and who opens the channel anew gets another one.`,
  examples: [
    ["ringbus rm jobs", "say what jobs holds, ask, and delete it"],
    ["ringbus rm jobs --yes --force", "delete it without a question, also while it is used"],
  ],
  options: {
    yes: { type: "boolean", short: "y", help: "do not ask" },
    force: { type: "boolean", short: "f", help: "also delete a channel that a process uses" },
    "dry-run": { type: "boolean", short: "n", help: "delete nothing, print what would be lost" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: names, output, signal }) {
    const { yes = false, force = false, "dry-run": dryRun = false } = values;
    const mayAsk = output.isTerminal && Deno.stdin.isTerminal() && !output.isJson;
    if (!yes && !dryRun && !mayAsk) {
      throw new UsageError(`this deletes ${names.join(", ")} and all messages there: give --yes`);
    }
    for (const name of names) {
      const loss = lossIn(name, force);
      const isAgreed = yes || dryRun ||
        await isConfirmed(`delete ${name}, and lose ${loss}?`, output, signal);
      if (!isAgreed) {
        output.notice(`${name} stays`);
        return EXIT.FAILED;
      }
      if (!dryRun) remove(name, force);
      print(output, { name, deleted: !dryRun, lost: loss });
    }
    return EXIT.DONE;
  },
});

/**
 * What is lost with a channel.
 *
 * @throws {ShmConnectionError} if there is none, or it is used and may not be deleted then
 */
function lossIn(name: string, force: boolean): string {
  using file = openChannel(name);
  const found = sample(name, file);
  const users = usersOf(found);
  if (users !== undefined && !force) throw usedError(name, `: ${users}`);
  return lossOf(found);
}

function remove(name: string, force: boolean): void {
  // Since the question a process may have opened it, or deleted it.
  if (removeChannel(name, { force }) === "used") throw usedError(name, "");
}

function usedError(name: string, users: string): ShmConnectionError {
  return new ShmConnectionError(
    `channel "${name}" is used${users}; end what uses it, or give --force`,
  );
}

function print(output: Output, result: { name: string; deleted: boolean; lost: string }): void {
  const { name, deleted, lost } = result;
  if (output.isJson) output.json(result);
  else output.print(`${deleted ? "deleted" : "would delete"} ${name}, with ${lost}`);
}
