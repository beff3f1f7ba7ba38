/**
 * `ringbus queue dead`: prints dead letters.
 *
 * @module
 */

import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand } from "../../command.ts";
import { type Column, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printable, printRecords } from "../../queue/records.ts";
import type { DeadLetter } from "../../../backends/queue/types.ts";

const LIMIT = 20;

const COLUMNS: readonly Column<DeadLetter>[] = [
  { heading: "ATTEMPTS", cell: ({ attempts }) => attempts },
  {
    heading: "REASON",
    cell: ({ reason, error }) => printable(error === null ? reason : `${reason}: ${error}`),
  },
];

/** The subcommand. */
export const command = defineCommand({
  usage: "AGENT",
  description:
    `Prints the dead letters of an agent, the oldest first: messages that were delivered too
often, or that a worker has rejected, and why.`,
  examples: [["ringbus queue dead reader --name work", "print the dead letters of an agent"], [
    "ringbus queue dead reader --json --name work",
    "the same as JSON",
  ]],
  options: {
    ...QUEUE_OPTIONS,
    ...LISTING_OPTIONS,
    channel: { type: "string", value: "CHANNEL", help: "only of this channel" },
    limit: { type: "string", short: "n", value: "N", help: `most messages; default: ${LIMIT}` },
  },
  arity: [1, 1],
  async run({ values, arguments: [agent], output }) {
    const { channel } = values;
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? LIMIT;
    const request = requestOf(values, [], output);
    await using queue = await openQueue(values, output);
    const which = channel === undefined ? { limit } : { channel, limit };
    printRecords(output, await queue.getDeadLetters(agent, which), request, COLUMNS);
  },
});
