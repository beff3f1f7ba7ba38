/**
 * What a soak came to.
 *
 * @module
 */

import type { Sample, SoakPattern } from "./task.ts";

/** Samples up to this share of the time are warm-up. */
const WARM_UP = 1 / 3;
/** What a million messages may add to the memory of a process at most, in bytes. */
export const MAX_BYTES_PER_MILLION = 2_000_000;

/** Descriptors that the runtime opens now and then; what leaks does so with every message or socket. */
export const SPARE_DESCRIPTORS = 2;

/** One process over the time. */
export interface SideSummary {
  messages: number;
  missed: number;
  wrong: number;
  /** After the warm-up, after a collection each. */
  rssBytes: { first: number; last: number; most: number };
  /** By a line through the samples, for each million messages; in all, if they were fewer. */
  rssBytesPerMillion: number;
  descriptors: { first: number; last: number };
  mappings: { first: number; last: number };
}

/** One pattern over the time. */
export interface PatternSummary {
  pattern: SoakPattern;
  messagesPerSecond: number;
  sender: SideSummary;
  receiver: SideSummary;
}

/** Sums up what one process reported. */
export function summarizeSide(samples: readonly Sample[]): SideSummary {
  if (samples.length === 0) throw new Error("no process lived long enough for a sample");
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const first = warm[0];
  const last = warm.at(-1)!;
  return {
    messages: last.messages,
    missed: last.missed,
    wrong: last.wrong,
    rssBytes: {
      first: first.rssBytes,
      last: last.rssBytes,
      most: Math.max(...warm.map(({ rssBytes }) => rssBytes)),
    },
    rssBytesPerMillion: Math.round(growthOf(warm)),
    descriptors: { first: first.descriptors, last: last.descriptors },
    mappings: { first: first.mappings, last: last.mappings },
  };
}

function growthOf(samples: readonly Sample[]): number {
  const millions = (samples.at(-1)!.messages - samples[0].messages) / 1e6;
  const slope = slopeOf(samples.map(({ messages, rssBytes }) => [messages / 1e6, rssBytes]));
  return slope * Math.min(1, millions);
}

/** Slope of the line with the least squares. */
function slopeOf(points: readonly [x: number, y: number][]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const x = mean(points.map(([x]) => x));
  const y = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const common = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return spread === 0 ? 0 : common / spread;
}

/** What is not as it should be. */
export function problemsOf({ pattern, sender, receiver }: PatternSummary): string[] {
  const problems: string[] = [];
  for (const [side, summary] of Object.entries({ sender, receiver })) {
    const { wrong, descriptors, mappings, rssBytesPerMillion } = summary;
    const say = (what: string) => problems.push(`${pattern}, ${side}: ${what}`);
    if (wrong > 0) say(`${wrong} messages were lost, doubled or in disorder`);
    if (descriptors.last > descriptors.first + SPARE_DESCRIPTORS) {
      say(`descriptors grew to ${descriptors.last}`);
    }
    if (mappings.last > mappings.first) say(`mappings grew to ${mappings.last}`);
    if (rssBytesPerMillion > MAX_BYTES_PER_MILLION) {
      say(`memory grew by ${rssBytesPerMillion} bytes a million messages`);
    }
  }
  return problems;
}
