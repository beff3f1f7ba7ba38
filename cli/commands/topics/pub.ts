/**
 * `ringbus topics pub`: publishes to a topic of a server.
 *
 * @module
 */

import { INPUT_OPTIONS, inputValues } from "../../arguments/input.ts";
import { defineCommand } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "TOPIC [VALUE...]",
  description:
    `Publishes each VALUE, or each JSON line of the standard input, to the subscribers of a topic
of a server. A published value is delivered, and not stored.`,
  examples: [
    [`ringbus topics pub news '{"text":"hello"}'`, "publish a value over HTTP"],
    ["ringbus topics pub news hello --url redis://localhost:6379", "publish a text on Redis"],
  ],
  options: { ...SERVER_OPTIONS, ...INPUT_OPTIONS },
  arity: [1, Infinity],
  async run({ values, arguments: [topic, ...words], output, signal }) {
    await using server = await openServer(values, output);
    let [sent, reached] = [0, 0];
    const input = { text: values.text, isRaw: false };
    for await (const value of inputValues(words, input, { output, signal })) {
      reached += await server.publish(topic, value);
      sent++;
      if (signal.aborted) break;
    }
    if (output.isJson) output.json({ sent, reached });
    else {
      const delivered = `delivered ${pluralize(reached, "time")}`;
      output.print(`published ${pluralize(sent, "value")} to ${topic}, ${delivered}`);
    }
  },
});
