/**
 * `ringbus bench-peer`: one side of a measurement. `ringbus bench` starts it.
 *
 * @module
 */

import { servePeer } from "../benchmark/peers/process.ts";
import { type Command, defineCommand } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";

/** The subcommand. */
export const command: Command = defineCommand({
  usage: "SECONDS",
  description:
    "Runs one side of a measurement, as the lines of its input describe, for at most SECONDS.",
  examples: [],
  options: {},
  arity: [1, 1],
  async run({ arguments: [seconds], mainUrl }) {
    await servePeer(mainUrl, numberOf("seconds", seconds, { min: 1 })!);
  },
});
