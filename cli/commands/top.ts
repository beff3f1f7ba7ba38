/**
 * `ringbus top`: watches all channels.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { numberOf } from "../arguments/numbers.ts";
import { rateText, shareText, sizeText, sparkline } from "../observe/format.ts";
import {
  behindOf,
  fillOf,
  kindOf,
  type Rates,
  ratesBetween,
  type Sample,
  sampleAll,
  stateOf,
} from "../observe/sample.ts";
import { directoryText } from "../observe/open.ts";
import { Screen } from "../observe/screen.ts";
import type { Output } from "../output.ts";
import { sleep } from "../../lib/base/sleep.ts";

const INTERVAL_MS = 1000;
/** Rates in the chart of a channel. */
const HISTORY = 24;

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Shows all channels, the busiest first, every second until q or Ctrl-C: messages and bytes
per second, the fill of the fullest ring, how many messages the slowest receiver is behind, dropped
messages per second, and the recent rates. If the output is not a terminal, it prints one table after
the other. It does not attach, and writes nothing.`,
  options: {
    "interval-ms": {
      type: "string",
      value: "MS",
      help: `milliseconds between two tables; default: ${INTERVAL_MS}`,
    },
    once: { type: "boolean", help: "print one table, and end" },
    limit: { type: "string", short: "n", value: "N", help: "end after this many tables" },
  },
  arity: [0, 0],
  async run({ values, output, signal }) {
    const intervalMs = numberOf("interval-ms", values["interval-ms"], { min: 10 }) ?? INTERVAL_MS;
    const limit = values.once ? 1 : numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    const isLive = output.isTerminal && !values.once && !output.isJson;
    using screen = isLive ? new Screen(output) : undefined;
    const ended = screen ? AbortSignal.any([signal, screen.signal]) : signal;
    const history = new History();
    for (let tables = 0; tables < limit; tables++) {
      await sleep(intervalMs, ended);
      if (ended.aborted) return;
      const lines = history.next();
      if (output.isJson) { for (const line of lines) output.json(asJson(line)); }
      else if (screen) screen.show(tableOf(output, lines));
      else for (const line of [...tableOf(output, lines), ""]) output.print(line);
      await output.flush(ended);
    }
  },
});

/** A channel's line. */
interface Line {
  readonly sample: Sample;
  readonly rates: Rates;
  /** Messages per second, the newest last. */
  readonly past: number[];
}

/** Earlier samples of each channel. */
class History {
  #before = new Map(sampleAll().map((sample) => [sample.name, sample]));
  readonly #past = new Map<string, number[]>();

  /** Takes a new sample of each channel. */
  next(): Line[] {
    const samples = sampleAll();
    const lines = samples.map((sample) => {
      const rates = ratesBetween(this.#before.get(sample.name) ?? sample, sample);
      const past = [...this.#past.get(sample.name) ?? [], rates.messages].slice(-HISTORY);
      return { sample, rates, past };
    });
    this.#before = new Map(samples.map((sample) => [sample.name, sample]));
    this.#past.clear();
    for (const { sample, past } of lines) this.#past.set(sample.name, past);
    return lines.sort((a, b) => b.rates.messages - a.rates.messages);
  }
}

const HEADINGS = [
  "NAME",
  "KIND",
  "MSG/S",
  "BYTES/S",
  "FILL",
  "BEHIND",
  "DROP/S",
  "MEMBERS",
  "STATE",
  "RATE",
];

function tableOf(output: Output, lines: readonly Line[]): string[] {
  if (lines.length === 0) return [`no channels in ${directoryText()}`];
  return output.columns(HEADINGS, lines.map((line) => rowOf(output, line)));
}

function rowOf(output: Output, { sample, rates, past }: Line): string[] {
  const behind = behindOf(sample);
  const state = stateOf(sample);
  return [
    sample.name,
    kindOf(sample.snapshot),
    rateText(rates.messages),
    sizeText(rates.bytes),
    sample.snapshot.header?.kind === "broadcast" ? "-" : shareText(fillOf(sample)),
    behind === undefined ? "-" : `${behind}`,
    rates.dropped > 0 ? output.paint("yellow", rateText(rates.dropped)) : "0",
    `${sample.snapshot.participants.length}`,
    state === "damaged" ? output.paint("red", state) : state,
    output.paint("cyan", sparkline(past)),
  ];
}

function asJson({ sample, rates }: Line): unknown {
  return {
    name: sample.name,
    kind: kindOf(sample.snapshot),
    rates,
    fill: fillOf(sample),
    behind: behindOf(sample) ?? null,
    participants: sample.snapshot.participants.length,
    backlogs: sample.snapshot.backlogs,
    state: stateOf(sample),
  };
}
