/**
 * `ringbus pub`: publishes values.
 *
 * @module
 */

import {
  CHANNEL_OPTIONS,
  channelOptions,
  TIMEOUT_OPTION,
  timeoutOf,
} from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { pluralize } from "../pluralize.ts";
import { INPUT_OPTIONS, inputValues } from "../arguments/input.ts";
import { numberOf } from "../arguments/numbers.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { hasRole, waitForRole } from "../messages/wait_for_role.ts";
import { Publisher } from "../../lib/sockets/publisher.ts";

/** Publishes. */
export const command = defineCommand({
  usage: "NAME [VALUE...]",
  description:
    `Publishes each VALUE, or each JSON line of the standard input, to channel NAME. Every
subscriber that is there gets it; nobody is waited for, unless with --wait.`,
  options: {
    ...CHANNEL_OPTIONS,
    ...INPUT_OPTIONS,
    wait: { type: "boolean", short: "w", help: "wait until a subscriber is there" },
    "timeout-ms": { ...TIMEOUT_OPTION["timeout-ms"], help: "give up --wait after so long" },
    "every-ms": { type: "string", value: "MS", help: "pause so long between two values" },
  },
  arity: [1, Infinity],
  async run({ values, arguments: [name, ...words], output, signal }) {
    const everyMs = numberOf("every-ms", values["every-ms"]) ?? 0;
    const timeoutMs = timeoutOf(values);
    using publisher = new Publisher(name, channelOptions(values));
    if (values.wait) await waitForRole(name, "subscriber", signal, timeoutMs);
    else if (!hasRole(name, "subscriber")) {
      output.notice(`nobody subscribes to ${name}: what is published now reaches nobody`);
    }
    for await (const value of inputValues(words, values, { output, signal })) {
      if (everyMs > 0 && publisher.statistics().sent > 0) await sleep(everyMs, signal);
      if (signal.aborted) break;
      publisher.send(value);
    }
    const { sent } = publisher.statistics();
    if (output.isJson) output.json({ sent });
    else output.print(`published ${pluralize(sent, "message")} to ${name}`);
  },
});
