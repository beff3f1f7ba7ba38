/**
 * `ringbus topics ls`: the topics of a server.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { printable } from "../../queue/records.ts";
import type { TopicRow } from "../../server/client.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

const TOPICS = new Listing<TopicRow>(
  [
    { heading: "TOPIC", rank: 0, cell: ({ topic }) => printable(topic) },
    {
      heading: "MESSAGES",
      cell: ({ messages }) => messages ?? "-",
      key: ({ messages }) => messages,
    },
    {
      heading: "SUBSCRIBERS",
      cell: ({ subscribers }) => subscribers ?? "-",
      key: ({ subscribers }) => subscribers,
    },
  ],
  ({ topic }) => topic,
  (row) => row,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the topics of a server that have messages, or those whose names match a PATTERN. Over
redis:// it lists the channels that have subscribers instead.`,
  examples: [
    ["ringbus topics ls", "list the topics of a server on this machine"],
    [
      "ringbus topics ls 'sensor.*' --sort messages --url tcp://localhost:31134",
      "list some topics over TCP, those with the most messages first",
    ],
  ],
  options: { ...SERVER_OPTIONS, ...LISTING_OPTIONS },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output }) {
    const request = requestOf(values, patterns, output);
    await using server = await openServer(values, output);
    const nothing = patterns.length === 0 ? "the server has no topic" : "no topic matches";
    return TOPICS.show(output, await server.topics(), request, nothing);
  },
});
