/**
 * `ringbus queue requeue`: delivers dead letters again.
 *
 * @module
 */

import { defineCommand, EXIT } from "../../command.ts";
import { pluralize } from "../../../lib/base/pluralize.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "ID...",
  description:
    `Makes dead letters pending again, with no attempts. Fails if one is not a dead letter.`,
  examples: [["ringbus queue requeue 7f3c --name work", "deliver a dead letter again"], [
    "ringbus queue requeue 7f3c 91aa --url redis://localhost:6379",
    "deliver two dead letters again",
  ]],
  options: {
    ...QUEUE_OPTIONS,
    agent: { type: "string", value: "AGENT", help: "whose dead letter; needed for a broadcast" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: ids, output }) {
    await using queue = await openQueue(values, output);
    const options = values.agent === undefined ? {} : { agentId: values.agent };
    const missing: string[] = [];
    for (const id of ids) {
      const requeued = await queue.requeue(id, options);
      if (!requeued) missing.push(id);
      if (output.isJson) output.json({ id, requeued });
    }
    if (!output.isJson) {
      output.print(`requeued ${pluralize(ids.length - missing.length, "message")}`);
    }
    if (missing.length === 0) return EXIT.DONE;
    output.notice(`not among the dead letters: ${missing.join(", ")}`);
    return EXIT.FAILED;
  },
});
