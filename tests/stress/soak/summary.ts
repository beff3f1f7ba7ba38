/**
 * The summary of a soak.
 *
 * @module
 */

import type { Sample, SoakPattern } from "./task.ts";

/** Samples up to this share of the time are warm-up. */
const WARM_UP = 1 / 3;
/** Most bytes by which a million messages may grow the memory of a process. */
export const MAX_BYTES_PER_MILLION = 2_000_000;

/** Descriptors that the runtime opens at times. A leak grows with every message or socket. */
export const SPARE_DESCRIPTORS = 2;

/** The summary of one process. */
export interface SideSummary {
  messages: number;
  missed: number;
  wrong: number;
  /** Resident memory after the warm-up, each time after a collection. */
  rssBytes: { first: number; last: number; most: number };
  /** Growth for each million messages, by a line through the samples; the total growth for fewer. */
  rssBytesPerMillion: number;
  descriptors: { first: number; last: number };
  mappings: { first: number; last: number };
}

/** The summary of one pattern. */
export interface PatternSummary {
  pattern: SoakPattern;
  messagesPerSecond: number;
  sender: SideSummary;
  receiver: SideSummary;
}

/** Sums up the samples of one process. */
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

/** Slope of the line of least squares. */
function slopeOf(points: readonly [x: number, y: number][]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const x = mean(points.map(([x]) => x));
  const y = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const common = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return spread === 0 ? 0 : common / spread;
}

/** The problems of a soak. */
export function problemsOf({ pattern, sender, receiver }: PatternSummary): string[] {
  const problems: string[] = [];
  for (const [side, summary] of Object.entries({ sender, receiver })) {
    const { wrong, descriptors, mappings, rssBytesPerMillion } = summary;
    const report = (what: string) => problems.push(`${pattern}, ${side}: ${what}`);
    if (wrong > 0) report(`${wrong} messages were lost, repeated or out of order`);
    if (descriptors.last > descriptors.first + SPARE_DESCRIPTORS) {
      report(`descriptors grew to ${descriptors.last}`);
    }
    if (mappings.last > mappings.first) report(`mappings grew to ${mappings.last}`);
    if (rssBytesPerMillion > MAX_BYTES_PER_MILLION) {
      report(`memory grew by ${rssBytesPerMillion} bytes for each million messages`);
    }
  }
  return problems;
}
