/**
 * `ringbus keys ls`: the keys of a server.
 *
 * @module
 */

import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand, EXIT } from "../../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { printable } from "../../queue/records.ts";
import type { KeyRow } from "../../server/client.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

const LIMIT = 1000;

const KEYS = new Listing<KeyRow>(
  [
    { heading: "KEY", rank: 0, cell: ({ key }) => printable(key) },
    { heading: "TYPE", cell: ({ type }) => type },
    {
      heading: "TTL",
      cell: ({ ttl }) => ttl < 0 ? "-" : `${ttl}s`,
      key: ({ ttl }) => ttl < 0 ? undefined : ttl,
    },
  ],
  ({ key }) => key,
  (row) => row,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN]",
  description:
    `Lists keys of a server with the types of their values and their times to live: all, or those
that match a PATTERN such as 'session:*'. The server selects and counts them.`,
  examples: [
    ["ringbus keys ls 'session:*'", "list some keys of a server on this machine"],
    ["ringbus keys ls --sort ttl --url redis://localhost:6379", "list the keys of a Redis"],
  ],
  options: {
    ...SERVER_OPTIONS,
    ...LISTING_OPTIONS,
    limit: { type: "string", short: "n", value: "N", help: `most keys; default: ${LIMIT}` },
  },
  arity: [0, 1],
  async run({ values, arguments: [pattern = "*"], output }) {
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? LIMIT;
    const request = requestOf(values, [], output);
    await using server = await openServer(values, output);
    // One more shows whether there are more.
    const found = await server.keys(pattern, limit + 1);
    KEYS.print(output, KEYS.select(found.slice(0, limit), request), request);
    if (found.length > limit) output.notice(`there are more keys than ${limit}: give --limit`);
    if (found.length > 0) return EXIT.DONE;
    output.notice(pattern === "*" ? "the server has no key" : `no key matches ${pattern}`);
    return pattern === "*" ? EXIT.DONE : EXIT.FAILED;
  },
});
