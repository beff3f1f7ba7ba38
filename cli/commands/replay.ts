/**
 * `ringbus replay`: what a file has recorded is sent again.
 *
 * @module
 */

import { defineCommand, EXIT, UsageError } from "../command.ts";
import { pluralize } from "../pluralize.ts";
import { numberOf } from "../arguments/numbers.ts";
import { waitForRole } from "../messages/wait_for_role.ts";
import { unlessAborted } from "../messages/receive.ts";
import type { ChannelKind, Role } from "../../lib/segment/format.ts";
import { manageSignals } from "../../lib/presence/exit_hooks.ts";
import { openEncodedSender } from "../../lib/recording/encoded.ts";
import { play } from "../../lib/recording/play.ts";
import { RecordingReader } from "../../lib/recording/reader.ts";

/** Replays. */
export const command = defineCommand({
  usage: "FILE [NAME]",
  description:
    `Sends the messages of FILE, a recording, to channel NAME, or to one of the name that was
recorded, in the time that they took: byte for byte what they were. The channel is made with the
recording's kind and codec if it is not there; one of another kind or codec is refused. Of a file
that was cut off all that is whole is sent, and the code is 1.`,
  options: {
    speed: { type: "string", value: "N", help: "N times as fast, or max; 1 when left out" },
    limit: { type: "string", short: "n", value: "N", help: "end after so many messages" },
    wait: { type: "boolean", short: "w", help: "wait until somebody receives" },
  },
  arity: [1, 2],
  async run({ values, arguments: [path, given], output, signal }) {
    const speed = speedOf(values.speed);
    const limit = numberOf("limit", values.limit, { min: 1 }) ?? Infinity;
    using recording = new RecordingReader(path);
    const { info: facts } = recording;
    const name = given ?? facts.name;
    manageSignals(false);
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
    output.notice(`${path} is not whole: ${problem}; what was before it was sent`);
    return EXIT.FAILED;
  },
});

/** Who receives on a kind of channel. */
const RECEIVERS: Record<ChannelKind, Role> = {
  broadcast: "subscriber",
  queue: "puller",
  request: "replier",
  journal: "member",
};

function speedOf(text: string | undefined): number {
  if (text === "max") return Infinity;
  const speed = numberOf("speed", text, { isFractional: true }) ?? 1;
  if (speed > 0) return speed;
  throw new UsageError("--speed takes a number above 0, or max, not 0");
}
