/**
 * `ringbus topics get`: the messages of a topic of a server.
 *
 * @module
 */

import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand, EXIT } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "TOPIC",
  description:
    `Prints the messages of a topic as lines of JSON, the oldest first. They stay where they are.
Fails if the topic has none.`,
  examples: [
    ["ringbus topics get news", "print all messages of a topic"],
    ["ringbus topics get news --limit 10", "print the newest ten"],
  ],
  options: {
    ...SERVER_OPTIONS,
    limit: { type: "string", short: "n", value: "N", help: "print the newest N messages alone" },
  },
  arity: [1, 1],
  async run({ values, arguments: [topic], output, signal }) {
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    await using server = await openServer(values, output);
    const messages = await server.messages(topic);
    for (const message of messages.slice(-limit)) {
      output.json(message);
      if (!await output.flush(signal)) return EXIT.DONE;
    }
    if (messages.length > 0) return EXIT.DONE;
    output.notice(`topic ${JSON.stringify(topic)} has no message`);
    return EXIT.FAILED;
  },
});
