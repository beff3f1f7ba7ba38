/**
 * `ringbus keys rm`: deletes keys of a server.
 *
 * @module
 */

import { defineCommand, EXIT, UsageError } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "KEY...",
  description:
    `Deletes keys of a server, with values of any kind. It needs --yes. Fails if a key does
not exist.`,
  examples: [
    ["ringbus keys rm greeting --yes", "delete a key"],
    ["ringbus keys rm a b --yes --url redis://localhost:6379", "delete two keys of a Redis"],
  ],
  options: {
    ...SERVER_OPTIONS,
    yes: { type: "boolean", short: "y", help: "really delete them" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: keys, output }) {
    if (!values.yes) {
      throw new UsageError(`this deletes ${keys.join(", ")} at the server: give --yes`);
    }
    await using server = await openServer(values, output);
    const missing: string[] = [];
    for (const key of keys) {
      const deleted = await server.deleteKey(key);
      if (output.isJson) output.json({ key, deleted });
      else if (deleted) output.print(`deleted ${key}`);
      if (!deleted) missing.push(key);
    }
    if (missing.length === 0) return EXIT.DONE;
    output.notice(`the server has no key ${missing.join(", ")}`);
    return EXIT.FAILED;
  },
});
