/**
 * `ringbus queue schedule`: lists, sets and removes schedules.
 *
 * @module
 */

import { INPUT_OPTIONS, inputValues } from "../../arguments/input.ts";
import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand, EXIT, type Invocation, UsageError } from "../../command.ts";
import { MESSAGE_OPTIONS, messageOf, withoutUndefined } from "../../queue/message.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { printable } from "../../queue/records.ts";
import type { MessageQueue, ScheduleRecord, ScheduleRule } from "../../../backends/queue/types.ts";

const OPTIONS = {
  ...QUEUE_OPTIONS,
  ...LISTING_OPTIONS,
  ...INPUT_OPTIONS,
  ...MESSAGE_OPTIONS,
  cron: { type: "string", value: "EXPRESSION", help: 'when, such as "0 8 * * 1-5"' },
  "every-seconds": { type: "string", value: "S", help: "seconds between two messages" },
  "time-zone": { type: "string", value: "ZONE", help: "IANA zone of --cron; default: UTC" },
  times: { type: "string", value: "N", help: "most messages; default: no limit" },
  remove: { type: "boolean", help: "remove schedule KEY" },
} as const;

/** The subcommand. */
export const command = defineCommand({
  usage: "[KEY [CHANNEL VALUE]]",
  description:
    `Without arguments, lists the schedules of a queue. With KEY, CHANNEL, VALUE and --cron or
--every-seconds, publishes VALUE again and again while a process has the queue open. With KEY and
--remove, removes a schedule.`,
  examples: [[
    "ringbus queue schedule daily reports go --cron '0 8 * * *' --name work",
    "publish a message every day at eight",
  ], ["ringbus queue schedule daily --remove --name work", "remove a schedule"]],
  options: OPTIONS,
  arity: [0, 3],
  async run(invocation) {
    const { values, output, arguments: [key, channel, ...words] } = invocation;
    const isSetting = key !== undefined && !values.remove;
    if (isSetting && words.length === 0) {
      throw new UsageError("give KEY CHANNEL VALUE to set a schedule, or KEY --remove");
    }
    await using queue = await openQueue(values, output, { mayCreate: isSetting });
    if (key === undefined) return list(queue, invocation);
    if (values.remove) return await remove(queue, key, invocation);
    await set(queue, key, channel, words, invocation);
  },
});

type Call = Invocation<typeof OPTIONS>;

const SCHEDULES = new Listing<ScheduleRecord>(
  [
    { heading: "KEY", rank: 0, cell: ({ key }) => printable(key) },
    { heading: "CHANNEL", cell: ({ message: { channel } }) => printable(channel) },
    { heading: "WHEN", cell: ({ rule }) => printable(rule.cron ?? `every ${rule.everySeconds} s`) },
    { heading: "NEXT", cell: ({ nextAt }) => nextAt?.toISOString() ?? "ended" },
    { heading: "PUBLISHED", rank: 2, cell: ({ count }) => count },
  ],
  ({ key }) => key,
  (schedule) => schedule,
);

async function list(queue: MessageQueue, { values, output }: Call): Promise<void> {
  const request = requestOf(values, [], output);
  const schedules = await queue.schedules();
  SCHEDULES.print(output, SCHEDULES.select(schedules, request), request);
  if (schedules.length === 0) output.notice("the queue has no schedule");
}

async function remove(queue: MessageQueue, key: string, { output }: Call): Promise<number> {
  const removed = await queue.unschedule(key);
  if (output.isJson) output.json({ key, removed });
  else output.print(removed ? `removed schedule ${key}` : `there is no schedule ${key}`);
  return removed ? EXIT.DONE : EXIT.FAILED;
}

async function set(
  queue: MessageQueue,
  key: string,
  channel: string,
  words: readonly string[],
  { values, output, signal }: Call,
): Promise<void> {
  const rule: ScheduleRule = withoutUndefined({
    cron: values.cron,
    everySeconds: numberOf("every-seconds", values["every-seconds"], { isFractional: true }),
    timeZone: values["time-zone"],
    limit: numberOf("times", values.times, { min: 1 }),
  });
  if (rule.cron === undefined && rule.everySeconds === undefined) {
    throw new UsageError("say when: --cron EXPRESSION, or --every-seconds S");
  }
  const input = { text: values.text, isRaw: false };
  for await (const payload of inputValues(words, input, { output, signal })) {
    const schedule = await queue.schedule(key, rule, { ...messageOf(values, channel), payload });
    if (output.isJson) output.json(schedule);
    else output.print(`the next message of ${key} is due at ${schedule.nextAt?.toISOString()}`);
  }
}
