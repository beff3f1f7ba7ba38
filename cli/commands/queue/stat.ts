/**
 * `ringbus queue stat`: describes one channel of a queue.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { printFields } from "../../observe/report.ts";
import { rateText } from "../../observe/format.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printable } from "../../queue/records.ts";
import { ageText } from "../../queue/stats.ts";
import type { CountedEvent, QueueStats } from "../../../backends/queue/types.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description: `Describes a channel of a queue: its messages by state, its consumers, and how often
each thing happens to its messages.`,
  examples: [["ringbus queue stat tasks --name work", "print counts and rates"], [
    "ringbus queue stat tasks --json --url redis://localhost:6379",
    "the same as JSON, of a queue on Redis",
  ]],
  options: QUEUE_OPTIONS,
  arity: [1, 1],
  async run({ values, arguments: [channel], output }) {
    await using queue = await openQueue(values, output);
    const stats = await queue.stats(channel);
    if (output.isJson) return output.json(stats);
    printFields(output, fieldsOf(stats));
    output.print("");
    output.table(["event", "total", "a second"], eventsOf(stats));
  },
});

function fieldsOf(stats: QueueStats): [string, string][] {
  return [
    ["channel", printable(stats.channel)],
    ["state", stats.isPaused ? "paused" : "running"],
    ["waiting", `${stats.waiting}`],
    ["delayed", `${stats.delayed}`],
    ["leased", `${stats.leased}`],
    ["dead letters", `${stats.dead}`],
    ["consumers", `${stats.consumers}`],
    ["oldest", ageText(stats.oldestSeconds)],
  ];
}

function eventsOf({ totals, perSecond }: QueueStats): (string | number)[][] {
  const events = Object.keys(totals) as CountedEvent[];
  return events.map((event) => [event, totals[event], rateText(perSecond[event])]);
}
