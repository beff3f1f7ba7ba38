/**
 * `ringbus queue resume`: continues the delivery of messages of a channel.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description: `Continues the delivery of messages of a channel that was paused.`,
  examples: [["ringbus queue resume tasks --name work", "deliver again"], [
    "ringbus queue resume tasks --url redis://localhost:6379",
    "the same on Redis",
  ]],
  options: QUEUE_OPTIONS,
  arity: [1, 1],
  async run({ values, arguments: [channel], output }) {
    await using queue = await openQueue(values, output);
    await queue.resume(channel);
    if (output.isJson) output.json({ channel, isPaused: false });
    else output.print(`resumed ${channel}`);
  },
});
