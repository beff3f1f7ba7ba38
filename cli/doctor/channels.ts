/**
 * The segment directory and what lies in it.
 *
 * @module
 */

import { counted } from "../pluralize.ts";
import { type Finding, findingOf } from "./diagnostic.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { ShmUnsupportedError } from "../../lib/base/errors.ts";
import { platform } from "../../lib/platform/mod.ts";
import { type ChannelInfo, listChannels } from "../../lib/observe/registry.ts";

/** Bits that let others see the names of channels. */
const OTHERS_READ = 0o055;
const TOPIC = "directory";

/** The directory, and whether it can be used: owner, mode, links. */
export function directoryFinding(): { path?: string; finding: Finding } {
  try {
    const path = segmentDirectory(undefined);
    return { path, finding: modeFinding(path, platform().status(path).mode) };
  } catch (error) {
    const level = error instanceof ShmUnsupportedError ? "note" : "failure";
    return { finding: findingOf(TOPIC, level, error) };
  }
}

function modeFinding(path: string, mode: number): Finding {
  const what = `${path} is yours, mode ${mode.toString(8)}`;
  if ((mode & OTHERS_READ) === 0) return { topic: TOPIC, level: "ok", what };
  const remedy = `chmod 700 ${path}`;
  return {
    topic: TOPIC,
    level: "warning",
    what: `${what}: others see the names of channels`,
    remedy,
  };
}

/** Channels that nobody uses any more, and damaged ones. */
export function channelFindings(): Finding[] {
  const channels = listChannels();
  const damaged = channels.filter(({ damage }) => damage !== undefined);
  const left = channels.filter(isLeft);
  const topic = "channels";
  const findings: Finding[] = [
    ...damaged.map(({ name, damage }): Finding => ({
      topic,
      level: "warning",
      what: `${name} is damaged: ${damage}`,
      remedy: "end those who use it, then remove it with `ringbus clean`",
    })),
  ];
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(", ");
    const what = `${counted(left.length, "channel")} without anybody alive: ${names}`;
    findings.push({ topic, level: "note", what, remedy: "`ringbus clean` removes stale ones" });
  }
  if (findings.length === 0) {
    findings.push({
      topic,
      level: "ok",
      what: `${counted(channels.length, "channel")}, none stale`,
    });
  }
  return findings;
}

function isLeft({ participants, persistent, damage }: ChannelInfo): boolean {
  return damage === undefined && !persistent && !participants.some(({ alive }) => alive);
}
