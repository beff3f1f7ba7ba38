/**
 * `ringbus replay`: sends the messages of a recording again.
 *
 * @module
 */

import { defineCommand, EXIT, UsageError } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { numberOf } from "../arguments/numbers.ts";
import { waitForRole } from "../messages/wait_for_role.ts";
import { unlessAborted } from "../messages/receive.ts";
import type { ChannelKind, Role } from "../../lib/segment/format.ts";
import { openEncodedSender } from "../../lib/recording/encoded.ts";
import { play } from "../../lib/recording/play.ts";
import { RecordingReader } from "../../lib/recording/reader.ts";

/** The subcommand. */
export const command = defineCommand({
  usage: "FILE [NAME]",
  description:
    `Sends the messages of FILE, a recording, to channel NAME, or to the recorded channel,
byte for byte and at the recorded pace. Creates the channel with the recording's kind and codec if it
does not exist; rejects a channel of another kind or codec. If the file is truncated, it sends the
complete messages, and the exit code is 1.`,
  examples: [[
    "ringbus replay orders.rec --speed 2",
    "send the messages of a recording in half the time",
  ], [
    "ringbus replay orders.rec copies --speed max --wait",
    "send them to another channel at once, when it has a receiver",
  ]],
  options: {
    speed: { type: "string", value: "N", help: "N times as fast, or max; default: 1" },
    limit: { type: "string", short: "n", value: "N", help: "end after this many messages" },
    wait: { type: "boolean", short: "w", help: "wait for a receiver" },
  },
  arity: [1, 2],
  async run({ values, arguments: [path, given], output, signal }) {
    const speed = speedOf(values.speed);
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    using recording = new RecordingReader(path);
    const { info: facts } = recording;
    const name = given ?? facts.name;
    using sender = openEncodedSender(name, facts);
    if (values.wait) await waitForRole(name, RECEIVERS[facts.kind], signal);
    let sent = 0;
    const messages = recording.messages().take(limit);
    const options = { speed, signal, onSent: () => void sent++ };
    await unlessAborted(() => play(messages, sender, options), signal);
    const { missed, problem } = recording;
    if (output.isJson) output.json({ sent, missed, problem });
    else output.print(`sent ${pluralize(sent, "message")} to ${name}`);
    if (missed > 0) output.notice(`the recording misses ${pluralize(missed, "message")}`);
    if (problem === undefined) return;
    output.notice(`${path} is incomplete: ${problem}; the messages before it were sent`);
    return EXIT.FAILED;
  },
});

/** Role of the receivers of each kind of channel. */
const RECEIVERS: Record<ChannelKind, Role> = {
  broadcast: "subscriber",
  queue: "puller",
  request: "replier",
  journal: "member",
  latest: "member",
  signal: "member",
};

function speedOf(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === "max") return Infinity;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new UsageError(`--speed takes a number above 0, or max, not ${JSON.stringify(text)}`);
}
