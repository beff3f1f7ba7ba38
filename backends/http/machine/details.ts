/**
 * One channel of the machine in detail: plain data of bounded size.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import type { BacklogReport } from "../../../lib/observe/backlog.ts";
import { Decoder } from "../../../lib/observe/decode.ts";
import { keptIn } from "../../../lib/observe/figures.ts";
import { healthIn } from "../../../lib/observe/health.ts";
import { type LatestEntry, readLatestEntries } from "../../../lib/observe/latest_entries.ts";
import type { ParticipantReport } from "../../../lib/observe/participants.ts";
import type { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "../../../lib/observe/snapshot.ts";
import type { ChannelDetails, ParticipantRow, ValueRow } from "../metrics/channel_details.ts";
import { readFile } from "./channels.ts";

/** Most latest values that are read, and most bytes of one. */
const MAX_VALUES = 50;
const MAX_VALUE_BYTES = 16 * 1024;
/** Characters of a value as text. */
const MAX_CHARACTERS = 500;
/** Most rows of holds, and of damage. */
const MAX_ROWS = 50;

/** One channel of a directory; undefined if there is none of this name. */
export function detailsOf(directory: string, name: string): ChannelDetails | undefined {
  if (name === "" || name.startsWith(".") || name.includes("/")) return undefined;
  return readFile(
    directory,
    name,
    (file) => detailsIn(name, takeSnapshot(file, directory), file),
  );
}

function detailsIn(name: string, snapshot: SegmentSnapshot, file: SegmentFile): ChannelDetails {
  const { holds, kept, damage } = healthIn(name, snapshot);
  return {
    createdMs: snapshot.creator?.since.getTime() ?? null,
    creatorPid: snapshot.creator?.pid ?? null,
    participants: snapshot.participants.map((one) => participantRow(one, snapshot.backlogs)),
    holds: holds.slice(0, MAX_ROWS).map(({ what, holder, count, since }) => ({
      what,
      holder: `${holder.role} ${holder.label ?? ""} (${holder.pid})`.replace("  ", " "),
      count,
      sinceMs: since.getTime(),
    })),
    reasons: kept,
    kept: snapshot.latest === undefined ? keptIn(snapshot) ?? null : null,
    damage: damage.slice(0, MAX_ROWS),
    values: snapshot.latest === undefined ? null : valuesIn(file, snapshot.codec ?? ""),
  };
}

function participantRow(
  { index, role, pid, label, since, alive, isWaiting }: ParticipantReport,
  backlogs: readonly BacklogReport[],
): ParticipantRow {
  const backlog = backlogs.find(({ subscriber }) => subscriber === index);
  return {
    role: role ?? "",
    pid,
    label: label ?? "",
    sinceMs: since.getTime(),
    isAlive: alive !== false,
    isWaiting,
    lag: backlog?.atLeast ?? null,
    missing: backlog?.missing ?? 0,
  };
}

function valuesIn(file: SegmentFile, codecId: string): ValueRow[] {
  const decoder = new Decoder({ codecId });
  return readLatestEntries(file, { keys: MAX_VALUES, valueBytes: MAX_VALUE_BYTES })
    .map((entry) => ({
      key: entry.key,
      sizeBytes: entry.sizeBytes,
      value: textOf(decoder, entry),
      expiresMs: Number.isFinite(entry.expiresMs) && entry.expiresMs > 0 ? entry.expiresMs : null,
    }));
}

function textOf(decoder: Decoder, { bytes, flags }: LatestEntry): string {
  if (bytes === undefined) return "too large to show here";
  try {
    return shown(decoder.decode({ bytes, flags }));
  } catch (error) {
    return messageOf(error);
  }
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : Deno.inspect(value, {
    colors: false,
    compact: true,
    breakLength: Infinity,
    depth: 4,
    iterableLimit: 20,
    strAbbreviateSize: MAX_CHARACTERS,
  });
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
