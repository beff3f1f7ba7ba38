/**
 * `ringbus topics sub`: what comes on topics of a server.
 *
 * @module
 */

import { numberOf } from "../../arguments/numbers.ts";
import { TIMEOUT_OPTION, timeoutOf } from "../../arguments/channel_options.ts";
import { defineCommand } from "../../command.ts";
import { MessagePrinter, PRINT_OPTIONS } from "../../messages/printer.ts";
import type { Entry } from "../../server/client.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";
import { ShmTimeoutError } from "../../../lib/base/errors.ts";
import { startTimer } from "../../../lib/base/timer.ts";

const { timestamps } = PRINT_OPTIONS;

/** The subcommand. */
export const command = defineCommand({
  usage: "TOPIC...",
  description:
    `Subscribes to topics of a server, or to patterns such as 'sensor.*', and prints what is
stored there or published from now on, until Ctrl-C: the topic, and the message or the value as JSON.`,
  examples: [
    ["ringbus topics sub 'sensor.*' --timestamps", "print what comes on some topics, and when"],
    [
      "ringbus topics sub news --limit 1 --timeout-ms 5000 --url tcp://localhost:31134",
      "wait five seconds for one message, over TCP",
    ],
  ],
  options: {
    ...SERVER_OPTIONS,
    ...TIMEOUT_OPTION,
    limit: { type: "string", short: "n", value: "N", help: "end after this many" },
    timestamps,
  },
  arity: [1, Infinity],
  async run({ values, arguments: topics, output, signal }) {
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    const timeoutMs = timeoutOf(values) ?? Infinity;
    const printer = new MessagePrinter(output, values, 2);
    await using server = await openServer(values, output);
    const end = new AbortController();
    const ended = AbortSignal.any([signal, end.signal]);
    let [count, isLate] = [0, false];
    let failure: unknown;
    const startWait = () =>
      startTimer(timeoutMs, () => {
        isLate = true;
        end.abort();
      });
    let endWait = startWait();
    await server.follow(topics, ({ topic, value }: Entry) => {
      if (count >= limit) return;
      count++;
      endWait();
      endWait = startWait();
      printer.form({ value }, topic);
      // The server does not wait for a reader of the output; one that is gone ends the command.
      output.flush(ended).catch((error) => {
        failure = error;
        end.abort();
      });
      if (count >= limit) end.abort();
    });
    output.notice(`subscribed to ${topics.join(", ")}`);
    await aborted(ended);
    endWait();
    if (failure !== undefined) throw failure;
    if (isLate) {
      throw new ShmTimeoutError(`nothing came on ${topics.join(", ")} within ${timeoutMs} ms`);
    }
  },
});

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
