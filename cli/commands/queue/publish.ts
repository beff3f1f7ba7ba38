/**
 * `ringbus queue publish`: publishes messages.
 *
 * @module
 */

import { INPUT_OPTIONS, inputValues } from "../../arguments/input.ts";
import { defineCommand } from "../../command.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { MESSAGE_OPTIONS, messageOf, withoutUndefined } from "../../queue/message.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL [VALUE...]",
  description:
    `Publishes each VALUE, or each JSON line of the standard input, to a channel of a queue:
to the agent of --to, or to all agents that have subscribed to the channel.`,
  examples: [[
    `ringbus queue publish tasks '{"page":1}' --to reader --name work`,
    "publish a message for one agent",
  ], [
    "ringbus queue publish tasks cleanup --delay-seconds 60 --url redis://localhost:6379",
    "publish a message that is due in a minute",
  ]],
  options: {
    ...QUEUE_OPTIONS,
    ...INPUT_OPTIONS,
    ...MESSAGE_OPTIONS,
    "dedup-id": { type: "string", value: "ID", help: "store nothing if this id was published" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: [channel, ...words], output, signal }) {
    const message = {
      ...messageOf(values, channel),
      ...withoutUndefined({ deduplicationId: values["dedup-id"] }),
    };
    const input = { text: values.text, isRaw: false };
    await using queue = await openQueue(values, output, { mayCreate: true });
    let count = 0;
    try {
      for await (const payload of inputValues(words, input, { output, signal })) {
        const { id, isNew } = await queue.publish({ ...message, payload });
        if (output.isJson) output.json({ id, isNew });
        if (isNew) count++;
      }
    } finally {
      if (!output.isJson) output.print(`published ${pluralize(count, "message")} to ${channel}`);
    }
  },
});
