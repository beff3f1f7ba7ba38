/**
 * `ringbus queue ls`: lists the channels of a queue.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printable } from "../../queue/records.ts";
import { ageText } from "../../queue/stats.ts";

const HEADINGS = ["channel", "waiting", "delayed", "leased", "dead", "consumers", "oldest", ""];

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description: `Lists the channels of a queue: how many messages wait, are delayed, are leased by
consumers, and are dead letters; how many consumers there are, and how old the oldest message is.`,
  options: QUEUE_OPTIONS,
  arity: [0, 0],
  async run({ values, output }) {
    await using queue = await openQueue(values, output);
    const channels = await queue.channels();
    const all = await Promise.all(channels.map((channel) => queue.stats(channel)));
    if (output.isJson) return all.forEach((stats) => output.json(stats));
    if (all.length === 0) return output.notice("the queue has no channel");
    output.table(
      HEADINGS,
      all.map((stats) => [
        printable(stats.channel),
        stats.waiting,
        stats.delayed,
        stats.leased,
        stats.dead,
        stats.consumers,
        ageText(stats.oldestSeconds),
        stats.isPaused ? "paused" : "",
      ]),
    );
  },
});
