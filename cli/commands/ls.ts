/**
 * `ringbus ls`: the channels.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { ageText, codecText, sizeText } from "../observe/format.ts";
import { channelDirectory, directoryText } from "../observe/open.ts";
import { kindOf, type Sample, sampleAll, stateOf, waitingIn } from "../observe/sample.ts";

const HEADINGS = [
  "NAME",
  "KIND",
  "CODEC",
  "SIZE",
  "SENT",
  "WAITING",
  "DROPPED",
  "PARTICIPANTS",
  "AGE",
  "STATE",
];

/** The subcommand. */
export const command = defineCommand({
  usage: "",
  description:
    `Lists the channels of the segment directory. A stale channel has no live participant;
ringbus clean deletes it, unless it is persistent or has messages. Writes nothing.`,
  options: {},
  arity: [0, 0],
  // deno-lint-ignore require-await
  async run({ output }) {
    const samples = sampleAll();
    if (samples.length === 0) output.notice(`there are no channels in ${directoryText()}`);
    if (output.isJson) {
      for (const one of samples) output.json(asJson(one));
    } else if (samples.length > 0) output.table(HEADINGS, samples.map(asRow));
  },
});

function asRow(one: Sample): (string | number)[] {
  const { header, codec, sizeBytes, participants, creator } = one.snapshot;
  return [
    one.name,
    kindOf(one.snapshot),
    codecText(codec),
    sizeText(sizeBytes),
    Number(header?.messages ?? 0n),
    waitingIn(one) ?? "-",
    Number(header?.dropped ?? 0n),
    rolesText(participants),
    ageText(creator?.since, Date.now()),
    stateOf(one) + (header?.persistent ? ", persistent" : ""),
  ];
}

function rolesText(participants: Sample["snapshot"]["participants"]): string {
  const roles = Map.groupBy(
    participants,
    ({ role, alive }) => `${alive === false ? "dead " : ""}${role ?? "?"}`,
  );
  return [...roles].map(([role, members]) => `${members.length} ${role}`).join(", ") || "none";
}

function asJson(one: Sample): unknown {
  const { header, codec, sizeBytes, participants, creator, issues } = one.snapshot;
  return {
    name: one.name,
    path: `${channelDirectory()}/${one.name}`,
    kind: kindOf(one.snapshot),
    codec,
    sizeBytes,
    capacityBytes: header === undefined ? undefined : Number(header.capacityBytes),
    messages: Number(header?.messages ?? 0n),
    waiting: waitingIn(one) ?? null,
    dropped: Number(header?.dropped ?? 0n),
    persistent: header?.persistent,
    participants: participants.map(({ role, pid, label, alive }) => ({ role, pid, label, alive })),
    createdAt: dateText(creator?.since),
    state: stateOf(one),
    issues: issues.length,
  };
}

/** Null for an invalid date. */
function dateText(date: Date | undefined): string | null {
  return date === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
