/**
 * `ringbus pub`: publishes values.
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
import { numberOf } from "../arguments/numbers.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { hasRole, waitForRole } from "../messages/wait_for_role.ts";
import { Publisher } from "../../lib/sockets/publisher.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME [VALUE...]",
  description:
    `Publishes each VALUE, or each JSON line of the standard input, to channel NAME. Every
current subscriber receives it. It waits for a subscriber only with --wait.`,
  examples: [[
    `ringbus pub robot.pose '{"x":1.5}' --wait`,
    "publish a value as soon as there is a subscriber",
  ], [
    "ringbus pub log --text --every-ms 100 < lines.txt",
    "publish each line of a file as text, ten a second",
  ]],
  options: {
    ...CHANNEL_OPTIONS,
    ...INPUT_OPTIONS,
    topic: { type: "string", value: "TOPIC", help: "publish the values with this topic" },
    wait: { type: "boolean", short: "w", help: "wait for a subscriber" },
    "timeout-ms": { ...TIMEOUT_OPTION["timeout-ms"], help: "fail if --wait takes longer" },
    "every-ms": { type: "string", value: "MS", help: "pause between two values" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: [name, ...words], output, signal }) {
    const everyMs = numberOf("every-ms", values["every-ms"]) ?? 0;
    const timeoutMs = timeoutOf(values);
    using publisher = new Publisher(name, channelOptions(values));
    if (values.wait) await waitForRole(name, "subscriber", signal, timeoutMs);
    else if (!hasRole(name, "subscriber")) {
      output.notice(`${name} has no subscriber: the values reach no one`);
    }
    const input = { text: values.text, isRaw: isRawChannel(name) };
    for await (const value of inputValues(words, input, { output, signal })) {
      if (everyMs > 0 && publisher.statistics().sent > 0) await sleep(everyMs, signal);
      if (signal.aborted) break;
      publisher.send(value, { topic: values.topic });
    }
    const { sent } = publisher.statistics();
    if (output.isJson) output.json({ sent });
    else output.print(`published ${pluralize(sent, "message")} to ${name}`);
  },
});
