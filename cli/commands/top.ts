/**
 * `ringbus top`: watches all channels.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import {
  lackOf,
  Listing,
  LISTING_OPTIONS,
  type ListingRequest,
  requestOf,
} from "../listing/listing.ts";
import { numberOf } from "../arguments/numbers.ts";
import { rateText, shareText, sizeText, sparkline } from "../observe/format.ts";
import { behindIn, fillIn, keptIn, kindIn, stateIn } from "../../lib/observe/figures.ts";
import { type Rates, ratesBetween, type Sample, sampleAll } from "../observe/sample.ts";
import { directoryText } from "../observe/open.ts";
import { Screen } from "../observe/screen.ts";
import type { Output } from "../output.ts";
import { sleep } from "../../lib/base/sleep.ts";

const INTERVAL_MS = 1000;
/** Rates in the chart of a channel. */
const HISTORY = 24;

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Shows all channels, or those whose names match a PATTERN, every second until q or Ctrl-C:
messages and bytes per second, the fill of the fullest ring, how many messages the slowest receiver is
behind, dropped messages per second, and the recent rates. The busiest come first, unless --sort says
otherwise. If the output is not a terminal, it prints one table after the other. It does not attach,
and writes nothing.`,
  examples: [
    ["ringbus top 'robot.*' --sort behind", "watch some channels, the slowest subscribers first"],
    ["ringbus top --once -o json", "print the rates of all channels as JSON, and end"],
  ],
  options: {
    "interval-ms": {
      type: "string",
      value: "MS",
      help: `milliseconds between two tables; default: ${INTERVAL_MS}`,
    },
    once: { type: "boolean", help: "print one table, and end" },
    limit: { type: "string", short: "n", value: "N", help: "end after this many tables" },
    ...LISTING_OPTIONS,
  },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output, signal }) {
    const given = requestOf(values, patterns, output);
    const request = { ...given, sort: given.sort ?? "msg/s" };
    const intervalMs = numberOf("interval-ms", values["interval-ms"], { min: 10 }) ?? INTERVAL_MS;
    const limit = values.once ? 1 : numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    const isLive = output.isTerminal && !values.once && isTable(request);
    const listing = ratesOn(output);
    const history = new History();
    // A column that does not exist is a mistake now, not after the first interval.
    listing.select([], request);
    using screen = isLive ? new Screen(output) : undefined;
    const ended = screen ? AbortSignal.any([signal, screen.signal]) : signal;
    for (let tables = 0; tables < limit; tables++) {
      await sleep(intervalMs, ended);
      if (ended.aborted) return;
      const lines = listing.select(history.next(), request);
      if (screen) screen.show(screenOf(output, listing, lines, request));
      else if (lines.length === 0 && isTable(request)) output.print(noChannels(request));
      else listing.print(output, lines, request);
      if (!screen && isTable(request)) output.print("");
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
    return lines;
  }
}

/** The listing; an output paints what is worth a look. */
function ratesOn(output: Output): Listing<Line> {
  return new Listing<Line>(
    [
      { heading: "NAME", rank: 0, cell: ({ sample }) => sample.name },
      { heading: "KIND", rank: 2, cell: ({ sample }) => kindIn(sample.snapshot) },
      { heading: "MSG/S", cell: ({ rates }) => rateText(rates.messages), ...by("messages") },
      { heading: "BYTES/S", cell: ({ rates }) => sizeText(rates.bytes), ...by("bytes") },
      {
        heading: "FILL",
        cell: ({ sample }) => isBroadcast(sample) ? "-" : shareText(fillIn(sample.snapshot)),
        key: ({ sample }) => isBroadcast(sample) ? undefined : fillIn(sample.snapshot),
      },
      {
        heading: "BEHIND",
        cell: ({ sample }) => `${behindIn(sample.snapshot) ?? "-"}`,
        key: ({ sample }) => behindIn(sample.snapshot),
      },
      {
        heading: "KEPT",
        rank: 4,
        cell: ({ sample }) => `${keptIn(sample.snapshot) ?? "-"}`,
        key: ({ sample }) => keptIn(sample.snapshot),
      },
      {
        heading: "DROP/S",
        cell: ({ rates: { dropped } }) =>
          dropped > 0 ? output.paint("yellow", rateText(dropped)) : "0",
        ...by("dropped"),
      },
      {
        heading: "MEMBERS",
        rank: 3,
        cell: ({ sample }) => membersText(output, sample),
        key: ({ sample }) => sample.snapshot.participants.length,
      },
      { heading: "STATE", cell: ({ sample }) => painted(output, stateIn(sample.snapshot)) },
      {
        heading: "RATE",
        rank: 4,
        isWhole: true,
        cell: ({ past }) => output.paint("cyan", sparkline(past)),
        ...by("messages"),
      },
      { heading: "LABELS", isWide: true, cell: ({ sample }) => labelsOf(sample).join(", ") || "-" },
    ],
    ({ sample }) => sample.name,
    asJson,
  );
}

/** How many participants there are, and how many of them are dead. */
function membersText(output: Output, { snapshot: { participants } }: Sample): string {
  const dead = participants.filter(({ alive }) => alive === false).length;
  const count = `${participants.length}`;
  return dead === 0 ? count : `${count}, ${output.paint("red", `${dead} dead`)}`;
}

/** The labels that are in use, each once. */
function labelsOf({ snapshot: { participants } }: Sample): string[] {
  return [...new Set(participants.flatMap(({ label }) => label ?? []))];
}

function by(rate: keyof Rates): { key: (line: Line) => number } {
  return { key: ({ rates }) => rates[rate] };
}

function isBroadcast({ snapshot }: Sample): boolean {
  return snapshot.header?.kind === "broadcast";
}

function painted(output: Output, state: string): string {
  return state === "damaged" ? output.paint("red", state) : state;
}

function isTable({ form }: ListingRequest): boolean {
  return form === "table" || form === "wide";
}

function noChannels({ patterns }: ListingRequest): string {
  const which = patterns.length === 0 ? "" : ` that match ${patterns.join(" or ")}`;
  return `no channels${which} in ${directoryText()}`;
}

/** The lines of a screen, and what they lack. */
function screenOf(
  output: Output,
  listing: Listing<Line>,
  lines: readonly Line[],
  request: ListingRequest,
): string[] {
  if (lines.length === 0) return [noChannels(request)];
  const isWide = request.form === "wide";
  const table = listing.table(lines, isWide ? Infinity : output.width, isWide);
  const lack = lackOf(table);
  return [
    output.paint("dim", table.head),
    ...table.rows,
    ...lack === undefined ? [] : ["", output.paint("dim", lack)],
  ];
}

function asJson({ sample, rates }: Line): unknown {
  return {
    name: sample.name,
    kind: kindIn(sample.snapshot),
    rates,
    fill: fillIn(sample.snapshot),
    behind: behindIn(sample.snapshot) ?? null,
    participants: sample.snapshot.participants.length,
    backlogs: sample.snapshot.backlogs,
    state: stateIn(sample.snapshot),
  };
}
