/**
 * Checks of the segment directory and of the channels in it.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { type Diagnostic, diagnosticOf } from "./diagnostic.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { ShmUnsupportedError } from "../../lib/base/errors.ts";
import { platform } from "../../lib/platform/mod.ts";
import { type ChannelHealth, type HealthHold, healthIn } from "../../lib/observe/health.ts";
import {
  type ChannelInfo,
  listChannels,
  type ParticipantInfo,
} from "../../lib/observe/registry.ts";
import { ageText } from "../observe/format.ts";
import { sampleAll } from "../observe/sample.ts";

/** Mode bits that let other users list the names of channels. */
const OTHERS_READ = 0o055;
const TOPIC = "directory";

/** Checks the directory: owner, mode, links. */
export function directoryDiagnostic(): { path?: string; diagnostic: Diagnostic } {
  try {
    const path = segmentDirectory(undefined);
    return { path, diagnostic: modeDiagnostic(path, platform().status(path).mode) };
  } catch (error) {
    const level = error instanceof ShmUnsupportedError ? "note" : "failure";
    return { diagnostic: diagnosticOf(TOPIC, level, error) };
  }
}

function modeDiagnostic(path: string, mode: number): Diagnostic {
  const what = `${path} is yours, mode ${mode.toString(8)}`;
  if ((mode & OTHERS_READ) === 0) return { topic: TOPIC, level: "ok", message: what };
  const remedy =
    "name a directory of mode 700 with RINGBUS_DIR, or remove the rights of others from it";
  return {
    topic: TOPIC,
    level: "warning",
    message: `${what}: other users can list the names of channels`,
    remedy,
  };
}

/** Checks for stale channels and damaged ones. */
export function channelDiagnostics(): Diagnostic[] {
  const channels = listChannels();
  const damages = damagesOf(channels);
  const left = channels.filter((channel) => isLeft(channel) && !damages.has(channel.name));
  const topic = "channels";
  const diagnostics: Diagnostic[] = [
    ...[...damages].map(([name, damage]): Diagnostic => ({
      topic,
      level: "warning",
      message: `${name} is damaged: ${damage}`,
      remedy:
        `look with \`ringbus inspect ${name}\` at what it holds, end the processes that use it, then ` +
        "remove it with `ringbus clean --non-empty`",
    })),
  ];
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(", ");
    const what = `${pluralize(left.length, "channel")} without a live participant: ${names}`;
    diagnostics.push({
      topic,
      level: "note",
      message: what,
      remedy: "`ringbus clean` removes stale ones",
    });
  }
  if (diagnostics.length === 0) {
    diagnostics.push({
      topic,
      level: "ok",
      message: `${pluralize(channels.length, "channel")}, none stale`,
    });
  }
  return diagnostics;
}

/** How long something is held before it is worth a look, in milliseconds. */
const LONG_MS = 60_000;

/** Who holds what and since when, who has died, and why channels without a live participant are kept. */
export function healthDiagnostics(): Diagnostic[] {
  return sampleAll().flatMap(({ name, snapshot }) => {
    const health = healthIn(name, snapshot);
    const isAlive = health.participants.some(({ alive }) => alive);
    return [
      ...health.holds.map((hold) => heldDiagnostic(name, hold)),
      ...health.stale.map((one) => deadDiagnostic(name, one)),
      ...(isAlive ? [] : [keptDiagnostic(name, health)]),
    ];
  });
}

function heldDiagnostic(name: string, { what, holder, count, since }: HealthHold): Diagnostic {
  const things = pluralize(count, what).replace("replys", "replies");
  const held = `${name}: ${whoText(holder)} has ${things} since ${ageText(since, Date.now())}`;
  const isLong = Date.now() - since.getTime() >= LONG_MS;
  return { topic: "held", level: isLong ? "note" : "ok", message: held };
}

function deadDiagnostic(name: string, one: ParticipantInfo): Diagnostic {
  const what = `${name}: ${whoText(one)} has died`;
  const remedy = "the next socket on the channel frees its entry and all that it holds";
  return { topic: "died", level: "note", message: what, remedy };
}

function keptDiagnostic(name: string, { kept }: ChannelHealth): Diagnostic {
  return { topic: "kept", level: "note", message: `${name}: ${kept.join(", ")}` };
}

function whoText({ role, label, pid }: ParticipantInfo): string {
  return `${[role, label].filter((word) => word !== undefined).join(" ")} (process ${pid})`;
}

/** What is wrong with channels that no socket can open, or whose tables are damaged. */
function damagesOf(channels: readonly ChannelInfo[]): Map<string, string> {
  const damages = new Map<string, string>();
  for (const { name, snapshot: { issues } } of sampleAll()) {
    if (issues.length === 0) continue;
    const [{ offset, part, problem }] = issues;
    damages.set(name, `byte ${offset}, ${part}: ${problem}`);
  }
  for (const { name, damage } of channels) if (damage !== undefined) damages.set(name, damage);
  return damages;
}

function isLeft({ participants, persistent, damage }: ChannelInfo): boolean {
  return damage === undefined && !persistent && !participants.some(({ alive }) => alive);
}
