/**
 * `ringbus stat`: describes one channel.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";
import { rateText, sizeText } from "../observe/format.ts";
import { openChannel } from "../observe/open.ts";
import { printFields, printIssues, printSnapshot, snapshotJson } from "../observe/report.ts";
import { type Rates, ratesBetween, sample } from "../observe/sample.ts";
import { sleep } from "../../lib/base/sleep.ts";

const INTERVAL_MS = 500;

/** The subcommand. */
export const command = defineCommand({
  usage: "NAME",
  description:
    `Describes channel NAME: its header, its participants and how far they are behind, its
lanes, requests in flight, unacknowledged messages, and the rates. It does not attach, and writes
nothing.`,
  examples: [["ringbus stat jobs", "describe a channel"], [
    "ringbus stat jobs --interval-ms 5000 --json",
    "count for five seconds, and print JSON",
  ]],
  options: {
    "interval-ms": {
      type: "string",
      value: "MS",
      help: `how long to count for the rates; default: ${INTERVAL_MS}`,
    },
  },
  arity: [1, 1],
  async run({ values, arguments: [name], output, signal }) {
    const intervalMs = numberOf("interval-ms", values["interval-ms"], { min: 1 }) ?? INTERVAL_MS;
    using file = openChannel(name);
    const before = sample(name, file);
    await sleep(intervalMs, signal);
    const after = sample(name, file);
    const rates = ratesBetween(before, after);
    if (output.isJson) {
      output.json({ name, path: file.path, ...snapshotJson(after.snapshot), rates });
      return;
    }
    printSnapshot(output, after.snapshot);
    output.print("");
    printFields(output, rateFields(rates));
    printIssues(output, after.snapshot.issues);
  },
});

function rateFields({ messages, bytes, tailBytes, dropped }: Rates): [string, string][] {
  return [
    ["sent", `${rateText(messages)} messages/s, ${sizeText(bytes)}/s`],
    ["taken or overwritten", `${sizeText(tailBytes)}/s`],
    ["dropped", `${rateText(dropped)}/s`],
  ];
}
