/**
 * `ringbus rep`: replies to requests with a command.
 *
 * @module
 */

import { channelOptions, RECEIVER_OPTIONS } from "../arguments/channel_options.ts";
import { defineCommand, UsageError } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { isRawChannel } from "../messages/raw_channel.ts";
import { responseOf } from "../messages/response.ts";
import { numberOf } from "../arguments/numbers.ts";
import { Replier } from "../../lib/sockets/replier.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME -- COMMAND [ARGUMENT...]",
  description: `Replies to the requests of channel NAME: runs COMMAND for each, with the request as
a line of JSON on its standard input. Its output is the reply: JSON, or otherwise text. If it fails,
the requester gets an error with its output on the standard error stream.`,
  examples: [[
    "ringbus rep calc -- sh -c 'read n; echo $((n * 2))'",
    "double the number of each request",
  ], [
    "ringbus rep resize --concurrency 4 --command-timeout-ms 5000 -- ./resize.sh",
    "run up to four commands, each for five seconds at most",
  ]],
  options: {
    ...RECEIVER_OPTIONS,
    concurrency: { type: "string", value: "N", help: "commands that run at once; default: 1" },
    limit: { type: "string", short: "n", value: "N", help: "end after this many requests" },
    "command-timeout-ms": {
      type: "string",
      value: "MS",
      help: "kill a command that runs longer; its requester gets an error",
    },
  },
  arity: [1, 1],
  takesRest: true,
  async run({ values, arguments: [name], rest, output, signal }) {
    if (rest.length === 0) throw new UsageError("give the command to run after --");
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    const concurrency = numberOf("concurrency", values.concurrency, { min: 1 });
    const timeoutMs = numberOf("command-timeout-ms", values["command-timeout-ms"], { min: 1 });
    using replier = new Replier(name, channelOptions(values));
    output.notice(`replying on ${name}`);
    const enough = new AbortController();
    let replied = 0;
    await replier.serve(async (request) => {
      if (++replied >= limit) enough.abort();
      return await responseOf(rest, request, { timeoutMs, isRaw: isRawChannel(name) });
    }, { signal: AbortSignal.any([signal, enough.signal]), concurrency });
    if (output.isJson) output.json({ replied });
    else output.print(`replied to ${pluralize(replied, "request")}`);
  },
});
