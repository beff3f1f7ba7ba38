/**
 * `ringbus queue purge`: removes messages of a channel.
 *
 * @module
 */

import { defineCommand, UsageError } from "../../command.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import type { PurgedState } from "../../../backends/queue/types.ts";

const STATES: readonly PurgedState[] = ["waiting", "delayed", "dead", "done"];

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description:
    `Removes the messages of a channel that wait or are delayed, or those of the states that
--state names. Messages that consumers hold stay.`,
  examples: [[
    "ringbus queue purge tasks --yes --name work",
    "remove the messages that wait or are delayed",
  ], ["ringbus queue purge tasks --state dead --yes --name work", "remove the dead letters"]],
  options: {
    ...QUEUE_OPTIONS,
    state: {
      type: "string",
      multiple: true,
      value: "STATE",
      choices: STATES,
      help: `${STATES.join(", ")}; may be given several times`,
    },
    yes: { type: "boolean", short: "y", help: "really remove them" },
  },
  arity: [1, 1],
  async run({ values, arguments: [channel], output }) {
    const states = (values.state ?? ["waiting", "delayed"]).map(checkState);
    if (!values.yes) {
      throw new UsageError(
        `this removes the messages of ${channel} that are ${states.join(" or ")}: give --yes`,
      );
    }
    await using queue = await openQueue(values, output);
    const removed = await queue.purge(channel, { states });
    if (output.isJson) output.json({ channel, states, removed });
    else output.print(`removed ${pluralize(removed, "message")} of ${channel}`);
  },
});

function checkState(text: string): PurgedState {
  const state = STATES.find((each) => each === text);
  if (state !== undefined) return state;
  throw new UsageError(`--state takes ${STATES.join(", ")}, not ${JSON.stringify(text)}`);
}
