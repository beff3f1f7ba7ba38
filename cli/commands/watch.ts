/**
 * `ringbus watch`: prints latest values as they change.
 *
 * @module
 */

import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import { defineCommand, UsageError } from "../command.ts";
import { LATEST_OPTIONS, latestOptions } from "../messages/latest_options.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../messages/printer.ts";
import { Latest } from "../../lib/latest/latest.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME [KEY]",
  description:
    `Prints the latest value of KEY of NAME, of the keys with a prefix, or of all keys, and
each change, as lines of JSON, until Ctrl-C. Of fast changes it prints the latest.`,
  examples: [["ringbus watch machine", "print all values, and each change"], [
    "ringbus watch machine --prefix motor. --limit 5",
    "print five values or changes of keys with a prefix",
  ]],
  options: {
    ...LATEST_OPTIONS,
    prefix: { type: "string", value: "TEXT", help: "watch the keys that begin with this text" },
    ...PRINT_OPTIONS,
    limit: { type: "string", short: "n", value: "N", help: "end after this many lines" },
  },
  arity: [1, 2],
  async run({ values, arguments: [name, key], output, signal }) {
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    if (key !== undefined && values.prefix !== undefined) {
      throw new UsageError("ringbus watch takes a KEY or --prefix, not both");
    }
    const printer = new MessagePrinter(output, values);
    using latest = new Latest(name, latestOptions(values));
    output.notice(`watching ${name}`);
    let count = 0;
    const target = key ?? { prefix: values.prefix ?? "" };
    for await (const { key, value, isDeleted } of latest.watch(target, { signal })) {
      const about = { ...printer.about(), key };
      output.json(
        isDeleted
          ? { ...about, deleted: true }
          : { ...about, value: toJsonForm(value, printer.maxBinaryBytes) },
      );
      if (!await output.flush(signal) || ++count >= limit) return;
    }
  },
});
