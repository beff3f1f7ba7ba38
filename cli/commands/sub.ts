/**
 * `ringbus sub`: a subscriber.
 *
 * @module
 */

import { CHANNEL_OPTIONS, channelOptions, timeoutOf } from "../channel_options.ts";
import { defineCommand } from "../command.ts";
import { RECEIVE_OPTIONS, receiveAll } from "../receive.ts";
import { Subscriber } from "../../lib/subscriber.ts";

/** Subscribes. */
export const command = defineCommand({
  usage: "NAME",
  description: `Subscribes to channel NAME and prints every message as a line of JSON, until Ctrl-C.
What was overwritten before it was read is counted on the standard error stream.`,
  options: { ...CHANNEL_OPTIONS, ...RECEIVE_OPTIONS },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const timeoutMs = timeoutOf(values);
    using subscriber = new Subscriber(name, channelOptions(values));
    output.remark(`subscribed to ${name}`);
    let missed = 0;
    return await receiveAll({ values, output, signal, timeoutMs }, async (wait) => {
      const value = await subscriber.recv(wait);
      const total = subscriber.statistics().missed;
      if (total > missed) output.remark(`missed ${total - missed}`);
      missed = total;
      return { value };
    });
  },
});
