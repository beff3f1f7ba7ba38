/**
 * `ringbus set`: sets a latest value.
 *
 * @module
 */

import { INPUT_OPTIONS, inputValues } from "../arguments/input.ts";
import { numberOf } from "../arguments/numbers.ts";
import { defineCommand, UsageError } from "../command.ts";
import { LATEST_OPTIONS, latestOptions } from "../messages/latest_options.ts";
import { isRawChannel } from "../messages/raw_channel.ts";
import { Latest } from "../../lib/latest/latest.ts";
import { describeChannel } from "../../lib/observe/registry.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME KEY [VALUE]",
  description: `Sets the latest value of KEY of NAME. The value lives as long as a process is
attached to NAME, or with --persist.`,
  examples: [
    ["ringbus set machine speed 12.5 --persist", "set a value that stays when nobody is attached"],
    ["ringbus set machine speed --delete", "remove the value of a key"],
  ],
  options: {
    ...LATEST_OPTIONS,
    ...INPUT_OPTIONS,
    "ttl-ms": { type: "string", value: "MS", help: "the value expires after this time" },
    delete: { type: "boolean", help: "remove the value of KEY" },
  },
  arity: [2, 3],
  async run({ values, arguments: [name, key, ...words], output, signal }) {
    const ttlMs = numberOf("ttl-ms", values["ttl-ms"], { min: 1 });
    if ((words.length === 0) !== (values.delete ?? false)) {
      throw new UsageError("ringbus set takes a VALUE, or --delete");
    }
    using latest = new Latest(name, latestOptions(values));
    if (values.delete) {
      const isDeleted = latest.delete(key);
      if (output.isJson) output.json({ deleted: isDeleted });
      else output.print(isDeleted ? `deleted ${key} of ${name}` : `${key} of ${name} has no value`);
      return;
    }
    const input = { text: values.text, isRaw: isRawChannel(name) };
    for await (const value of inputValues(words, input, { output, signal })) {
      latest.set(key, value, { ttlMs });
    }
    const info = describeChannel(name);
    if (output.isJson) output.json({ set: key });
    else output.print(`set ${key} of ${name}`);
    if (info !== undefined && !info.persistent && info.participants.length < 2) {
      output.notice(`no other process is attached to ${name}: give --persist to keep the value`);
    }
  },
});
