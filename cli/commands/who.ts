/**
 * `ringbus who`: the participants of one channel or of all.
 *
 * @module
 */

import { numberOf } from "../arguments/numbers.ts";
import { defineCommand } from "../command.ts";
import { isName, Listing, LISTING_OPTIONS, requestOf } from "../listing/listing.ts";
import { ageText } from "../observe/format.ts";
import { directoryText, openChannel } from "../observe/open.ts";
import { printPresence } from "../observe/presence.ts";
import { aliveText } from "../observe/report.ts";
import { type Sample, sampleAll } from "../observe/sample.ts";
import type { Output } from "../output.ts";

type Participant = Sample["snapshot"]["participants"][number];

/** A participant, and its channel. */
interface Row {
  readonly channel: string;
  readonly one: Participant;
}

/** The listing; an output paints who is dead. */
function participantsOn(output: Output): Listing<Row> {
  return new Listing<Row>(
    [
      { heading: "CHANNEL", rank: 0, cell: ({ channel }) => channel },
      { heading: "ROLE", cell: ({ one }) => one.role ?? "?" },
      { heading: "LABEL", cell: ({ one }) => one.label ?? "-" },
      { heading: "PID", cell: ({ one }) => one.pid },
      {
        heading: "SINCE",
        rank: 3,
        cell: ({ one }) => ageText(one.since, Date.now()),
        key: ({ one }) => one.since === undefined ? undefined : -one.since.getTime(),
      },
      { heading: "ALIVE", cell: ({ one }) => aliveText(output, one.alive) },
      { heading: "WAITS", rank: 2, cell: ({ one }) => one.isWaiting ? "yes" : "no" },
      { heading: "THREAD", isWide: true, cell: ({ one }) => one.thread ?? "?" },
    ],
    ({ channel }) => channel,
    ({ channel, one }) => asJson(channel, one),
  );
}

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the sockets on all channels, or on those whose names match a PATTERN: what each does,
the label that its program gave it, its process, since when it is there, whether its process or worker
is alive, and whether it waits. With --watch it prints a line for each that joins, leaves or dies, and
for each channel that is created, replaced, removed or collected. It does not attach, and writes
nothing.`,
  examples: [
    ["ringbus who", "list all sockets"],
    ["ringbus who 'robot.*' --sort pid", "list the sockets on some channels, by process"],
    ["ringbus who --watch", "print who is there, and then who comes, leaves and dies"],
  ],
  options: {
    ...LISTING_OPTIONS,
    watch: {
      type: "boolean",
      short: "w",
      help: "print who is there and each change, until Ctrl-C",
    },
    limit: { type: "string", short: "n", value: "N", help: "with --watch, end after N lines" },
  },
  arity: [0, Infinity],
  async run({ values, arguments: patterns, output, signal }) {
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    if (values.watch) {
      output.notice(`watching ${patterns.join(" and ") || directoryText()}`);
      return await printPresence(output, patterns, limit, signal);
    }
    const request = requestOf(values, patterns, output);
    for (const name of patterns.filter(isName)) openChannel(name)[Symbol.dispose]();
    const rows = sampleAll().flatMap(({ name, snapshot: { participants } }) =>
      participants.map((one) => ({ channel: name, one }))
    );
    const listing = participantsOn(output);
    const selected = listing.select(rows, request);
    listing.print(output, selected, request);
    if (selected.length > 0) return;
    const where = patterns.length === 0 ? "" : `on ${patterns.join(" or ")} `;
    output.notice(`no socket is open ${where}in ${directoryText()}`);
  },
});

function asJson(channel: string, one: Participant): unknown {
  const { role, label, pid, thread, since, alive, isWaiting } = one;
  return { channel, role, label, pid, thread, since, alive, isWaiting };
}
