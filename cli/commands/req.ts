/**
 * `ringbus req`: sends requests, and prints the replies.
 *
 * @module
 */

import {
  CHANNEL_OPTIONS,
  channelOptions,
  TIMEOUT_OPTION,
  timeoutOf,
} from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { isRawChannel } from "../messages/raw_channel.ts";
import { INPUT_OPTIONS, inputValues } from "../arguments/input.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../messages/printer.ts";
import { unlessAborted } from "../messages/receive.ts";
import { Requester } from "../../lib/sockets/requester.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME [VALUE...]",
  description: `Sends each VALUE, or each JSON line of the standard input, as a request to channel
NAME, one after the other, and prints each reply as a line of JSON.`,
  examples: [["ringbus req calc 21", "send a request, and print the reply"], [
    "ringbus req calc 1 2 3 --timeout-ms 500",
    "send three requests, and wait half a second for each",
  ]],
  options: {
    ...CHANNEL_OPTIONS,
    ...INPUT_OPTIONS,
    ...TIMEOUT_OPTION,
    raw: { type: "boolean", help: "write the bytes of replies without line ends" },
    "max-binary": PRINT_OPTIONS["max-binary"],
  },
  arity: [1, Infinity],
  async run({ values, arguments: [name, ...words], output, signal }) {
    const timeoutMs = timeoutOf(values);
    const printer = new MessagePrinter(output, values);
    using requester = new Requester(name, channelOptions(values));
    const input = { text: values.text, isRaw: isRawChannel(name) };
    for await (const value of inputValues(words, input, { output, signal })) {
      const reply = await unlessAborted(async () => ({
        value: await requester.request(value, { timeoutMs, signal }),
      }), signal);
      if (reply === undefined) return;
      printer.print(reply.value);
      if (!await output.flush(signal)) return;
    }
  },
});
