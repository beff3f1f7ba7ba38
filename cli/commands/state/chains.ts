/**
 * `ringbus state chains`: the registry of a shared state.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { printable } from "../../queue/records.ts";
import { openState, STATE_OPTIONS } from "../../server/state.ts";

/** A pair of the registry. */
interface Pair {
  readonly chain: string;
  readonly uuid: string;
}

const PAIRS = new Listing<Pair>(
  [
    { heading: "CHAIN", rank: 0, cell: ({ chain }) => printable(chain) },
    { heading: "UUID", rank: 0, cell: ({ uuid }) => printable(uuid) },
  ],
  ({ chain }) => chain,
  (row) => row,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the registry of a shared state: chains of callers, or those that match a PATTERN, and
the uuid of each.`,
  examples: [
    ["ringbus state chains --name agents", "list all chains"],
    ["ringbus state chains 'console.*' --sort chain --url redis://localhost:6379", "list some"],
  ],
  options: { ...STATE_OPTIONS, ...LISTING_OPTIONS },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output }) {
    const request = requestOf(values, patterns, output);
    await using state = await openState(values);
    const all = Object.entries(await state.registryListAll());
    const nothing = patterns.length === 0 ? "the state has no chain" : "no chain matches";
    return PAIRS.show(output, all.map(([uuid, chain]) => ({ chain, uuid })), request, nothing);
  },
});
