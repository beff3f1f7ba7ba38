/**
 * `ringbus pull`: a puller.
 *
 * @module
 */

import { channelOptions, RECEIVER_OPTIONS } from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { MessagePrinter } from "../messages/printer.ts";
import { RECEIVE_OPTIONS, receiveAll, receivingOf } from "../messages/receive.ts";
import { Puller } from "../../lib/sockets/puller.ts";

/** Messages are printed one at a time: all others are for other pullers. */
const MAX_UNACKED = 1;

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description: `Pulls from channel NAME and prints every message as a line of JSON, until Ctrl-C. A
message is acknowledged when its line is written; otherwise it is delivered to another puller.`,
  examples: [["ringbus pull jobs --limit 3", "take three messages, print them, and end"], [
    "ringbus pull jobs --timeout-ms 1000",
    "take what there is; end with code 3 after a second without a message",
  ]],
  options: { ...RECEIVER_OPTIONS, ...RECEIVE_OPTIONS },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const receiving = receivingOf(values);
    const printer = new MessagePrinter(output, values);
    const options = { ...channelOptions(values), ack: true as const, maxUnacked: MAX_UNACKED };
    using puller = new Puller<unknown>(name, options);
    output.notice(`pulling from ${name}`);
    return await receiveAll(receiving, { output, printer, signal }, async (wait) => {
      const delivery = await puller.recv(wait);
      return { value: delivery.value, printed: () => delivery.ack() };
    });
  },
});
