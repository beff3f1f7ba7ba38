/**
 * `ringbus sub`: a subscriber.
 *
 * @module
 */

import { channelOptions, RECEIVER_OPTIONS } from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { RECEIVE_OPTIONS, receiveAll, receivingOf } from "../messages/receive.ts";
import { Subscriber } from "../../lib/sockets/subscriber.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description: `Subscribes to channel NAME and prints every message as a line of JSON, until Ctrl-C.
Reports on the standard error stream how many messages were overwritten before it read them.`,
  options: { ...RECEIVER_OPTIONS, ...RECEIVE_OPTIONS },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const receiving = receivingOf(values);
    using subscriber = new Subscriber(name, channelOptions(values));
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
