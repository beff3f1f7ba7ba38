/**
 * `ringbus doctor-peer`: the other side of the doctor's self test.
 *
 * @module
 */

import { channelOptions } from "../arguments/channel_options.ts";
import { defineCommand } from "../command.ts";
import { serveSelfTest } from "../doctor/self_test.ts";
import { Replier } from "../../lib/sockets/replier.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description: "Replies to the requests of `ringbus doctor` on channel NAME.",
  examples: [],
  options: {},
  arity: [1, 1],
  async run({ arguments: [name], signal }) {
    const end = new AbortController();
    signal.addEventListener("abort", () => end.abort(), { once: true });
    using replier = new Replier<number, number>(name, channelOptions({}));
    await serveSelfTest(replier, end);
  },
});
