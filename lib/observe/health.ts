/**
 * The health of a channel: who holds what, what is stale, and why the segment is kept.
 *
 * @module
 */

import { pluralize } from "../base/pluralize.ts";
import { type ChannelKind, parseConfig } from "../segment/format.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { type Hold, type HoldKind, holdsIn } from "./holds.ts";
import { isLocalClosed, localSource } from "./local_watch.ts";
import { INVALID_ISOLATE, type ParticipantReport } from "./participants.ts";
import type { ParticipantInfo } from "./registry.ts";
import { SegmentFile } from "./segment_file.ts";
import { type SegmentSnapshot, takeSnapshot } from "./snapshot.ts";

/** What a participant holds. */
export interface HealthHold {
  /**
   * `"lease"`: messages that a puller took and did not acknowledge. `"view"`: a message that it reads in
   * place. `"loan"`: space that a sender writes into. `"unread request"`: requests of a requester that no
   * replier took yet. `"taken request"`: requests that a replier took and did not reply to.
   * `"unread reply"`: replies that a requester did not read yet.
   */
  readonly what: HoldKind;
  /** Who holds it. */
  readonly holder: ParticipantInfo;
  /** How many it holds. */
  readonly count: number;
  /** When it got the oldest of them. */
  readonly since: Date;
}

/** The health of a channel. */
export interface ChannelHealth {
  /** Channel name. */
  readonly name: string;
  /** What the channel does with a message; `"damaged"` if no socket can open it. */
  readonly kind: ChannelKind | "damaged";
  /** Sockets that are attached. */
  readonly participants: readonly ParticipantInfo[];
  /** Who holds what, and since when. */
  readonly holds: readonly HealthHold[];
  /** Participants that have died. Their entries, and what they hold, are freed when the next one attaches. */
  readonly stale: readonly ParticipantInfo[];
  /** Why the segment is there, as sentences without a full stop; never empty. */
  readonly kept: readonly string[];
  /** What is damaged. */
  readonly damage: readonly string[];
}

/** The health of a channel in a directory; undefined if there is none of this name. */
export function healthOf(directory: string, name: string): ChannelHealth | undefined {
  const file = SegmentFile.find(`${directory}/${name}`);
  if (file === undefined) return undefined;
  using open = file;
  return open.isDeleted() ? undefined : healthIn(name, takeSnapshot(open, directory));
}

/** The health of a local channel; undefined if it is closed, or no socket was opened on it. */
export function localHealthOf(handle: LocalHandle): ChannelHealth | undefined {
  const source = localSource(handle.memory);
  if (isLocalClosed(handle) || "problem" in parseConfig(source)) return undefined;
  const snapshot = takeSnapshot(source);
  const issues = snapshot.issues.filter(({ problem }) => problem !== INVALID_ISOLATE);
  const health = healthIn(handle.name, { ...snapshot, issues });
  return { ...health, kept: ["its handle keeps its memory", ...health.kept.filter(isAboutUse)] };
}

function isAboutUse(reason: string): boolean {
  return !reason.startsWith(NOTHING);
}

/** The health that a snapshot shows. */
export function healthIn(name: string, snapshot: SegmentSnapshot): ChannelHealth {
  const infos = new Map(snapshot.participants.flatMap((one) => {
    const info = infoOf(one);
    return info === undefined ? [] : [[one.index, info] as const];
  }));
  const participants = [...infos.values()];
  return {
    name,
    kind: snapshot.isOpenable ? snapshot.header?.kind as ChannelKind : "damaged",
    participants,
    holds: holdsIn(snapshot).flatMap((hold) => healthHold(hold, infos) ?? []),
    stale: participants.filter(({ alive }) => !alive),
    kept: reasonsIn(snapshot, participants),
    damage: snapshot.issues.map(({ offset, part, problem }) =>
      `byte ${offset}, ${part}: ${problem}`
    ),
  };
}

/** Undefined for a participant that is joining or leaving. Whoever is not known to be dead is alive. */
function infoOf(
  { pid, role, since, alive, label }: ParticipantReport,
): ParticipantInfo | undefined {
  return role && { pid, role, since, alive: alive !== false, label };
}

function healthHold(
  { what, index, count, since }: Hold,
  infos: ReadonlyMap<number, ParticipantInfo>,
): HealthHold | undefined {
  const holder = infos.get(index);
  return holder && { what, holder, count, since };
}

const NOTHING = "nothing keeps it";

/** Why a segment is there, in the order in which that is checked. */
function reasonsIn(
  { isOpenable, header, issues, lanes, leaseTables }: SegmentSnapshot,
  participants: readonly ParticipantInfo[],
): string[] {
  if (!isOpenable) return ["its header is invalid, so that it may hold anything"];
  const alive = participants.filter(({ alive }) => alive).length;
  const waiting = lanes.reduce((total, { pending }) => total + (pending ?? 0), 0);
  const leases = leaseTables.leases.length;
  const isQueue = header?.kind === "queue";
  const reasons = [
    alive > 0 && `${pluralize(alive, "participant")} attached`,
    header?.persistent && "it is persistent",
    isQueue && waiting > 0 && `${pluralize(waiting, "message")} not taken yet`,
    isQueue && leases > 0 && `${pluralize(leases, "message")} not acknowledged yet`,
    issues.length > 0 && "its tables are damaged, so that it may hold messages",
    header?.kind === "journal" && "it is the journal of a backend, and stays while that has data",
  ].filter((reason) => typeof reason === "string");
  return reasons.length > 0 ? reasons : [
    `${NOTHING}: the next program that opens a channel in the directory deletes it`,
  ];
}
