/**
 * `ringbus record`: writes the messages of a channel to a file.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { numberOf } from "../arguments/numbers.ts";
import { sizeText } from "../observe/format.ts";
import { openChannel, waitForChannel } from "../observe/open.ts";
import { sinceOf, Watch, WATCH_OPTIONS } from "../observe/watch.ts";
import { ChannelReader } from "../../lib/observe/reader.ts";
import { RecordingWriter } from "../../lib/recording/writer.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME FILE",
  description:
    `Writes the messages of channel NAME to FILE with the times at which they were read, until
Ctrl-C, SIGTERM or the channel is deleted. It reads them in place: it takes nothing from a queue, and
no sender waits for it. Messages that were overwritten before it read them are counted in the file.
ringbus replay sends the messages again.`,
  examples: [[
    "ringbus record orders orders.rec --since oldest --limit 1000",
    "write a thousand messages to a file, the existing ones first",
  ], [
    "ringbus record orders orders.rec --seconds 60 --force",
    "write the messages of a minute, and replace the file",
  ]],
  options: {
    ...WATCH_OPTIONS,
    seconds: { type: "string", value: "S", help: "end after this many seconds" },
    force: { type: "boolean", short: "f", help: "replace FILE if it exists" },
    wait: { type: "boolean", short: "w", help: "wait for a channel that does not exist yet" },
  },
  arity: [2, 2],
  async run({ values, arguments: [name, path], output, signal }) {
    const seconds = numberOf("seconds", values.seconds, { isFractional: true });
    const since = sinceOf(values.since);
    using watch = new Watch([name], output, {
      messages: numberOf("limit", values.limit, { min: 1 }),
      durationMs: seconds === undefined ? undefined : seconds * 1000,
    }, signal);
    using file = values.wait ? await waitForChannel(name, watch.signal) : openChannel(name);
    if (file === undefined) return;
    const reader = new ChannelReader(file, name, since);
    const { kind, capacity } = reader.config;
    const info = {
      name,
      kind,
      capacity,
      begunAt: new Date(),
      get codecId() {
        return reader.config.codecId;
      },
    };
    using writer = new RecordingWriter(path, info, values.force);
    await watch.follow(name, file, reader, {
      message: (message) => writer.add({ timeMs: writer.timeMs, ...message }),
      missed: (count) => writer.addMissed(writer.timeMs, count),
      polled: () => writer.flush(),
    });
    writer.end();
    const { messages, bytes } = writer;
    if (output.isJson) output.json({ messages, bytes, missed: watch.missed });
    else {
      const missed = watch.missed > 0 ? `, missed ${watch.missed}` : "";
      output.print(
        `recorded ${pluralize(messages, "message")} (${sizeText(bytes)}) to ${path}${missed}`,
      );
    }
  },
});
