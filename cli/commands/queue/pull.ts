/**
 * `ringbus queue pull`: takes messages of a queue.
 *
 * @module
 */

import { defineCommand, UsageError } from "../../command.ts";
import { RECEIVE_OPTIONS, receivingOf } from "../../messages/receive.ts";
import { openQueue, QUEUE_OPTIONS } from "../../queue/open.ts";
import { QueueTimeoutError } from "../../../backends/queue/errors.ts";
import { withDeadline } from "../../../lib/base/timer.ts";

const { limit, "timeout-ms": timeout } = RECEIVE_OPTIONS;

/** The subcommand. */
export const command = defineCommand({
  usage: "CHANNEL",
  description:
    `Takes the messages of a channel for an agent and prints their payloads as lines of JSON,
with --json the whole records, until Ctrl-C. A message is acknowledged when its line is written.`,
  examples: [[
    "ringbus queue pull tasks --agent reader --name work",
    "take and print messages until Ctrl-C",
  ], [
    "ringbus queue pull tasks --agent reader --limit 1 --timeout-ms 5000 --name work",
    "take one message; fail if none comes in five seconds",
  ]],
  options: {
    ...QUEUE_OPTIONS,
    agent: { type: "string", value: "AGENT", help: "the agent that receives; it is needed" },
    limit,
    "timeout-ms": timeout,
  },
  arity: [1, 1],
  async run({ values, arguments: [channel], output, signal }) {
    const { agent } = values;
    if (agent === undefined) throw new UsageError("name the agent: --agent AGENT");
    const { limit, timeoutMs } = receivingOf(values);
    await using queue = await openQueue(values, output, { mayCreate: true });
    const messages = queue.subscribe(channel, agent, { signal });
    for (let count = 0; count < limit; count++) {
      const { done, value } = await withDeadline(
        messages.next(),
        timeoutMs ?? Infinity,
        () => new QueueTimeoutError(`no message arrived within ${timeoutMs} ms`),
      );
      if (done) return;
      output.json(output.isJson ? value : value.payload);
      if (await output.flush(signal)) await queue.acknowledge(value);
    }
  },
});
