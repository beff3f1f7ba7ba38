/**
 * `ringbus push`: pushes values.
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
import { pluralize } from "../../lib/base/pluralize.ts";
import { isRawChannel } from "../messages/raw_channel.ts";
import { INPUT_OPTIONS, inputValues } from "../arguments/input.ts";
import { unlessAborted } from "../messages/receive.ts";
import { Pusher } from "../../lib/sockets/pusher.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME [VALUE...]",
  description:
    `Pushes each VALUE, or each JSON line of the standard input, to channel NAME, and waits
for space. Each message goes to one puller. Messages that were not pulled stay in the channel.`,
  examples: [[`ringbus push jobs '{"page":1}' '{"page":2}'`, "push two messages"], [
    "ringbus push jobs --text --timeout-ms 1000 < lines.txt",
    "push each line of a file as text; fail if the queue is full for a second",
  ]],
  options: { ...CHANNEL_OPTIONS, ...INPUT_OPTIONS, ...TIMEOUT_OPTION },
  arity: [1, Infinity],
  async run({ values, arguments: [name, ...words], output, signal }) {
    const timeoutMs = timeoutOf(values);
    using pusher = new Pusher(name, channelOptions(values));
    const input = { text: values.text, isRaw: isRawChannel(name) };
    try {
      for await (const value of inputValues(words, input, { output, signal })) {
        await unlessAborted(() => pusher.sendAsync(value, { timeoutMs, signal }), signal);
      }
    } finally {
      const { sent } = pusher.statistics();
      if (output.isJson) output.json({ sent });
      else output.print(`pushed ${pluralize(sent, "message")} to ${name}`);
    }
  },
});
