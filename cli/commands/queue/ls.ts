/**
 * `ringbus queue ls`: lists the channels of a queue.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printable } from "../../queue/records.ts";
import { ageText } from "../../queue/stats.ts";
import type { QueueStats } from "../../../backends/queue/types.ts";

const CHANNELS = new Listing<QueueStats>(
  [
    { heading: "CHANNEL", rank: 0, cell: ({ channel }) => printable(channel) },
    { heading: "WAITING", cell: ({ waiting }) => waiting },
    { heading: "DELAYED", rank: 3, cell: ({ delayed }) => delayed },
    { heading: "LEASED", cell: ({ leased }) => leased },
    { heading: "DEAD", cell: ({ dead }) => dead },
    { heading: "CONSUMERS", rank: 2, cell: ({ consumers }) => consumers },
    {
      heading: "OLDEST",
      cell: ({ oldestSeconds }) => ageText(oldestSeconds),
      key: ({ oldestSeconds }) => oldestSeconds ?? undefined,
    },
    { heading: "STATE", cell: ({ isPaused }) => isPaused ? "paused" : "running" },
  ],
  ({ channel }) => channel,
  (stats) => stats,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the channels of a queue, or those whose names match a PATTERN: how many messages
wait, are delayed, are leased by consumers, and are dead letters; how many consumers there are, how old
the oldest message is, and whether the channel is paused.`,
  examples: [["ringbus queue ls --name work", "list the channels of a queue in shared memory"], [
    "ringbus queue ls 'tasks.*' --sort waiting --url redis://localhost:6379",
    "list some channels of one on Redis, the fullest first",
  ]],
  options: { ...QUEUE_OPTIONS, ...LISTING_OPTIONS },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output }) {
    const request = requestOf(values, patterns, output);
    await using queue = await openQueue(values, output);
    const channels = await queue.channels();
    const all = await Promise.all(channels.map((channel) => queue.stats(channel)));
    const nothing = all.length === 0
      ? "the queue has no channel"
      : "no channel of the queue matches";
    return CHANNELS.show(output, all, request, nothing);
  },
});
