/**
 * Snapshots of segments, as text and as JSON.
 *
 * @module
 */

import type { Output } from "../output.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { historyIn } from "../../lib/observe/figures.ts";
import type { BacklogReport } from "../../lib/observe/backlog.ts";
import type { HeaderReport } from "../../lib/observe/header.ts";
import type { Issue } from "../../lib/observe/issue.ts";
import type { ParticipantReport } from "../../lib/observe/participants.ts";
import type { LaneReport, SegmentSnapshot } from "../../lib/observe/snapshot.ts";
import { ageText, codecText, shareText, sizeText } from "./format.ts";

/** Prints a snapshot. */
export function printSnapshot(output: Output, snapshot: SegmentSnapshot): void {
  printHeader(output, snapshot);
  printParticipants(output, snapshot);
  printLanes(output, snapshot.lanes);
  printRequests(output, snapshot);
  printLeases(output, snapshot);
}

/** Prints names and values in two columns. */
export function printFields(output: Output, fields: readonly (readonly [string, string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) {
    output.print(`${output.paint("dim", name.padEnd(width))}  ${value}`);
  }
}

function printHeader(output: Output, snapshot: SegmentSnapshot): void {
  const { header, codec, creator, sizeBytes, geometry } = snapshot;
  if (header === undefined) return;
  printFields(output, [
    ["magic", `${header.magic}, version ${header.version}`],
    ["kind", `${header.kind}${header.persistent ? ", persistent" : ""}`],
    ["codec", codecText(codec)],
    ["status", `${header.status}`],
    ["created", creatorText(creator)],
    ["size", `${sizeText(sizeBytes)}, the first ring ${sizeText(geometry?.capacity ?? 0)}`],
    ["head, tail", `${header.head}, ${header.tail}`],
    ["messages", `${header.messages} sent, ${header.dropped} dropped`],
    ["lanes", `${header.lanes}`],
    ...keptFields(snapshot),
  ]);
}

/** What a channel keeps for those who come later. */
function keptFields(snapshot: SegmentSnapshot): [string, string][] {
  const { latest } = snapshot;
  if (latest !== undefined) {
    const size = `${sizeText(latest.bytes)}, changed ${pluralize(latest.changes, "time")}`;
    return [["latest values", `${pluralize(latest.keys, "key")}, ${size}`]];
  }
  if (snapshot.header?.kind !== "broadcast") return [];
  return [["history", `${pluralize(historyIn(snapshot), "message")} for late subscribers`]];
}

function creatorText(creator: SegmentSnapshot["creator"]): string {
  if (creator === undefined) return "?";
  return `${ageText(creator.since, Date.now())} ago by process ${creator.pid}`;
}

function printParticipants(output: Output, { participants, backlogs }: SegmentSnapshot): void {
  if (participants.length === 0) return;
  output.print("");
  output.table(
    ["PARTICIPANT", "ROLE", "PID", "THREAD", "LABEL", "SINCE", "ALIVE", "LANE", "DOES"],
    participants.map((one) => [
      one.index,
      one.role ?? "?",
      one.pid,
      `${one.thread ?? "?"}`,
      one.label ?? "-",
      ageText(one.since, Date.now()),
      aliveText(output, one.alive),
      `${one.lane ?? "-"}`,
      doingText(one, backlogs.find(({ subscriber }) => subscriber === one.index)),
    ]),
  );
}

/** Whether a participant is alive, for people. */
export function aliveText(output: Output, alive: boolean | undefined): string {
  if (alive === undefined) return "?";
  return alive ? "yes" : output.paint("red", "no");
}

function doingText(one: ParticipantReport, backlog: BacklogReport | undefined): string {
  const does: string[] = [];
  if (one.isWaiting) does.push("sleeps");
  if (one.pin) {
    does.push(`reads in place on lane ${one.pin.lane} for ${ageText(one.pin.since, Date.now())}`);
  }
  if (backlog && backlog.atLeast > 0) {
    does.push(`is ${backlog.atLeast} to ${backlog.atMost} messages behind`);
  }
  if (backlog && backlog.missing > 0) does.push(`has ${backlog.missing} overwritten`);
  return does.join(", ");
}

function printLanes(output: Output, lanes: readonly LaneReport[]): void {
  if (lanes.length === 0) return;
  output.print("");
  output.table(
    ["LANE", "WRITER", "RING", "HEAD", "TAIL", "MESSAGES", "PENDING", "FILL", "LOAN"],
    lanes.map((lane) => [
      lane.index,
      `${lane.owner ?? "-"}`,
      sizeText(lane.capacityBytes),
      lane.head,
      lane.tail,
      lane.messages,
      `${lane.pending ?? "?"}`,
      lane.isIntact ? shareText(lane.fill) : output.paint("red", "damaged"),
      lane.loanSince === undefined ? "-" : ageText(lane.loanSince, Date.now()),
    ]),
  );
}

function printRequests(output: Output, { requests }: SegmentSnapshot): void {
  if (requests.length === 0) return;
  output.print("");
  output.table(
    ["REQUESTER", "SLOT", "STATUS", "REPLIER", "SINCE"],
    requests.map(({ requester, slot, status, replier, since }) => [
      requester,
      slot,
      status,
      `${replier ?? "-"}`,
      ageText(since, Date.now()),
    ]),
  );
}

function printLeases(output: Output, { leaseTables: { slots, leases } }: SegmentSnapshot): void {
  if (slots === 0) return;
  output.print("");
  output.print(
    `${pluralize(leases.length, "message")} not acknowledged, ${pluralize(slots, "slot")}`,
  );
  if (leases.length === 0) return;
  output.table(
    ["STATUS", "PULLER", "DELIVERIES", "LANE", "BYTES", "LEASED"],
    leases.map(({ status, puller, deliveries, lane, bytes, since }) => [
      status,
      puller,
      deliveries,
      lane,
      bytes,
      ageText(since, Date.now()),
    ]),
  );
}

/** Prints the damage. */
export function printIssues(output: Output, issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  output.print("");
  output.print(output.paint("red", pluralize(issues.length, "issue")));
  for (const { offset, part, problem } of issues) {
    output.print(`  byte ${offset}, ${part}: ${problem}`);
  }
}

/** The parts of a snapshot in JSON. Counts are numbers. */
export function snapshotJson(snapshot: SegmentSnapshot): Record<string, unknown> {
  const { header, codec, creator, geometry, ...rest } = snapshot;
  return {
    header: header && withNumbers(header),
    codec,
    creator,
    capacityBytes: geometry?.capacity,
    ...rest,
  };
}

/** A header with its counts as numbers. */
function withNumbers(header: HeaderReport): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(header).map(([key, value]) => [
      key,
      typeof value === "bigint" ? Number(value) : value,
    ]),
  );
}
