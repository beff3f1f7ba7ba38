/**
 * `ringbus who`: the participants of one channel or of all.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { ageText } from "../observe/format.ts";
import { directoryText, openChannel } from "../observe/open.ts";
import { aliveText } from "../observe/report.ts";
import { type Sample, sample, sampleAll } from "../observe/sample.ts";
import type { Output } from "../output.ts";

type Participant = Sample["snapshot"]["participants"][number];

const HEADINGS = ["CHANNEL", "ROLE", "LABEL", "PID", "SINCE", "ALIVE", "WAITS"];

/** The subcommand. */
export const command = defineCommand({
  usage: "[NAME]",
  description:
    `Lists the sockets on channel NAME, or on all channels: what each does, the label that its
program gave it, its process, since when it is there, whether its process or worker is alive, and
whether it waits. It does not attach, and writes nothing.`,
  options: {},
  arity: [0, 1],
  // deno-lint-ignore require-await
  async run({ arguments: [name], output }) {
    const samples = name === undefined ? sampleAll() : [sampleOf(name)];
    const rows = samples.flatMap(({ name, snapshot: { participants } }) =>
      participants.map((one) => ({ channel: name, one }))
    );
    if (rows.length === 0) output.notice(`no socket is open in ${directoryText()}`);
    if (output.isJson) { for (const { channel, one } of rows) output.json(asJson(channel, one)); }
    else if (rows.length > 0) {
      output.table(HEADINGS, rows.map(({ channel, one }) => asRow(output, channel, one)));
    }
  },
});

function sampleOf(name: string): Sample {
  using file = openChannel(name);
  return sample(name, file);
}

function asRow(output: Output, channel: string, one: Participant): (string | number)[] {
  return [
    channel,
    one.role ?? "?",
    one.label ?? "-",
    one.pid,
    ageText(one.since, Date.now()),
    aliveText(output, one.alive),
    one.isWaiting ? "yes" : "no",
  ];
}

function asJson(channel: string, one: Participant): unknown {
  const { role, label, pid, thread, since, alive, isWaiting } = one;
  return { channel, role, label, pid, thread, since, alive, isWaiting };
}
