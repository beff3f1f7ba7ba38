/**
 * `ringbus get`: prints latest values.
 *
 * @module
 */

import { toJsonForm } from "../arguments/json_form.ts";
import { defineCommand, EXIT } from "../command.ts";
import { LATEST_OPTIONS, latestOptions } from "../messages/latest_options.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../messages/printer.ts";
import { openChannel } from "../observe/open.ts";
import { Latest } from "../../lib/latest/latest.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME [KEY...]",
  description: `Prints the latest value of each KEY of NAME as a line of JSON; without KEY, all keys
with their values. Fails if a key has no value, or there is no NAME.`,
  examples: [["ringbus get machine", "print all keys with their values"], [
    "ringbus get machine speed",
    "print the value of one key",
  ]],
  options: {
    ...LATEST_OPTIONS,
    raw: { type: "boolean", help: "write the bytes of values without line ends" },
    "max-binary": PRINT_OPTIONS["max-binary"],
  },
  arity: [1, Infinity],
  async run({ values, arguments: [name, ...keys], output, signal }) {
    const printer = new MessagePrinter(output, values);
    if (keys.length === 0) openChannel(name)[Symbol.dispose]();
    using latest = new Latest(name, latestOptions(values));
    if (keys.length === 0) {
      for (const [key, value] of latest.entries()) {
        output.json({ key, value: toJsonForm(value, printer.maxBinaryBytes) });
        if (!await output.flush(signal)) return;
      }
      return;
    }
    const missing = keys.filter((key) => !latest.has(key));
    for (const key of keys) {
      if (!missing.includes(key)) printer.print(latest.get(key));
    }
    if (missing.length === 0) return;
    output.notice(`${name} has no value of ${missing.join(", ")}`);
    return EXIT.FAILED;
  },
});
