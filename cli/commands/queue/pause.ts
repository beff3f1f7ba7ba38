/**
 * `ringbus queue pause`: ends the delivery of messages of a channel.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description:
    `Ends the delivery of messages of a channel, in all processes, until \`ringbus queue resume\`.
Messages that consumers hold can be acknowledged.`,
  examples: [["ringbus queue pause tasks --name work", "stop the delivery"], [
    "ringbus queue pause tasks --url redis://localhost:6379",
    "the same on Redis",
  ]],
  options: QUEUE_OPTIONS,
  arity: [1, 1],
  async run({ values, arguments: [channel], output }) {
    await using queue = await openQueue(values, output);
    await queue.pause(channel);
    if (output.isJson) output.json({ channel, isPaused: true });
    else output.print(`paused ${channel}`);
  },
});
