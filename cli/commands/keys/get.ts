/**
 * `ringbus keys get`: values of keys of a server.
 *
 * @module
 */

import { defineCommand, EXIT } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "KEY...",
  description:
    `Prints the value of each key as a line of JSON: a text or other JSON, the fields of a hash,
the members of a set or a list, the members of a sorted set with their scores, the entries of a stream.
Over HTTP texts, hashes and sets alone can be read. Fails if a key does not exist.`,
  examples: [
    ["ringbus keys get greeting", "print the value of a key"],
    ["ringbus keys get jobs seen --url redis://localhost:6379", "print two keys of a Redis"],
  ],
  options: SERVER_OPTIONS,
  arity: [1, Infinity],
  async run({ values, arguments: keys, output }) {
    await using server = await openServer(values, output);
    const missing: string[] = [];
    for (const key of keys) {
      const value = await server.get(key);
      if (value === undefined) missing.push(key);
      else output.json(value);
    }
    if (missing.length === 0) return EXIT.DONE;
    output.notice(`the server has no key ${missing.join(", ")}`);
    return EXIT.FAILED;
  },
});
