/**
 * `ringbus topics rm`: deletes a topic of a server.
 *
 * @module
 */

import { defineCommand, UsageError } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "TOPIC",
  description: `Deletes all messages of a topic, over http:// or https://. It needs --yes.`,
  examples: [
    ["ringbus topics rm news --yes", "delete the messages of a topic"],
    [
      "ringbus topics rm news --yes --url https://bus.example.org --token-file token.txt",
      "the same on another machine",
    ],
  ],
  options: {
    ...SERVER_OPTIONS,
    yes: { type: "boolean", short: "y", help: "really delete them" },
  },
  arity: [1, 1],
  async run({ values, arguments: [topic], output }) {
    if (!values.yes) throw new UsageError(`this deletes all messages of ${topic}: give --yes`);
    await using server = await openServer(values, output);
    const deleted = await server.deleteTopic(topic);
    if (output.isJson) output.json({ topic, deleted });
    else output.print(`deleted ${pluralize(deleted, "message")} of ${topic}`);
  },
});
