/**
 * `ringbus sub`: a subscriber.
 *
 * @module
 */

import { channelOptions, RECEIVER_OPTIONS } from "../arguments/channel_options.ts";
import { numberOf } from "../arguments/numbers.ts";
import { defineCommand, UsageError } from "../command.ts";
import { RECEIVE_OPTIONS, receiveAll, receivingOf } from "../messages/receive.ts";
import { Subscriber } from "../../lib/sockets/subscriber.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description: `Subscribes to channel NAME and prints every message as a line of JSON, until Ctrl-C.
With --since it begins with messages that were sent before. Reports on the standard error stream how
many messages were overwritten before it read them.`,
  examples: [["sub robot.pose", "print what is published from now on"], [
    "sub robot.pose --since 10 --limit 10",
    "print the newest ten messages, and end",
  ]],
  options: {
    ...RECEIVER_OPTIONS,
    ...RECEIVE_OPTIONS,
    since: {
      type: "string",
      value: "WHEN",
      help: "oldest: all that the rings hold; a number: so many of each ring; default: now",
    },
  },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const receiving = receivingOf(values);
    using subscriber = new Subscriber(name, {
      ...channelOptions(values),
      since: sinceOf(values.since),
    });
    output.notice(`subscribed to ${name}`);
    let missed = 0;
    return await receiveAll(receiving, { output, signal }, async (wait) => {
      const value = await subscriber.recv(wait);
      const total = subscriber.statistics().missed;
      if (total > missed) output.notice(`missed ${total - missed}`);
      missed = total;
      return { value };
    });
  },
});

/** Where the subscriber begins. */
function sinceOf(text: string | undefined): "oldest" | "now" | number | undefined {
  if (text === "oldest" || text === "now") return text;
  if (text === undefined || /^\d+$/.test(text)) return numberOf("since", text);
  throw new UsageError(
    `--since takes oldest, now or a number of messages, not ${JSON.stringify(text)}`,
  );
}
