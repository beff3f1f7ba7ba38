/**
 * `ringbus queue peek`: prints messages of a queue without taking them.
 *
 * @module
 */

import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand, UsageError } from "../../command.ts";
import { LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printRecords } from "../../queue/records.ts";
import type { MessageQueue, MessageRecord } from "../../../backends/queue/types.ts";

const LIMIT = 20;

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description:
    `Prints messages of a channel, and takes none: with --agent those that the agent has not
acknowledged, in the order of delivery; with --delayed those for later; otherwise the last stored.`,
  examples: [[
    "ringbus queue peek tasks --agent reader --name work",
    "print what waits for an agent",
  ], [
    "ringbus queue peek tasks --delayed --limit 5 --name work",
    "print five messages that are not due yet",
  ]],
  options: {
    ...QUEUE_OPTIONS,
    ...LISTING_OPTIONS,
    agent: { type: "string", value: "AGENT", help: "messages for this agent" },
    delayed: { type: "boolean", help: "messages that are not due yet" },
    limit: { type: "string", short: "n", value: "N", help: `most messages; default: ${LIMIT}` },
  },
  arity: [1, 1],
  async run({ values, arguments: [channel], output }) {
    const { agent, delayed = false } = values;
    if (delayed && agent !== undefined) throw new UsageError("give --agent or --delayed, not both");
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? LIMIT;
    const request = requestOf(values, [], output);
    await using queue = await openQueue(values, output);
    printRecords(output, await found(queue, { channel, limit }, agent, delayed), request);
  },
});

function found(
  queue: MessageQueue,
  which: { channel: string; limit: number },
  agent: string | undefined,
  delayed: boolean,
): Promise<MessageRecord[]> {
  if (agent !== undefined) return queue.getPending(agent, which);
  if (delayed) return queue.getDelayed(which);
  return queue.list({ limit: which.limit, filters: { channel: which.channel } });
}
