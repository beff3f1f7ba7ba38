/**
 * `ringbus sub`: a subscriber.
 *
 * @module
 */

import { channelOptions, RECEIVER_OPTIONS } from "../arguments/channel_options.ts";
import { numberOf } from "../arguments/numbers.ts";
import { defineCommand, UsageError } from "../command.ts";
import { MessagePrinter } from "../messages/printer.ts";
import { RECEIVE_OPTIONS, receiveAll, receiveFrom, receivingOf } from "../messages/receive.ts";
import { namesMatching } from "../observe/open.ts";
import type { Output } from "../output.ts";
import type { WaitOptions } from "../../lib/base/options.ts";
import type { TopicMessage } from "../../lib/channel/checked_decoder.ts";
import { Subscriber } from "../../lib/sockets/subscriber.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME...",
  description: `Subscribes to channels and prints every message as a line of JSON, until Ctrl-C; of
several channels, with the NAME of its channel. A pattern such as 'robot.*' names the channels that
there are now. The topic of a message stands before it; with --json a line is an object of both. With
--since it begins with messages that were sent before. Reports on the standard error stream how many
messages were overwritten before it read them.`,
  examples: [["ringbus sub robot.pose", "print what is published from now on"], [
    "ringbus sub 'robot.*' --timestamps",
    "print what several channels carry, and when",
  ], [
    "ringbus sub robot.pose --since 10 --limit 10",
    "print the newest ten messages, and end",
  ]],
  options: {
    ...RECEIVER_OPTIONS,
    ...RECEIVE_OPTIONS,
    since: {
      type: "string",
      value: "WHEN",
      choices: ["oldest", "now"],
      help: "oldest: all that the rings hold; a number: so many of each ring; default: now",
    },
    topic: {
      type: "string",
      multiple: true,
      value: "PATTERN",
      help: "only messages of topics that match, such as pose.*; may be given several times",
    },
    conflate: { type: "boolean", help: "only the newest message of each topic" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: words, output, signal }) {
    const receiving = receivingOf(values);
    const names = namesMatching(words, "broadcast");
    const printer = new MessagePrinter(output, values, names.length);
    const options = {
      ...channelOptions(values),
      since: sinceOf(values.since),
      topics: topicsOf(values.topic),
      conflate: values.conflate,
      withTopic: true,
    };
    using subscribers = new DisposableStack();
    const sources = names.map((name) => {
      const subscriber = subscribers.use(new Subscriber<TopicMessage>(name, options));
      output.notice(`subscribed to ${name}`);
      const report = missedReporter(output, names.length > 1 ? ` of ${name}` : "");
      return {
        name,
        async receive(wait: WaitOptions) {
          const { topic, value } = await subscriber.recv(wait);
          report(subscriber.statistics().missed);
          return { value, topic };
        },
      };
    });
    const printing = { output, printer, signal };
    if (sources.length > 1) return await receiveFrom(sources, receiving, printing);
    return await receiveAll(receiving, printing, sources[0].receive);
  },
});

/** A function that reports how many more messages were missed, given their number so far. */
function missedReporter(output: Output, where: string): (missed: number) => void {
  let reported = 0;
  return (missed) => {
    if (missed > reported) output.notice(`missed ${missed - reported}${where}`);
    reported = missed;
  };
}

/** Where the subscriber begins. */
function topicsOf(patterns: string[] | undefined): string[] | undefined {
  if (!patterns?.includes("")) return patterns;
  throw new UsageError('--topic takes a pattern of topics, such as pose.*, not ""');
}

function sinceOf(text: string | undefined): "oldest" | "now" | number | undefined {
  if (text === "oldest" || text === "now") return text;
  if (text === undefined || /^\d+$/.test(text)) return numberOf("since", text);
  throw new UsageError(
    `--since takes oldest, now or a number of messages, not ${JSON.stringify(text)}`,
  );
}
