/**
 * `ringbus keys set`: sets a key of a server.
 *
 * @module
 */

import { INPUT_OPTIONS, inputValues } from "../../arguments/input.ts";
import { numberOf } from "../../arguments/numbers.ts";
import { defineCommand } from "../../command.ts";
import { openServer, SERVER_OPTIONS } from "../../server/open.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "KEY VALUE",
  description: `Sets a key of a server to a text or other JSON, and replaces a value of any kind.`,
  examples: [
    ["ringbus keys set greeting hello", "set a key to a text"],
    [`ringbus keys set limits '{"max":5}' --ttl-seconds 60`, "set a key for a minute"],
  ],
  options: {
    ...SERVER_OPTIONS,
    ...INPUT_OPTIONS,
    "ttl-seconds": { type: "string", value: "S", help: "seconds to live; default: no limit" },
  },
  arity: [2, 2],
  async run({ values, arguments: [key, word], output, signal }) {
    const ttlSeconds = numberOf("ttl-seconds", values["ttl-seconds"], {
      min: 0.001,
      isFractional: true,
    });
    const input = { text: values.text, isRaw: false };
    await using server = await openServer(values, output);
    for await (const value of inputValues([word], input, { output, signal })) {
      await server.set(key, value, ttlSeconds);
    }
    if (output.isJson) output.json({ key, set: true });
    else output.print(`set ${key}`);
  },
});
