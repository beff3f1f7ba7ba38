/**
 * `ringbus state rm`: deletes a thread of a shared state.
 *
 * @module
 */

import { defineCommand, EXIT, UsageError } from "../../command.ts";
import { openState, STATE_OPTIONS } from "../../server/state.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "THREAD",
  description:
    `Deletes a thread of a shared state with all its slots. It needs --yes. Fails if there is none.`,
  examples: [
    ["ringbus state rm thread-1 --yes --name agents", "delete a thread in shared memory"],
    ["ringbus state rm thread-1 --yes --url redis://localhost:6379", "delete one on Redis"],
  ],
  options: {
    ...STATE_OPTIONS,
    yes: { type: "boolean", short: "y", help: "really delete it" },
  },
  arity: [1, 1],
  async run({ values, arguments: [thread], output }) {
    if (!values.yes) throw new UsageError(`this deletes all slots of ${thread}: give --yes`);
    await using state = await openState(values);
    const slots = await state.bufferThreadLen(thread);
    const deleted = await state.bufferDeleteThread(thread);
    if (output.isJson) output.json({ thread, deleted, slots });
    else if (deleted) output.print(`deleted ${thread}, with its slots: ${slots}`);
    if (deleted) return EXIT.DONE;
    output.notice(`there is no thread ${JSON.stringify(thread)}`);
    return EXIT.FAILED;
  },
});
