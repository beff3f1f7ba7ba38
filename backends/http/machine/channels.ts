/**
 * Reads the channels of a directory, without taking part in any.
 *
 * @module
 */

import { ShmError } from "../../../lib/base/errors.ts";
import { isTurnDue, takeTurn } from "../../../lib/base/turn.ts";
import { behindIn, fillIn, kindIn, pendingIn, stateIn, sum } from "../../../lib/observe/figures.ts";
import type { ParticipantReport } from "../../../lib/observe/participants.ts";
import { SegmentFile } from "../../../lib/observe/segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "../../../lib/observe/snapshot.ts";
import type { ChannelView, ParticipantView } from "../metrics/machine_view.ts";

/** Reads channels by name. Skips those that are gone, or that may not be read. */
export async function readChannels(
  directory: string,
  names: readonly string[],
): Promise<ChannelView[]> {
  const channels: ChannelView[] = [];
  for (const name of names) {
    const channel = readChannel(directory, name);
    if (channel !== undefined) channels.push(channel);
    if (isTurnDue()) await takeTurn();
  }
  return channels;
}

/** Reads a channel; undefined if it is gone, or may not be read. */
export function readChannel(directory: string, name: string): ChannelView | undefined {
  return readFile(directory, name, (file) => viewOf(name, takeSnapshot(file, directory)));
}

/** What `read` makes of a channel's file; undefined if it is gone, or may not be read. */
export function readFile<R>(
  directory: string,
  name: string,
  read: (file: SegmentFile) => R,
): R | undefined {
  try {
    const file = SegmentFile.find(`${directory}/${name}`);
    if (file === undefined) return undefined;
    using open = file;
    return open.isDeleted() ? undefined : read(open);
  } catch (error) {
    if (error instanceof ShmError) return undefined;
    throw error;
  }
}

function viewOf(name: string, snapshot: SegmentSnapshot): ChannelView {
  const { header, codec, sizeBytes, lanes, leaseTables, latest, participants, issues } = snapshot;
  const sentMessages = sum(lanes, (lane) => lane.messages);
  const pending = header?.kind === "broadcast" ? undefined : pendingIn(lanes);
  return {
    name,
    kind: kindIn(snapshot),
    state: stateIn(snapshot),
    codec: codec ?? "",
    sizeBytes,
    capacityBytes: sum(lanes, (lane) => lane.capacityBytes),
    usedBytes: sum(lanes, (lane) => lane.isIntact ? lane.head - lane.tail : 0),
    fill: fillIn(snapshot),
    sentMessages,
    sentBytes: sum(lanes, (lane) => lane.head),
    takenMessages: pending && sentMessages - pending,
    droppedMessages: Number(header?.dropped ?? 0n),
    lagMessages: behindIn(snapshot),
    unacknowledgedMessages: leaseTables.leases.length,
    keys: latest?.keys,
    missingMessages: sum(snapshot.backlogs, ({ missing }) => missing),
    problem: issues.length === 0 ? undefined : `${issues[0].part}: ${issues[0].problem}`,
    participants: participants.map(participantOf),
  };
}

function participantOf({ role, pid, label, since, alive }: ParticipantReport): ParticipantView {
  return { role: role ?? "?", pid, label, sinceMs: since.getTime(), isAlive: alive !== false };
}
