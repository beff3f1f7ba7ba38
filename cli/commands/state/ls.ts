/**
 * `ringbus state ls`: the threads of a shared state.
 *
 * @module
 */

import { defineCommand } from "../../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../../listing/listing.ts";
import { printable } from "../../queue/records.ts";
import { openState, STATE_OPTIONS } from "../../server/state.ts";

/** A thread, and how many slots it has. */
interface Thread {
  readonly thread: string;
  readonly slots: number;
}

const THREADS = new Listing<Thread>(
  [
    { heading: "THREAD", rank: 0, cell: ({ thread }) => printable(thread) },
    { heading: "SLOTS", cell: ({ slots }) => slots },
  ],
  ({ thread }) => thread,
  (row) => row,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the threads of a shared state, or those whose names match a PATTERN, and how many slots
each has. The state must exist: nothing is created.`,
  examples: [
    ["ringbus state ls --name agents", "list the threads of a state in shared memory"],
    ["ringbus state ls 'user-*' --url redis://localhost:6379", "list some threads on Redis"],
  ],
  options: { ...STATE_OPTIONS, ...LISTING_OPTIONS },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output }) {
    const request = requestOf(values, patterns, output);
    await using state = await openState(values);
    const names = await state.bufferListThreads();
    const threads = await Promise.all(
      names.map(async (thread) => ({ thread, slots: await state.bufferThreadLen(thread) })),
    );
    const nothing = patterns.length === 0 ? "the state has no thread" : "no thread matches";
    return THREADS.show(output, threads, request, nothing);
  },
});
