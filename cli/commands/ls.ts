/**
 * `ringbus ls`: the channels.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { Listing, LISTING_OPTIONS, requestOf } from "../listing/listing.ts";
import { ageText, codecText, sizeText } from "../observe/format.ts";
import { channelDirectory, directoryText } from "../observe/open.ts";
import { kindIn, stateIn, waitingIn } from "../../lib/observe/figures.ts";
import { type Sample, sampleAll } from "../observe/sample.ts";

const CHANNELS = new Listing<Sample>(
  [
    { heading: "NAME", rank: 0, cell: ({ name }) => name },
    { heading: "KIND", isWhole: true, cell: ({ snapshot }) => kindIn(snapshot) },
    { heading: "CODEC", rank: 3, cell: ({ snapshot }) => codecText(snapshot.codec) },
    {
      heading: "SIZE",
      rank: 4,
      cell: ({ snapshot }) => sizeText(snapshot.sizeBytes),
      key: ({ snapshot }) => snapshot.sizeBytes,
    },
    { heading: "SENT", cell: ({ snapshot }) => Number(snapshot.header?.messages ?? 0n) },
    {
      heading: "WAITING",
      cell: ({ snapshot }) => waitingIn(snapshot) ?? "-",
      key: ({ snapshot }) => waitingIn(snapshot),
    },
    { heading: "DROPPED", cell: ({ snapshot }) => Number(snapshot.header?.dropped ?? 0n) },
    {
      heading: "PARTICIPANTS",
      rank: 2,
      cell: ({ snapshot }) => rolesText(snapshot.participants),
      key: ({ snapshot }) => snapshot.participants.length,
    },
    {
      heading: "AGE",
      rank: 5,
      cell: ({ snapshot }) => ageText(snapshot.creator?.since, Date.now()),
      key: ({ snapshot }) => secondsSince(snapshot.creator?.since),
    },
    {
      heading: "STATE",
      rank: 0,
      cell: (one) =>
        stateIn(one.snapshot) + (one.snapshot.header?.persistent ? ", persistent" : ""),
    },
    { heading: "CREATOR", isWide: true, cell: ({ snapshot }) => snapshot.creator?.pid ?? "?" },
    { heading: "PATH", isWide: true, cell: ({ name }) => pathOf(name) },
  ],
  ({ name }) => name,
  asJson,
);

/** The subcommand. */
export const command = defineCommand({
  usage: "[PATTERN...]",
  description:
    `Lists the channels of the segment directory, or those whose names match a PATTERN, such as
'robot.*'. A stale channel has no live participant; ringbus clean deletes it, unless it is persistent
or has messages. Writes nothing. Fails if there are patterns, and no channel matches.`,
  examples: [
    ["ringbus ls 'robot.*' --sort sent", "list some channels, those with the most messages first"],
    ["ringbus ls -o yaml", "list all channels with everything that is known, as YAML"],
  ],
  options: LISTING_OPTIONS,
  arity: [0, Infinity],
  // deno-lint-ignore require-await
  async run({ values, arguments: patterns, output }) {
    const request = requestOf(values, patterns, output);
    const samples = sampleAll();
    const nothing = samples.length === 0
      ? `there are no channels in ${directoryText()}`
      : `no channel of ${channelDirectory()} matches ${patterns.join(" or ")}`;
    return CHANNELS.show(output, samples, request, nothing);
  },
});

function pathOf(name: string): string {
  return `${channelDirectory()}/${name}`;
}

function secondsSince(date: Date | undefined): number | undefined {
  const seconds = date === undefined ? NaN : (Date.now() - date.getTime()) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
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
    path: pathOf(one.name),
    kind: kindIn(one.snapshot),
    codec,
    sizeBytes,
    capacityBytes: header === undefined ? undefined : Number(header.capacityBytes),
    messages: Number(header?.messages ?? 0n),
    waiting: waitingIn(one.snapshot) ?? null,
    dropped: Number(header?.dropped ?? 0n),
    persistent: header?.persistent,
    participants: participants.map(({ role, pid, label, alive }) => ({ role, pid, label, alive })),
    createdAt: dateText(creator?.since),
    state: stateIn(one.snapshot),
    issues: issues.length,
  };
}

/** Null for an invalid date. */
function dateText(date: Date | undefined): string | null {
  return date === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
